"""Writes much into a hotline that is running, in turns that leave time for callers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.platform import database, heartbeat

#: Seconds of the shortest pause: those who wait for SQLite look again up to ten times a second.
_SHORTEST = 0.05


class Pace:
    """Short transactions, with pauses between them where the house is running."""

    def __init__(self, now: datetime) -> None:
        """`now`: the present instant."""
        with database.glancing() as connection:
            silent = heartbeat.silent_for(connection, now)
        self._runs = silent is not None and silent < heartbeat.SILENCE

    @contextmanager
    def turn(self) -> Iterator[Session]:
        """A transaction, and a pause that is longer than it was."""
        began = time.monotonic()
        with database.writing(durable=False) as session:
            yield session
        if self._runs:
            time.sleep(max(_SHORTEST, time.monotonic() - began))
