"""The database: one engine per process, short sessions, SQLite or PostgreSQL.

    with database.reading() as session: ...
    with database.writing() as session: ...   # commits at the end

A session is never held across the carrier, Redis or Vosk: read, leave, act, write.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import TimeoutError
from sqlalchemy.orm import Session

from ivr import outbox
from ivr.configuration import settings

#: Seconds to wait for a lock or a connection: a webhook has 15 s in all, and must have time to go on without.
_PATIENCE = 4


def connect(url: str) -> Engine:
    """An engine for `url`, set up for many short transactions from several processes."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, pool_timeout=_PATIENCE)
    if path := make_url(url).database:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url, connect_args={"timeout": _PATIENCE}, pool_size=10, max_overflow=20, pool_timeout=_PATIENCE
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_sqlite
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_PATIENCE * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A reader that later writes cannot wait for another writer (SQLITE_BUSY at once), so a writing
    # transaction takes its place in the line when it begins.
    options = connection.get_execution_options()
    if not options.get("writing", False):
        connection.exec_driver_sql("BEGIN")
        return
    # What may be lost with the machine's power (not with a process) need not wait for the disk.
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get('durable', True) else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@lru_cache(maxsize=1)
def engine() -> Engine:
    """This process's engine."""
    return connect(settings().database)


@lru_cache(maxsize=4)
def _writing_engine(shared: Engine, durable: bool) -> Engine:
    return shared.execution_options(writing=True, durable=durable)


@contextmanager
def reading() -> Iterator[Session]:
    """A session for reading; whatever it would change is rolled back."""
    with Session(engine(), expire_on_commit=False) as session:
        yield session


#: SQLite lets writers wait by sleeping longer and longer; the threads of one process queue here instead.
_turn = threading.Lock()


@contextmanager
def _in_turn(shared: Engine) -> Iterator[None]:
    if shared.dialect.name != "sqlite":
        yield
        return
    if not _turn.acquire(timeout=_PATIENCE):
        raise TimeoutError("the database is busy")
    try:
        yield
    finally:
        _turn.release()


@contextmanager
def noting() -> Iterator[Connection]:
    """A bare connection for a few short statements no promise hangs on: safe from crashes of ours, not from a
    power cut, and several times as quick as :func:`writing`. Commits when the block ends."""
    with _in_turn(engine()), _writing_engine(engine(), False).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL synchronous_commit = off"))
        yield connection


#: Number of PostgreSQL's advisory lock for :func:`writing_alone`.
_ALONE = 4211782666


@contextmanager
def writing() -> Iterator[Session]:
    """A session that commits when the block ends, then hands the work written in it to the queue."""
    with Session(_writing_engine(engine(), True), expire_on_commit=False) as session:
        with _in_turn(engine()), session.begin():
            yield session
        outbox.dispatch(session)


@contextmanager
def writing_alone() -> Iterator[Session]:
    """Like :func:`writing`, and of all that write so, in whatever process, one at a time: for live calls, where what
    happens to a line, its members and their conversations hangs together. SQLite has one writer anyway."""
    with writing() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ALONE})
        yield session


def forget_connections() -> None:
    """Drop connections inherited through fork; the child opens its own."""
    global _turn
    _turn = threading.Lock()
    engine().dispose(close=False)
