"""Keeps in a process what it has read from the database: many ask for it, and few have to wait for the database."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.platform import database

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class _Known(Generic[T]):
    engine: Engine
    #: On the monotonic clock.
    read_at: float
    value: T


class KeptReading(Generic[T]):
    """A value that is read again when it is older than so many seconds; while the database is away, the last one.

    One thread reads, the others take what there is. Only while nothing has been read yet do all wait for the first.
    """

    def __init__(self, name: str, read: Callable[[Connection, T | None], T], nothing: T, seconds: float) -> None:
        """`name` for the log. `read` is given what was read before, if anything. `nothing` counts before that."""
        self.seconds = seconds
        self._name, self._from, self._nothing = name, read, nothing
        self._known: _Known[T] | None = None
        self._is_outdated = False
        self._reading = threading.Lock()

    def value(self) -> T:
        """What the database said at most so many seconds ago; while it does not answer, what it last said."""
        shared, known = database.engine(), self._known
        if known is None or known.engine is not shared:
            with self._reading:
                known = self._of(shared) or self._read(shared, None)
            return known.value
        is_fresh = not self._is_outdated and time.monotonic() - known.read_at <= self.seconds
        if is_fresh or not self._reading.acquire(blocking=False):
            return known.value
        try:
            return self._read(shared, known).value
        finally:
            self._reading.release()

    def read_again(self) -> None:
        """Read anew when the value is asked for next; it still counts while the database does not answer."""
        self._is_outdated = True

    def read_again_after(self, session: Session) -> None:
        """Read anew once the changes of a session are committed."""
        event.listen(session, "after_commit", lambda _session: self.read_again(), once=True)

    def forget(self) -> None:
        """Begin anew, as a process does that has just been started."""
        self._known = None

    def _of(self, shared: Engine) -> _Known[T] | None:
        known = self._known
        return known if known is not None and known.engine is shared else None

    def _read(self, shared: Engine, before: _Known[T] | None) -> _Known[T]:
        self._is_outdated = False  # what is changed from now on is read once more
        value = before.value if before else self._nothing
        try:
            with database.glancing() as connection:
                value = self._from(connection, before.value if before else None)
        except SQLAlchemyError:
            log.warning("%s could not be read; what was last known counts", self._name)
        self._known = known = _Known(shared, time.monotonic(), value)
        return known
