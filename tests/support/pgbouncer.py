"""PgBouncer in transaction mode before a PostgreSQL server, as an operator configures it (docs/operators.md)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import Postgres
from tests.support.servers import free_port

#: Connections of the server for each database, fewer than the processes of one host open.
SERVER_CONNECTIONS = 4
_CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
query_wait_timeout = 2
max_client_conn = 500
"""


class Bouncer:
    """One PgBouncer; addresses of databases lead through it."""

    def __init__(self, folder: Path, server: Postgres) -> None:
        self._server, self.port = server, free_port()
        self._log, configuration = folder / "log", folder / "pgbouncer.ini"
        configuration.write_text(
            _CONFIGURATION.format(server=server.port, port=self.port, connections=SERVER_CONNECTIONS)
        )
        if os.geteuid() == 0:  # it refuses to run as root
            for path in (folder, configuration):
                shutil.chown(path, "postgres")
        command = [*server.as_postgres(), "/usr/sbin/pgbouncer", str(configuration)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        self._await()

    def _await(self) -> None:
        deadline = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < deadline and self._process.poll() is None, self._log.read_text()
                time.sleep(0.05)

    def url(self, url: str) -> str:
        """The address of a database of the server, through PgBouncer."""
        return url.replace(f":{self._server.port}/", f":{self.port}/")

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(15)


@contextmanager
def running(server: Postgres) -> Iterator[Bouncer]:
    """PgBouncer for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="hotline-pgbouncer-", ignore_cleanup_errors=True) as folder:
        bouncer = Bouncer(Path(folder), server)
        try:
            yield bouncer
        finally:
            bouncer.stop()
