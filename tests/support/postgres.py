"""A PostgreSQL server of the tests' own: started, killed and thrown away by them."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.support import temporary_files
from tests.support.servers import free_port


def _bin(program: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return str(found[-1]) if found else shutil.which(program) or program


class Postgres:
    """A server on a port of its own, with databases for whoever asks."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.data = directory / "data"
        self._log = directory / "log"
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:  # the server refuses to run as root
            for parent in (directory, *directory.parents):
                if parent in (Path("/"), Path("/tmp")):
                    break
                parent.chmod(parent.stat().st_mode | 0o055)
            shutil.chown(directory, "postgres")
        self._initialise()
        self.start()

    def _initialise(self) -> None:
        """Make an empty cluster."""
        self._run([_bin("initdb"), "-D", str(self.data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"])

    def _run(self, command: list[str]) -> None:
        done = subprocess.run([*self.as_postgres(), *command], capture_output=True, text=True, cwd=self.data.parent)
        assert done.returncode == 0, done.stderr

    @staticmethod
    def as_postgres() -> list[str]:
        """What a command begins with, so that it does not run as root."""
        if os.geteuid() != 0:
            return []
        user = pwd.getpwnam("postgres")
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

    def start(self) -> None:
        """Start (again), and wait until it answers."""
        command = [_bin("postgres"), "-D", str(self.data), "-p", str(self.port), "-h", "127.0.0.1", "-k", ""]
        command += ["-c", "max_connections=300", "-c", "shared_buffers=64MB"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.as_postgres(), *command], stdout=log, stderr=log, cwd=self.data.parent, start_new_session=True
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, self._log.read_text()[-2000:]
                time.sleep(0.05)

    @property
    def pid(self) -> int:
        """The server's process, whose children serve its connections."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL to all of its processes."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        deadline = time.monotonic() + 10
        while self._children() and time.monotonic() < deadline:  # each child leads a session of its own
            self._signal_all(signal.SIGKILL)
            time.sleep(0.02)

    def _children(self) -> list[int]:
        import psutil

        found = []
        for process in psutil.process_iter(["pid", "name", "cwd"]):
            if process.info["name"] == "postgres" and process.info["cwd"] == str(self.data):
                found.append(process.info["pid"])
        return found

    def hush(self, silent: bool = True) -> None:
        """Stop all of its processes without closing a connection (or let them go on)."""
        self._signal_all(signal.SIGSTOP if silent else signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in self._children():
            with suppress(ProcessLookupError):  # a session of a moment (autovacuum) has ended meanwhile
                os.kill(pid, number)

    def stop(self) -> None:
        """An orderly end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def url(self, database: str) -> str:
        """The address of a database, as an operator would write it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template0") -> str:
        """The address of a new database."""
        name = f"hotline_{secrets.token_hex(6)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self.url(name)

    def drop(self, url: str) -> None:
        """Throw a database away, whoever is connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')


@contextmanager
def running(*, in_memory: bool = False) -> Iterator[Postgres]:
    """A server for as long as it is needed, in a folder of its own: what pytest keeps of a run is not its business.

    `in_memory`: nothing waits for a disk, where there is room.
    """
    where = temporary_files.directory() if in_memory else None
    with tempfile.TemporaryDirectory(prefix="hotline-postgres-", dir=where, ignore_cleanup_errors=True) as folder:
        server = Postgres(Path(folder) / "cluster")
        try:
            yield server
        finally:
            server.stop()
