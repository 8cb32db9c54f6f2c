"""The database: one engine per process, short sessions, SQLite or PostgreSQL.

    with database.reading() as session: ...
    with database.writing() as session: ...   # commits at the end

A session is never held across the carrier, Redis or Vosk: read, leave, act, write.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import Connection
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
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@lru_cache(maxsize=1)
def engine() -> Engine:
    """This process's engine."""
    return connect(settings().database)


@contextmanager
def reading() -> Iterator[Session]:
    """A session for reading; whatever it would change is rolled back."""
    with Session(engine(), expire_on_commit=False) as session:
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """A session that commits when the block ends, then hands the work written in it to the queue."""
    with Session(engine().execution_options(writing=True), expire_on_commit=False) as session:
        with session.begin():
            yield session
        outbox.dispatch(session)


def forget_connections() -> None:
    """Drop connections inherited through fork; the child opens its own."""
    engine().dispose(close=False)
