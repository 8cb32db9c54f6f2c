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
from collections.abc import Callable

from sqlalchemy import Connection

from ivr.platform import database

log = logging.getLogger(__name__)

Write = Callable[[Connection], None]
#: Seconds for which writes are collected.
_COLLECT_SECONDS = 0.05
#: The highest number of pending writes. There are more only if the database is too slow for the calls.
_MOST_PENDING = 10_000

_pending: list[Write] = []
_pending_lock = threading.Lock()
_has_pending = threading.Event()
_writing = threading.Lock()
_writer: tuple[int, threading.Thread] | None = None


def write_soon(write: Write) -> None:
    """Execute a write within some tens of milliseconds."""
    with _pending_lock:
        if len(_pending) >= _MOST_PENDING:
            log.warning("a write about a call was dropped: the database is too slow")
            return
        _pending.append(write)
        if _writer is None or _writer[0] != os.getpid():  # threads do not survive a fork
            _start()
    _has_pending.set()


def flush() -> None:
    """Execute all pending writes in their order, each in a transaction of its own.

    Writes in one transaction could deadlock with those of another process in PostgreSQL. A write that fails is lost,
    and only that one.
    """
    with _writing:
        with _pending_lock:
            writes = list(_pending)
            _pending.clear()
        errors: list[Exception] = []
        for write in writes:
            try:
                with database.noting() as connection:
                    write(connection)
            except Exception as error:  # the next write may succeed
                errors.append(error)
        if errors:
            log.warning("%d writes about calls failed (%s)", len(errors), type(errors[0]).__name__)


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
