"""Writes facts about calls a little later: the step, the language, the concern. Callers do not wait for the database.

A process collects writes and executes them some tens of milliseconds later, so that no key press waits for the
database. Whatever is promised to callers is written at once instead (see :mod:`ivr.callbacks.intake`), and so is the
end of a call. Writes are lost if their process dies, or if the database does not answer.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from ivr.platform import database

log = logging.getLogger(__name__)

Write = Callable[[Connection], None]
#: Writes rows with one statement. Sorts them by their key, so that two processes lock them in the same order.
WriteRows = Callable[[Connection, Sequence[Any]], None]
#: Seconds for which writes are collected.
_COLLECT_SECONDS = 0.05
#: The highest number of pending writes. There are more only if the database is too slow for the calls.
_MOST_PENDING = 10_000

#: The highest number of rows in one transaction, which holds other writers up for some milliseconds.
_MOST_ROWS = 200

_pending: list[Write | tuple[WriteRows, Any]] = []
_pending_lock = threading.Lock()
_has_pending = threading.Event()
_writing = threading.Lock()
_writer: tuple[int, threading.Thread] | None = None


def write_soon(write: Write) -> None:
    """Execute a write within some tens of milliseconds."""
    _take(write)


def write_row_soon(write_rows: WriteRows, row: Any) -> None:
    """Write a row within some tens of milliseconds, together with the rows that others hand over for `write_rows`."""
    _take((write_rows, row))


def _take(write: Write | tuple[WriteRows, Any]) -> None:
    with _pending_lock:
        if len(_pending) >= _MOST_PENDING:
            log.warning("a write about a call was dropped: the database is too slow")
            return
        _pending.append(write)
        if _writer is None or _writer[0] != os.getpid():  # threads do not survive a fork
            _start()
    if not _has_pending.is_set():
        _has_pending.set()


def flush() -> None:
    """Execute all pending writes.

    Rows of one kind are written together, in their order. If that fails, each is written in a transaction of its own,
    as other writes are. A write that fails is lost, and only that one.
    """
    with _writing:
        with _pending_lock:
            writes = list(_pending)
            _pending.clear()
        alone: list[Write] = []
        rows: dict[WriteRows, list[Any]] = {}
        for write in writes:
            if isinstance(write, tuple):
                rows.setdefault(write[0], []).append(write[1])
            else:
                alone.append(write)
        errors = [error for write_rows, some in rows.items() for error in _write_together(write_rows, some)]
        errors += [error for write in alone if (error := _try(write))]
        if errors:
            log.warning("%d writes about calls failed (%s)", len(errors), type(errors[0]).__name__)


def _write_together(write_rows: WriteRows, rows: Sequence[Any]) -> list[Exception]:
    """What failed, where rows could not be written even one by one."""
    errors = []
    for start in range(0, len(rows), _MOST_ROWS):
        some = rows[start : start + _MOST_ROWS]
        if _try(lambda connection, some=some: write_rows(connection, some)):  # type: ignore[misc]
            tries = [_try(lambda connection, row=row: write_rows(connection, [row])) for row in some]  # type: ignore[misc]
            errors += [error for error in tries if error]
    return errors


def _try(write: Write) -> Exception | None:
    try:
        with database.noting() as connection:
            write(connection)
    except Exception as error:  # the next write may succeed
        return error
    return None


def _start() -> None:
    global _writer
    thread = threading.Thread(target=_write, name="write-behind", daemon=True)
    _writer = os.getpid(), thread
    atexit.register(flush)
    thread.start()


def _write() -> None:
    while _has_pending.wait():
        time.sleep(_COLLECT_SECONDS)
        _has_pending.clear()
        flush()
