"""The database: one engine per process, short sessions, SQLite or PostgreSQL.

    with database.reading() as session: ...
    with database.writing() as session: ...   # commits at the end

A session is never held across the carrier, Redis or Vosk: read, leave, act, write.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError, TimeoutError
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain.enums import DatabaseUser
from ivr.platform import connection_pools, database_damage, kept_plans, live_events, outbox, private_files, read_only
from ivr.platform.column_types import UnknownStoredValue
from ivr.platform.database_faults import Away as Away
from ivr.platform.database_patience import Patience
from ivr.platform.fair_lock import FairLock

_patience = Patience()
_user = DatabaseUser.COMMAND
_only_looks = False
#: Seconds that a write of live calls waits for its turn at least. A webhook has four until the carrier asks again.
_TURN_SECONDS = 3.0
#: Seconds between two looks at whether SQLite's file is whole.
_EXAMINE_EVERY = 10.0


def serve(user: DatabaseUser) -> None:
    """Say what this process is: from now on it opens its share of the host's connections, and counts as running."""
    global _user
    _user = user
    close()
    connection_pools.begin(user)


def be_quick(user: DatabaseUser) -> None:
    """This process answers callers.

    Wait little, after a failure do not ask for a second, and keep an eye on whether the database answers at all (a
    server may take a connection and stay silent). Call it before the first connection.
    """
    serve(user)
    _patience.seconds, _patience.pause = 1.2, 1.0
    threading.Thread(target=_look, name="database", daemon=True).start()


def _look() -> None:
    examined, watched = 0.0, engine()
    if watched.dialect.name != "sqlite":  # all others may be in use, which says nothing of the database
        watched = connection_pools.open_watcher(settings().database, _patience)
    while True:
        if time.monotonic() - examined > _EXAMINE_EVERY:
            database_damage.look_again()
            examined = time.monotonic()
        _patience.looking_since = time.monotonic()
        try:
            with watched.connect() as connection:
                if watched.dialect.name == "sqlite":
                    connection.exec_driver_sql("SELECT 1")
                else:
                    kept_plans.plans.found(connection.exec_driver_sql(kept_plans.LOOK).scalar())
            _patience.answered()
        except SQLAlchemyError as error:
            _patience.looking_since = None
            _patience.failed(error, writing=False)
        time.sleep(0.5)


def connect(url: str) -> Engine:
    """An engine for `url`, set up for many short transactions from several processes."""
    if make_url(url).get_backend_name() != "sqlite":
        return connection_pools.open_postgresql(url, _user, _patience)
    path = make_url(url).database
    if path and not _only_looks:
        _make_private(Path(path))
    engine = create_engine(
        url,
        connect_args={"timeout": _patience.seconds},
        pool_size=10,
        max_overflow=20,
        pool_timeout=_patience.seconds,
        hide_parameters=True,
    )
    if path and _only_looks:
        event.listen(engine, "do_connect", lambda *_: _require(Path(path)))
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    read_only.give_up_if_read_only(engine)
    return engine


def _make_private(path: Path) -> None:
    """The file of an SQLite database is for this user alone; SQLite gives the files beside it the same mode."""
    private_files.make_directory(path.parent)
    with suppress(OSError):  # connecting will say what is wrong
        private_files.make_file(path)


def _require(path: Path) -> None:
    if not path.exists():
        raise sqlite3.OperationalError(f"there is no file {path}")


@contextmanager
def looking() -> Iterator[None]:
    """Meanwhile no database is made: who only looks must not leave a file of another user."""
    global _only_looks
    close()
    _only_looks = True
    try:
        yield
    finally:
        _only_looks = False
        close()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={int(_patience.seconds * 1000)}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A reader that later writes cannot wait for another writer (SQLITE_BUSY at once), so a writing
    # transaction takes its place in the line when it begins.
    options = connection.get_execution_options()
    if options.get("glancing", False):
        return
    writing = options.get("writing", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writing else 'ON'}")
    if not writing:
        connection.exec_driver_sql("BEGIN")
        return
    waits = options.get("waits", _patience.seconds)
    if connection.info.get("waits", _patience.seconds) != waits:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(waits * 1000)}")
    connection.info["waits"] = waits
    # What may be lost with the machine's power (not with a process) need not wait for the disk.
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get('durable', True) else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


_engine: Engine | None = None
_opening = threading.Lock()


def engine() -> Engine:
    """This process's engine: one for all threads, however many ask for it first."""
    global _engine
    if (known := _engine) is None:
        with _opening:
            if (known := _engine) is None:
                _engine = known = connect(settings().database)
    return known


def close() -> None:
    """Close the connections. Who asks next opens others, to the database that the settings name then."""
    global _engine
    closed, _engine = _engine, None
    if closed is not None:
        closed.dispose()


def _open_anew() -> None:
    if _engine is not None:
        _engine.dispose()


database_damage.on_other_file = _open_anew


@lru_cache(maxsize=4)
def _writing_engine(shared: Engine, durable: bool) -> Engine:
    return shared.execution_options(writing=True, durable=durable)


@contextmanager
def reading() -> Iterator[Session]:
    """A session for reading: both databases refuse what would change something."""
    with _watched(writing=False), Session(kept_plans.for_reading(engine()), expire_on_commit=False) as session:
        yield session


@contextmanager
def glancing() -> Iterator[Connection]:
    """A bare connection for one short SELECT that a caller waits for.

    Nothing is begun or rolled back around it, so it takes a third of what :func:`reading` takes.
    """
    with _watched(writing=False), _glancing_engine(engine()).connect() as connection:
        yield connection


@lru_cache(maxsize=4)
def _glancing_engine(shared: Engine) -> Engine:
    if shared.dialect.name == "sqlite":
        return shared.execution_options(glancing=True)
    return shared.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def one_instant() -> Iterator[Session]:
    """A session for reading all as it was at one instant, while others go on writing."""
    options: dict[str, Any] = {}
    if engine().dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with (
        _watched(writing=False),
        engine().connect().execution_options(**options) as connection,
        Session(connection, expire_on_commit=False) as session,
    ):
        yield session


@contextmanager
def _watched(*, writing: bool) -> Iterator[None]:
    database_damage.check()
    _patience.check(writing)
    if _patience.crowded_until:
        connection_pools.refuse_in_a_crowd(engine(), _patience)
    try:
        yield
    except UnknownStoredValue as error:
        with suppress(SQLAlchemyError), engine().connect() as connection:
            error.look_up(connection)
        raise
    except SQLAlchemyError as error:
        _patience.failed(error, writing)
        raise


#: SQLite lets writers wait by sleeping longer and longer; the threads of one process queue here instead. With
#: PostgreSQL only those queue here that write alone: of each process one waits on a connection, the others without.
_turn = FairLock()


@contextmanager
def _in_turn(shared: Engine, seconds: float = 0.0, *, alone: bool = False) -> Iterator[None]:
    if shared.dialect.name != "sqlite" and not alone:
        yield
        return
    turn = _turn
    if not turn.acquire(seconds or _patience.seconds):
        raise TimeoutError("the database is busy")
    try:
        yield
    finally:
        turn.release()


_NOT_DURABLE = text("SET LOCAL synchronous_commit = off")
#: Of a transaction that others wait for.
_SHORT_WAIT = text("SET LOCAL lock_timeout = '100ms'")


@contextmanager
def noting(*, waits_for_rows: bool = True) -> Iterator[Connection]:
    """A bare connection for a few short statements no promise hangs on.

    Safe from crashes of ours, not from a power cut, and several times as quick as :func:`writing`. Commits when the
    block ends. Without `waits_for_rows` a row that somebody else holds is an error after a tenth of a second: of many
    rows in one transaction, those that are locked already would be held up too.
    """
    with _watched(writing=True), _in_turn(engine()), _writing_engine(engine(), False).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(_NOT_DURABLE)
            if not waits_for_rows:
                connection.execute(_SHORT_WAIT)
        yield connection


#: Number of PostgreSQL's advisory lock for :func:`writing_alone`.
_ALONE = 4211782666
_TAKE_TURN = text("SELECT set_config('lock_timeout', :wait, true), pg_advisory_xact_lock(:number)")


@contextmanager
def writing(*, durable: bool = True) -> Iterator[Session]:
    """A session that commits when the block ends, then hands the work written in it to the queue.

    What is not `durable` does not wait for the disk: it is safe from crashes of ours, but a power cut may undo it.
    """
    with _session(_writing_engine(engine(), durable), _patience.seconds) as session:
        if not durable and session.get_bind().dialect.name == "postgresql":
            session.execute(_NOT_DURABLE)
        yield session


@contextmanager
def writing_alone(*, waits_for_rows: bool = True) -> Iterator[Session]:
    """Like :func:`writing`, and of all that write so, in whatever process, one at a time.

    For live calls, where what happens to a line, its members and their conversations hangs together. Each waits for its
    turn for :data:`_TURN_SECONDS` even in a process that is quick otherwise: eight callers at one instant are no
    outage. SQLite has one writer anyway. Without `waits_for_rows` a row that somebody else holds is an error after a
    tenth of a second, so that one row does not hold up all that write alone.
    """
    seconds = max(_TURN_SECONDS, _patience.seconds)
    with _session(_waiting_engine(engine(), seconds), seconds, alone=True) as session:
        if session.get_bind().dialect.name == "postgresql":
            wait = f"{int(seconds * 1000)}ms" if _patience.pause else "0"  # 0: without limit, as workers wait
            session.execute(_TAKE_TURN, {"wait": wait, "number": _ALONE})
            if not waits_for_rows:
                session.execute(_SHORT_WAIT)
        yield session


@contextmanager
def _session(target: Engine, seconds: float, *, alone: bool = False) -> Iterator[Session]:
    with Session(target, expire_on_commit=False) as session:
        with _watched(writing=True), _in_turn(engine(), seconds, alone=alone), session.begin():
            yield session
        outbox.dispatch(session)
        live_events.dispatch(session)


@lru_cache(maxsize=4)
def _waiting_engine(shared: Engine, seconds: float) -> Engine:
    return shared.execution_options(writing=True, durable=True, waits=seconds)


def forget_connections() -> None:
    """Drop connections inherited through fork; the child opens its own."""
    global _turn
    _turn = FairLock()
    engine().dispose(close=False)
