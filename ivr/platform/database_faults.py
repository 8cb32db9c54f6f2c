"""Tells what an error of the database means: somebody else holds a row, it is away, its disk is full, it is damaged.

fault_of(error) is DatabaseFault.BUSY      # it is there, and only this one transaction has to be repeated
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError, TimeoutError

from ivr.domain.enums import DatabaseFault

_BUSY, _AWAY, _FULL = DatabaseFault.BUSY, DatabaseFault.AWAY, DatabaseFault.FULL
_DAMAGED, _BEHIND, _INPUT = DatabaseFault.DAMAGED, DatabaseFault.BEHIND, DatabaseFault.INPUT


class Away(SQLAlchemyError):
    """The database did not answer a moment ago, and nobody waits for it again just now."""


class Damaged(Away):
    """The database's file is damaged. Nothing is read from it or written to it until it has been restored."""


#: PostgreSQL's SQLSTATE, or its first two characters (a class of errors).
_STATES: Mapping[str, DatabaseFault] = {
    "55P03": _BUSY,  # lock_timeout
    "40001": _BUSY,  # could not serialise
    "40P01": _BUSY,  # deadlock: the other one has gone on
    "57014": _BUSY,  # statement cancelled
    "53300": _BUSY,  # all connections are taken
    "0A000": _BUSY,  # ids have got another type since the statement was planned; the next time it is planned anew
    "53100": _FULL,
    "58030": _AWAY,  # input or output failed
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
    "42P01": _BEHIND,  # no such table
    "42703": _BEHIND,  # no such column
    "3D000": _AWAY,  # no such database
    "25006": _AWAY,  # read-only: a standby, until it is promoted
    "08": _AWAY,
    "57": _AWAY,
    "28": _AWAY,
}
#: SQLite's primary result codes.
_CODES: Mapping[int, DatabaseFault] = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_INTERRUPT: _BUSY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CONSTRAINT: _INPUT,
    sqlite3.SQLITE_MISMATCH: _INPUT,
    sqlite3.SQLITE_TOOBIG: _INPUT,
}
#: A value that must be unique is there already; a row that is referred to is not.
_CLASHES = ("23505", "23503")
_CLASHES_OF_SQLITE = (
    sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY,
)  # fmt: skip
_NO_SUCH = ("no such table", "no such column", "has no column named")


def fault_of(error: BaseException) -> DatabaseFault:
    """What an error means. INPUT: this one entry does not fit, and the database is well."""
    if isinstance(error, Damaged):
        return _DAMAGED
    if isinstance(error, Away):
        return _AWAY
    if isinstance(error, TimeoutError):  # no connection of the pool, or no turn of a thread, became free in time
        return _BUSY
    if not isinstance(error, DBAPIError):
        return _INPUT
    if error.connection_invalidated:
        return _AWAY
    otherwise = _AWAY if isinstance(error, (OperationalError, InterfaceError)) else _INPUT
    original = error.orig
    if isinstance(original, sqlite3.Error):
        return _of_sqlite(original, otherwise)
    state = getattr(original, "sqlstate", None) or ""
    return _STATES.get(state) or _STATES.get(state[:2]) or otherwise


def is_cut_off(error: sqlite3.Error) -> bool:
    """Whether SQLite's -wal file ends before what stands in it: the rest was written, and is gone."""
    return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_SHORT_READ


def is_clash(error: BaseException) -> bool:
    """Whether somebody else has written the same, or removed what is referred to, at the same moment."""
    if not isinstance(error, IntegrityError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) in _CLASHES_OF_SQLITE
    return getattr(error.orig, "sqlstate", None) in _CLASHES


def _of_sqlite(error: sqlite3.Error, otherwise: DatabaseFault) -> DatabaseFault:
    if any(words in str(error) for words in _NO_SUCH):
        return _BEHIND
    if is_cut_off(error):
        return _DAMAGED
    return _CODES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, otherwise)
