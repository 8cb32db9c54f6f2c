"""Gives up connections that can only read: those of SQLite stay so after the file may be written again.

SQLite opens a file that it may not write for reading alone, and never tries again. A file that belonged to another user
for a moment, or a disk that was mounted read-only after errors, would be read-only until the processes are restarted.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

#: PostgreSQL's SQLSTATE: the server has become a replica. Another one may be named, which a new connection finds.
_OF_POSTGRESQL = "25006"


def give_up_if_read_only(engine: Engine) -> None:
    """Let an error that says so close the connections of an engine; the next ones are opened anew."""
    event.listen(engine, "handle_error", _look_at)


def _look_at(context: ExceptionContext) -> None:
    error = context.original_exception
    if isinstance(error, sqlite3.Error):
        is_read_only = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY
    else:
        is_read_only = getattr(error, "sqlstate", None) == _OF_POSTGRESQL
    if is_read_only:
        context.is_disconnect = True
