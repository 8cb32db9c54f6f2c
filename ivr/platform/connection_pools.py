"""How many connections to PostgreSQL each process opens: those of a host together never more than the settings say.

A process that answers callers has some for its threads and one with which it watches whether the database answers.
Each process that runs jobs for callers has one. All that decode speech, and the parent of the workers, borrow from a
few that the host has for them; a file of each is locked by whoever has it, and the kernel frees it when a process
dies. A command by hand comes on top, for as long as it runs.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, QueuePool, create_engine, event, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError, TimeoutError

from ivr.config.settings import settings
from ivr.domain.enums import DatabaseUser
from ivr.platform import kept_plans, private_files, read_only, running
from ivr.platform.database_patience import Patience

#: Processes of a host that answer requests, of each kind (`Procfile`); that place and change calls (two, so that a slow
#: answer of the carrier does not delay other calls); and that run general jobs.
ANSWERING, CALLING, GENERAL = 2, 2, 1
#: Threads of the scheduler that use the database at one time: deletion by night, and everything else.
_SCHEDULER = 2
#: Connections of a command by hand.
_COMMAND = 5
#: What each process has whatever the settings say, the watchers among them.
_FIXED = CALLING + GENERAL + _SCHEDULER + 2 * ANSWERING
#: The least for a host: one for each process.
LEAST = _FIXED + 2 * ANSWERING + 1
#: The share of `voice` of what is left, and one in so many is for decoding.
_CALLERS, _DECODING = 0.6, 11
#: A connection that came back so many seconds ago is taken again without a question.
_FRESH = 1.0
_PAUSE = 0.005


@dataclass(frozen=True)
class Share:
    """Connections of one process of each kind, watchers not counted; of all that decode together."""

    voice: int
    web: int
    decoding: int

    @property
    def in_all(self) -> int:
        """The most that a host opens."""
        return _FIXED + ANSWERING * (self.voice + self.web) + self.decoding


def share_of(connections: int) -> Share:
    """How the connections of a host are shared."""
    rest = connections - _FIXED
    decoding = max(1, rest // _DECODING)
    answering = (rest - decoding) // ANSWERING
    voice = max(1, round(answering * _CALLERS))
    return Share(voice, max(1, answering - voice), decoding)


def _size(user: DatabaseUser) -> int:
    share = share_of(settings().database_connections)
    sizes: Mapping[DatabaseUser, int] = {
        DatabaseUser.VOICE: share.voice,
        DatabaseUser.WEB: share.web,
        DatabaseUser.JOBS: 1,
        DatabaseUser.SCHEDULER: _SCHEDULER,
        DatabaseUser.COMMAND: _COMMAND,
    }
    return sizes[user]


def begin(user: DatabaseUser) -> None:
    """A process begins that uses the database so: it counts as running until it ends, as its sessions say by a name."""
    running.begin_as(user)


def open_postgresql(url: str, user: DatabaseUser, patience: Patience) -> Engine:
    """An engine for one process; who finds all its connections in use waits as long as the process is patient."""
    named = {**_connect_args(patience), "application_name": running.session_name(user)}
    given: dict[str, Any] = {"connect_args": named, "hide_parameters": True}
    if user == DatabaseUser.DECODING:
        engine = create_engine(url, poolclass=NullPool, **given)
        _Borrowed(patience).lend(engine)
    else:
        size = _size(user)
        engine = create_engine(url, pool_size=size, max_overflow=0, pool_timeout=patience.seconds, **given)
        _ask_if_in_doubt(engine, patience, is_watched=user in (DatabaseUser.VOICE, DatabaseUser.WEB))
    _limit_waiting(engine, patience)
    read_only.give_up_if_read_only(engine)
    kept_plans.keep(engine)
    return engine


def open_watcher(url: str, patience: Patience) -> Engine:
    """An engine with one connection, for whoever watches whether the database answers however busy the others are."""
    given = {"connect_args": _connect_args(patience), "hide_parameters": True}
    return create_engine(url, pool_size=1, max_overflow=0, isolation_level="AUTOCOMMIT", **given)


def refuse_in_a_crowd(engine: Engine, patience: Patience) -> None:
    """Let nobody wait for a connection where somebody has just waited in vain: a webhook asks for several in turn.

    Raises:
        TimeoutError: all connections of this process are in use.
    """
    if time.monotonic() > patience.crowded_until or engine.dialect.name == "sqlite":
        return
    if isinstance(pool := engine.pool, QueuePool) and pool.checkedout() >= pool.size():
        raise TimeoutError("no connection to the database is free, nor was a moment ago")


def is_pooled(connection: Connection) -> bool:
    """Whether something stands between this process and PostgreSQL that numbers connections in its own way."""
    own = connection.connection.dbapi_connection
    return own is not None and own.info.backend_pid != connection.scalar(text("SELECT pg_backend_pid()"))


def _connect_args(patience: Patience) -> dict[str, Any]:
    limits: dict[str, Any] = {
        "connect_timeout": 2,
        "tcp_user_timeout": 5000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
    }
    if settings().database_pooler:  # the next transaction may be on another connection of the server
        return {**limits, "prepare_threshold": None}
    if patience.pause:
        return {**limits, "options": f"-c lock_timeout={_milliseconds(patience)}"}
    return limits


def _milliseconds(patience: Patience) -> int:
    return int(patience.seconds * 1000)


def _limit_waiting(engine: Engine, patience: Patience) -> None:
    """Behind a pooler each transaction says for itself how long it waits for a row."""
    if not settings().database_pooler or not patience.pause:
        return
    limit = f"SET LOCAL lock_timeout = {_milliseconds(patience)}"

    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(limit)

    event.listen(engine, "begin", begin)


def _ask_if_in_doubt(engine: Engine, patience: Patience, *, is_watched: bool) -> None:
    """Ask a connection that has rested whether it still works, unless the watcher knows that the database is there."""
    keeps_plans, plans = not settings().database_pooler, kept_plans.plans

    def came_back(_connection: Any, record: Any) -> None:
        record.info["returned"] = time.monotonic()

    def is_taken(connection: Any, record: Any, _fairy: Any) -> None:
        now = time.monotonic()
        returned = record.info.get("returned", now)  # a new connection has none
        is_known = returned > patience.failed_at and (patience.is_there() or now - returned < _FRESH)
        try:
            if keeps_plans and not is_watched and now - plans.looked_at > kept_plans.LOOK_EVERY:
                plans.look(connection)
            elif not is_known:
                engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            raise InvalidatePoolError from None  # all that are as old as it are opened anew
        if keeps_plans and not plans.may_be_used(connection):
            raise DisconnectionError

    event.listen(engine, "checkin", came_back)
    event.listen(engine, "checkout", is_taken)


class _Borrowed:
    """The connections that all processes of this host share that decode speech: each is opened for one session."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._taken: dict[int, int] = {}

    def lend(self, engine: Engine) -> None:
        """Let an engine without a pool open no connection but in a place of the host."""

        def connect(dialect: Any, _record: Any, given: Any, named: Any) -> Any:
            place = self._take()
            try:
                connection = dialect.connect(*given, **named)
            except BaseException:
                os.close(place)
                raise
            self._taken[id(connection)] = place
            return connection

        def is_closed(connection: Any, *_record: Any) -> None:
            if (place := self._taken.pop(id(connection), None)) is not None:
                os.close(place)

        event.listen(engine, "do_connect", connect)
        for how in ("close", "close_detached"):
            event.listen(engine, how, is_closed)

    def _take(self) -> int:
        """The file descriptor of a place that nobody has.

        Raises:
            TimeoutError: none became free in time.
        """
        until = time.monotonic() + self._patience.seconds
        while True:
            for place in self._places():
                if (taken := _lock(place)) is not None:
                    return taken
            if time.monotonic() > until:
                raise TimeoutError("no connection to the database became free")
            time.sleep(_PAUSE)

    @staticmethod
    def _places() -> list[Path]:
        folder = settings().var_dir / "connections"
        return [folder / str(number) for number in range(share_of(settings().database_connections).decoding)]


def _lock(place: Path) -> int | None:
    if not place.exists():
        private_files.make_directory(place.parent)
        private_files.make_file(place)
    file = os.open(place, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file
