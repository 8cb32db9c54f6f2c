"""Whether people answer at an instant, and when they next will.

All rules are wall-clock rules of one time zone, so both DST nights are right by construction: an instant
is turned into local time once and compared there.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import holidays

from ivr.configuration import Hours, Span


@lru_cache(maxsize=16)
def _bremen_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("DE", subdiv="HB", years=year))


def span_on(hours: Hours, day: date) -> Span | None:
    """The opening hours of a local day, None when it is closed all day."""
    if any(closure.first <= day <= closure.last for closure in hours.closures):
        return None
    if hours.holidays and day in _bremen_holidays(day.year):
        return None
    return hours.span_on(day.weekday())


def is_open(hours: Hours, at: datetime) -> bool:
    """Whether the hotline is answered at `at` (aware): from opening inclusive to closing exclusive."""
    local = at.astimezone(hours.zone)
    span = span_on(hours, local.date())
    if span is None or local.time() < span.opens:
        return False
    return span.closes is None or local.time() < span.closes


def next_opening(hours: Hours, after: datetime, horizon_days: int = 400) -> datetime | None:
    """The first instant not before `after` at which the hotline is open, in UTC.

    None when it stays closed for `horizon_days` (a configuration that never opens).
    """
    if is_open(hours, after):
        return after.astimezone(UTC)
    today = after.astimezone(hours.zone).date()
    for offset in range(horizon_days):
        day = today + timedelta(days=offset)
        span = span_on(hours, day)
        if span is None:
            continue
        opening = _instant(hours, day, span.opens)
        if opening >= after:
            return opening
    return None


def _instant(hours: Hours, day: date, at: time) -> datetime:
    # A wall-clock time that DST skips (02:30 in March) is taken as the instant that long after midnight,
    # which is what zoneinfo's fold=0 arithmetic gives through UTC.
    return datetime.combine(day, at, tzinfo=hours.zone).astimezone(UTC)
