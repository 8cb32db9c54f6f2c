"""Read by every Python process with this directory in PYTHONPATH: files refuse what is written while a marker exists.

The file named by FULL_DISK is the marker. Refused are what :func:`os.write` gets for a file, files opened to be
written, and SQLite's writing statements (error code 13, FULL); no space is shown as free.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
import sqlite3
import sqlite3.dbapi2
import stat
from typing import Any

_MARKER = os.environ.get("FULL_DISK", "")
_WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "COMMIT")


def _is_full() -> bool:
    return bool(_MARKER) and os.path.exists(_MARKER)  # noqa: PTH110 - as cheap as can be


def _refuse() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


_write, _open, _fdopen, _usage, _connect = os.write, io.open, os.fdopen, shutil.disk_usage, sqlite3.connect


def _writing(handle: int, data: Any) -> int:
    if _is_full() and stat.S_ISREG(os.fstat(handle).st_mode):
        _refuse()
    return _write(handle, data)


def _opening(file: Any, mode: str = "r", *args: Any, **named: Any) -> Any:
    if set(mode) & set("wax+") and not str(file).startswith("/dev/") and _is_full():
        _refuse()
    return _open(file, mode, *args, **named)


def _opening_handle(handle: int, mode: str = "r", *args: Any, **named: Any) -> Any:
    if set(mode) & set("wax+") and _is_full() and stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        _refuse()
    return _fdopen(handle, mode, *args, **named)


def _free(path: Any) -> Any:
    usage = _usage(path)
    return usage._replace(free=0) if _is_full() else usage


class _Cursor(sqlite3.Cursor):
    def execute(self, statement: str, *values: Any) -> Any:
        if statement.lstrip().upper().startswith(_WRITES) and _is_full():
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_FULL, "SQLITE_FULL"
            raise error
        return super().execute(statement, *values)


class _Connection(sqlite3.Connection):
    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)


def _connecting(*args: Any, **named: Any) -> Any:
    named.setdefault("factory", _Connection)
    return _connect(*args, **named)


if _MARKER:
    os.write, os.fdopen, shutil.disk_usage = _writing, _opening_handle, _free
    builtins.open = io.open = _opening
    sqlite3.connect = sqlite3.dbapi2.connect = _connecting
