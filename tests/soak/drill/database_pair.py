"""A PostgreSQL primary, and the streaming replica that takes its place."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import psycopg

from tests.support.postgres import Postgres, _bin


class Replica(Postgres):
    """A server that begins as a copy of another one and follows it."""

    def __init__(self, directory: Path, primary: Postgres) -> None:
        self._primary = primary
        super().__init__(directory)

    def _initialise(self) -> None:
        source = f"host=127.0.0.1 port={self._primary.port} user=postgres application_name=replica"
        command = [_bin("pg_basebackup"), "-D", str(self.data), "-d", source, "-R", "-X", "stream", "-c", "fast"]
        self._run([*command, "--no-sync"])

    def promote(self) -> None:
        """It is the primary from now on."""
        with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=5) as connection:
            connection.execute("SELECT pg_promote(true, 30)")


class DatabasePair:
    """What `DATABASE_URL` names: two servers, of which one takes writes. What is committed is on both."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self.primary: Postgres = Postgres(folder / "cluster-0")
        self.replica = self._copy()
        self.name = self.primary.new_database().rpartition("/")[2]

    def _copy(self) -> Replica:
        self._count += 1
        replica = Replica(self._folder / f"cluster-{self._count}", self.primary)
        self._wait_for_each_other("replica")
        return replica

    def _wait_for_each_other(self, names: str) -> None:
        with psycopg.connect(self.primary.url("postgres"), autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
            connection.execute("SELECT pg_reload_conf()")
            deadline = time.monotonic() + 30
            while (
                names
                and not connection.execute(
                    "SELECT 1 FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')"
                ).fetchone()
            ):
                assert time.monotonic() < deadline, "the replica does not follow"
                time.sleep(0.1)

    @property
    def url(self) -> str:
        """The address of the database, as an operator writes it for two servers."""
        return f"postgresql://postgres@127.0.0.1:{self.primary.port},127.0.0.1:{self.replica.port}/{self.name}"

    def empty(self) -> None:
        """The database is gone; an empty one has its name."""
        with psycopg.connect(self.primary.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{self.name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{self.name}" TEMPLATE template0')

    def take_over(self) -> None:
        """The replica becomes the primary; nobody follows it yet, so it waits for nobody."""
        self.replica.promote()

    def heal(self) -> None:
        """After a promotion: the lost server comes back empty, on its former port, and follows the new primary."""
        lost, self.primary = self.primary, self.replica
        lost.stop()
        self._count += 1
        self.replica = _Returning(self._folder / f"cluster-{self._count}", self.primary, lost.port)
        self._wait_for_each_other("replica")

    def stop(self) -> None:
        """An orderly end; the primary would wait for a replica that is gone."""
        for server in (self.primary, self.replica):
            try:
                server.stop()
            except subprocess.SubprocessError:
                server.kill()


class _Returning(Replica):
    def __init__(self, directory: Path, primary: Postgres, port: int) -> None:
        self._former_port = port
        super().__init__(directory, primary)

    def _initialise(self) -> None:
        self.port = self._former_port
        super()._initialise()
