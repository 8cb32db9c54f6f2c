"""When members call people: within opening hours and calling hours. Only such instants are told to callers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ivr.domain.opening_hours import Hours, open_spans

#: A deadline that lies where nobody works is told as so long after the next beginning of work.
_AFTER_OPENING = timedelta(hours=2)
#: Deadlines are told in quarters of an hour.
_QUARTER = timedelta(minutes=15)
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

    It is the last instant of work before `due_at`, on the next full quarter of an hour. None where nobody works between
    `now` and `due_at`.
    """
    found: datetime | None = None
    for begins, ends in spans(hours, calling_hours, now):
        if begins >= due_at:
            break
        found = ends if due_at >= ends else min(ends, _full_quarter(due_at))
    return found


def next_deadline(hours: Hours, calling_hours: Hours, due_at: datetime, now: datetime) -> datetime:
    """As :func:`deadline`; where nobody works in time, an instant of the next time of work.

    `due_at` itself where there is no time of work at all.
    """
    if (found := deadline(hours, calling_hours, due_at, now)) is not None:
        return found
    begins, ends = next(spans(hours, calling_hours, max(due_at, now)), (due_at, due_at))
    return min(ends, _full_quarter(begins + _AFTER_OPENING)) if ends > begins else due_at


def _full_quarter(at: datetime) -> datetime:
    """The first full quarter of an hour not before an instant; zones differ from UTC by whole quarters."""
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + -(-(at - midnight) // _QUARTER) * _QUARTER
