"""Writes facts about calls a little later: the step, the language, the concern. Callers do not wait for the database.

A process collects writes and executes them some tens of milliseconds later, so that no key press waits for the
database. Whatever is promised to callers is written at once instead (see :mod:`ivr.callbacks.intake`), and so is the
end of a call. A row that somebody else holds is written when it is free. Writes are lost if their process dies, or if
the database does not answer.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ivr.domain.enums import DatabaseFault
from ivr.platform import database
from ivr.platform.database_faults import fault_of

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
#: Seconds for which a write is repeated that waits for a row which somebody else holds.
_REPEAT_SECONDS = 30.0


@dataclass(frozen=True)
class _Pending:
    """A write, or a row that is written together with others."""

    write: Write | WriteRows
    #: None: it is no row.
    row: Any
    #: When it was handed over (monotonic).
    since: float


_pending: list[_Pending] = []
_pending_lock = threading.Lock()
_has_pending = threading.Event()
_writing = threading.Lock()
_writer: tuple[int, threading.Thread] | None = None


def write_soon(write: Write) -> None:
    """Execute a write within some tens of milliseconds."""
    _take(_Pending(write, None, time.monotonic()))


def write_row_soon(write_rows: WriteRows, row: Any) -> None:
    """Write a row within some tens of milliseconds, together with the rows that others hand over for `write_rows`."""
    _take(_Pending(write_rows, row, time.monotonic()))


def _take(write: _Pending) -> None:
    with _pending_lock:
        if len(_pending) >= _MOST_PENDING:
            log.warning("a write about a call was dropped: the database is too slow")
            return
        _pending.append(write)
        _start_once()
    if not _has_pending.is_set():
        _has_pending.set()


def begin() -> None:
    """Start the thread that writes now, so that no call waits for it to start."""
    with _pending_lock:
        _start_once()


def flush() -> None:
    """Execute all pending writes.

    Rows of one kind are written together, in their order. If that fails, each is written in a transaction of its own,
    as other writes are. A write that fails is lost, and only that one; where a row was held by somebody else, it stays
    pending, before all that is handed over later.
    """
    with _writing:
        with _pending_lock:
            writes = list(_pending)
            _pending.clear()
        rows: dict[Any, list[_Pending]] = {}
        for write in writes:
            if write.row is not None:
                rows.setdefault(write.write, []).append(write)
        failed = [failure for some in rows.values() for failure in _write_together(some)]
        failed += [(write, error) for write in writes if write.row is None and (error := _try(write.write))]
        again: list[tuple[_Pending, Exception]] = []
        lost: list[tuple[_Pending, Exception]] = []
        for write, error in failed:
            busy = fault_of(error) == DatabaseFault.BUSY and time.monotonic() - write.since < _REPEAT_SECONDS
            (again if busy else lost).append((write, error))
        if again:
            with _pending_lock:
                _pending[:0] = [write for write, _ in again]
            _has_pending.set()
        if lost:
            log.warning("%d writes about calls failed (%s)", len(lost), type(lost[0][1]).__name__)


def _write_together(rows: Sequence[_Pending]) -> list[tuple[_Pending, Exception]]:
    """What failed, where rows of one kind could not be written even one by one."""
    failed: list[tuple[_Pending, Exception]] = []
    for start in range(0, len(rows), _MOST_ROWS):
        some = rows[start : start + _MOST_ROWS]
        if _try_rows(some):
            failed += [(row, error) for row in some if (error := _try_rows([row]))]
    return failed


def _try_rows(rows: Sequence[_Pending]) -> Exception | None:
    write_rows: Any = rows[0].write
    return _try(lambda connection: write_rows(connection, [row.row for row in rows]))


def _try(write: Any) -> Exception | None:
    try:
        with database.noting(waits_for_rows=False) as connection:
            write(connection)
    except Exception as error:  # the next write may succeed
        return error
    return None


def _start_once() -> None:
    global _writer
    if _writer is not None and _writer[0] == os.getpid():  # threads do not survive a fork
        return
    thread = threading.Thread(target=_write, name="write-behind", daemon=True)
    _writer = os.getpid(), thread
    atexit.register(flush)
    thread.start()


def _write() -> None:
    while _has_pending.wait():
        time.sleep(_COLLECT_SECONDS)
        _has_pending.clear()
        flush()
