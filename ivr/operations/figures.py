"""Counts the days again into which something was written later, also where that was interrupted.

While it goes on, and after a run that was killed, no day counts as final: `daily_metrics.UNCOUNTED` stands in the
database. Beside it, a file has what final days counted whose tasks are deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.operations.house_pace import Pace
from ivr.platform import database, private_files
from ivr.platform.column_types import insert
from ivr.platform.work_models import Checkpoint
from ivr.reporting import daily_metrics

_Metrics = Mapping[tuple[str, str, str], float]


@dataclass(frozen=True)
class Counting:
    """The days of a period, while something is written into them.

    `deleted`: what final days have counted that is not there any more. It stays, and what is there is added.
    """

    first: date
    last: date
    deleted: Mapping[date, _Metrics]

    def count(self, now: datetime, pace: Pace) -> None:
        """Count all days again; done twice, it gives the same."""
        for day in (self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)):
            with database.reading() as session:
                counted = dict(daily_metrics.count(session, day))
            for name, value in self.deleted.get(day, {}).items():
                counted[name] = counted.get(name, 0) + value
            with pace.turn() as session:
                if not daily_metrics.count_day(session, day, now, counted):
                    daily_metrics.store(session, day, {name: value for name, value in counted.items() if value})
        with database.writing() as session:
            session.execute(delete(Checkpoint).where(Checkpoint.name == daily_metrics.UNCOUNTED))
        _path().unlink(missing_ok=True)


def begin(first: date, last: date) -> Counting:
    """Before something is written into local days: no day counts as final until they are counted."""
    with database.reading() as session:
        final = daily_metrics.final_days(session, first, last)
        found = Counting(first, last, {day: lost for day in sorted(final) if (lost := _deleted(session, day))})
    days = {day.isoformat(): [[*name, value] for name, value in lost.items()] for day, lost in found.deleted.items()}
    private_files.replace(_path(), json.dumps(days).encode())
    with database.writing() as session:
        new = insert(session.get_bind().dialect, Checkpoint)
        session.execute(new.values(name=daily_metrics.UNCOUNTED, at=daily_metrics.bounds(first, first)[0]))
    return found


def interrupted(now: datetime) -> Counting | None:
    """The days of a run that was interrupted before they were counted."""
    with database.reading() as session:
        left = session.get(Checkpoint, daily_metrics.UNCOUNTED)
    if left is None:
        return None
    try:
        kept = json.loads(_path().read_text())
    except FileNotFoundError:  # another machine has written it; only what was deleted since is missing
        kept = {}
    deleted = {
        date.fromisoformat(day): {(dimension, name, key): value for dimension, name, key, value in lost}
        for day, lost in kept.items()
    }
    return Counting(daily_metrics.local_day(left.at), daily_metrics.local_day(now), deleted)


def _deleted(session: Session, day: date) -> _Metrics:
    kept, here = daily_metrics.stored(session, day), daily_metrics.count(session, day)
    lost = {name: kept.get(name, 0) - here.get(name, 0) for name in {*kept, *here}}
    return {name: value for name, value in lost.items() if value}


def _path() -> Path:
    return settings().var_dir / "uncounted.json"
