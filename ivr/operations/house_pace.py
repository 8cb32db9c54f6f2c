"""Writes much into a hotline that is running, in turns that leave time for callers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from ivr.domain.timestamps import utc_now
from ivr.platform import database, heartbeat

#: Seconds of the shortest pause: those who wait for SQLite look again up to ten times a second.
_SHORTEST = 0.05


class Pace:
    """Short transactions, with pauses between them while the house is running: it may be started meanwhile."""

    def __init__(self) -> None:
        self._runs, self._looked = False, -heartbeat.EVERY

    def _look(self) -> None:
        if time.monotonic() - self._looked < heartbeat.EVERY:
            return
        with database.glancing() as connection:
            silent = heartbeat.silent_for(connection, utc_now())
        self._runs = silent is not None and silent < heartbeat.SILENCE
        self._looked = time.monotonic()

    @contextmanager
    def turn(self) -> Iterator[Session]:
        """A transaction, and a pause that is longer than it was."""
        self._look()
        began = time.monotonic()
        with database.writing(durable=False) as session:
            yield session
        if self._runs:
            time.sleep(max(_SHORTEST, time.monotonic() - began))
