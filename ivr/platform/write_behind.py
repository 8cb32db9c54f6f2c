"""Notes about calls: how far each has come, in which language, about what. Nobody waits for them.

A process collects notes and writes them down some tens of milliseconds later, so that callers do not
queue for the database at every key. No promise hangs on a note: what callers are promised is written at once (see
:mod:`ivr.callbacks.intake`), and a call's end is, too, though a power cut may take it. What a process that dies still
held is lost, and so is what cannot be written because the database is away.
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

Note = Callable[[Connection], None]
#: Seconds over which notes are collected.
_COLLECT = 0.05
#: Notes that may wait; more than that come only where the database is too slow for the callers.
_MOST = 10_000

_taken: list[Note] = []
_taking = threading.Lock()
_some = threading.Event()
_writing = threading.Lock()
_writer: tuple[int, threading.Thread] | None = None


def take(note: Note) -> None:
    """Write something down soon."""
    with _taking:
        if len(_taken) >= _MOST:
            log.warning("a note about a call was dropped: the database is too slow")
            return
        _taken.append(note)
        if _writer is None or _writer[0] != os.getpid():  # threads do not survive a fork
            _start()
    _some.set()


def settle() -> None:
    """Write down every note taken so far, in their order, each by itself: a row of one note is never kept waiting for
    a row of another, which PostgreSQL would end as a deadlock. What cannot be written is lost, and only that."""
    with _writing:
        with _taking:
            waiting = list(_taken)
            _taken.clear()
        lost: list[Exception] = []
        for note in waiting:
            try:
                with database.noting() as connection:
                    note(connection)
            except Exception as error:  # one that is wrong, or the database is away: the next ones may not be
                lost.append(error)
        if lost:
            log.warning("%d notes about calls could not be written down (%s)", len(lost), type(lost[0]).__name__)


def _start() -> None:
    global _writer
    thread = threading.Thread(target=_write, name="notes", daemon=True)
    _writer = os.getpid(), thread
    atexit.register(settle)
    thread.start()


def _write() -> None:
    while _some.wait():
        time.sleep(_COLLECT)
        _some.clear()
        settle()
