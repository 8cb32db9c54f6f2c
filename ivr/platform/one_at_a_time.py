"""What one process of all that share the database does at a time; the others wait for it, also for one that was killed.

with one_at_a_time.alone("migrating", NUMBER, patience): ...
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, make_url, text

from ivr.platform import database, private_files

log = logging.getLogger(__name__)

#: Seconds for which a process waits for another one.
PATIENCE = 900.0
_PAUSE = 0.1


class TooLong(Exception):
    """Another process has been doing it all the time; says for how many seconds it was waited for."""


@contextmanager
def alone(name: str, number: int, patience: float = PATIENCE) -> Iterator[None]:
    """Do what `name` says while no other process does it: a lock beside SQLite's file, or PostgreSQL's of a `number`.

    Raises:
        TooLong: another process has held it all the time.
    """
    shared = database.engine()
    sqlite = shared.dialect.name == "sqlite"
    with _file_lock(shared, name, patience) if sqlite else _advisory_lock(shared, name, number, patience):
        yield


def _wait(taken: Callable[[], bool], name: str, patience: float) -> None:
    begun, told = time.monotonic(), False
    while not taken():
        waited = time.monotonic() - begun
        if waited > patience:
            raise TooLong(f"{waited:.0f}")
        if waited > 1.0 and not told:
            told = True
            log.warning("another process is %s the database: waiting for it", name)
        time.sleep(_PAUSE)


@contextmanager
def _file_lock(shared: Engine, name: str, patience: float) -> Iterator[None]:
    path = Path(f"{make_url(str(shared.url)).database}.{name}")
    private_files.make_directory(path.parent)
    private_files.make_file(path)
    with path.open("r+") as file:

        def taken() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        _wait(taken, name, patience)
        yield


@contextmanager
def _advisory_lock(shared: Engine, name: str, number: int, patience: float) -> Iterator[None]:
    # A transaction of its own that does nothing else: the lock ends with it, even if this process is killed, and a
    # pooler leaves it on one connection of the server.
    with shared.connect() as connection:
        connection.detach()  # closed at the end, not kept in a pool that a migration throws away
        asked = text("SELECT pg_try_advisory_xact_lock(:number)")
        _wait(lambda: bool(connection.scalar(asked, {"number": number})), name, patience)
        yield
