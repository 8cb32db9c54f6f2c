"""When members call people: within opening hours and calling hours. Only such instants are told to callers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ivr.domain.opening_hours import Hours, open_spans

#: A deadline that lies where nobody works is told as so long after the next beginning of work.
_AFTER_OPENING = timedelta(hours=2)
#: A deadline is looked for within so many days.
_HORIZON_DAYS = 400
#: Minutes that are told are multiples of this.
STEP = 5


def spans(hours: Hours, calling_hours: Hours, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Times of work (UTC) from `start` on: what opening hours and calling hours have in common."""
    calling = open_spans(calling_hours, start, _HORIZON_DAYS)
    allowed = next(calling, None)
    for opens, closes in open_spans(hours, start, _HORIZON_DAYS):
        while allowed is not None and allowed[1] <= opens:
            allowed = next(calling, None)
        while allowed is not None and allowed[0] < closes:
            yield max(opens, allowed[0]), min(closes, allowed[1])
            if allowed[1] > closes:
                break
            allowed = next(calling, None)


def deadline(hours: Hours, calling_hours: Hours, due_at: datetime, now: datetime) -> datetime | None:
    """The instant (UTC) by which somebody is called who is promised a call by `due_at`.

    It is the last time of work, on :data:`STEP`, that is not after `due_at`. In the first minutes of work such a time
    would lie before work, or be past: there it is the next one. None where nobody works between `now` and `due_at`.
    """
    found: datetime | None = None
    for begins, ends in spans(hours, calling_hours, now):
        if begins >= due_at:
            break
        found = _on_step(begins, min(due_at, ends), ends) or found
    return found


def _on_step(begins: datetime, at: datetime, ends: datetime) -> datetime | None:
    """The last instant on :data:`STEP` until `at` that is after `begins`; else the next one until `ends`."""
    early = at.replace(minute=at.minute - at.minute % STEP, second=0, microsecond=0)
    late = early + timedelta(minutes=STEP)
    return early if early > begins else late if late <= ends else None


def next_deadline(hours: Hours, calling_hours: Hours, due_at: datetime, now: datetime) -> datetime:
    """As :func:`deadline`; where nobody works in time, an instant of the next time of work.

    `due_at` itself where there is no time of work at all.
    """
    if (found := deadline(hours, calling_hours, due_at, now)) is not None:
        return found
    for begins, ends in spans(hours, calling_hours, max(due_at, now)):
        if found := _on_step(begins, min(ends, begins + _AFTER_OPENING), ends):
            return found
    return due_at
