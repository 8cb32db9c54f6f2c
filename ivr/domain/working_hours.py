"""When members call people: within opening hours and calling hours. Only such instants are told to callers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ivr.domain.opening_hours import Hours, open_spans

#: A deadline that lies where nobody works is told as so long after the next beginning of work.
_AFTER_OPENING = timedelta(hours=2)
#: A deadline is looked for within so many days.
_HORIZON_DAYS = 400


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

    It is the last minute of work that is not after `due_at`: who is called by then has the promise kept, and nobody
    works between the two. None where nobody works between `now` and `due_at`.
    """
    found: datetime | None = None
    for begins, ends in spans(hours, calling_hours, now):
        if begins >= due_at:
            break
        found = ends if due_at >= ends else max(begins, due_at.replace(second=0, microsecond=0))
    return found


def next_deadline(hours: Hours, calling_hours: Hours, due_at: datetime, now: datetime) -> datetime:
    """As :func:`deadline`; where nobody works in time, an instant of the next time of work.

    `due_at` itself where there is no time of work at all.
    """
    if (found := deadline(hours, calling_hours, due_at, now)) is not None:
        return found
    begins, ends = next(spans(hours, calling_hours, max(due_at, now)), (due_at, due_at))
    return min(ends, (begins + _AFTER_OPENING).replace(second=0, microsecond=0)) if ends > begins else due_at
