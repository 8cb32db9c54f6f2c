"""Whether people answer at an instant, and when they next will.

All rules are wall-clock rules of one time zone, so both DST nights are right by construction: an instant
is turned into local time once and compared there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from ivr.domain.setting_types import Strict

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Span(BaseModel):
    """Opening hours of one day in local time, `opens` inclusive, `closes` exclusive."""

    model_config = ConfigDict(frozen=True, defer_build=True)
    opens: time
    closes: time | None  # None: midnight at the end of the day


def _span(value: Any) -> Any:
    if value == "closed":
        return None
    if not isinstance(value, str):
        return value
    opens, dash, closes = value.partition("-")
    try:
        if not dash or "-" in closes:  # what follows a second one would be read as a time zone
            raise ValueError
        start = time.fromisoformat(opens.strip())
        end = None if closes.strip() == "24:00" else time.fromisoformat(closes.strip())
    except ValueError:
        raise ValueError(f'{value!r} is neither "closed" nor a span like "08:00-18:00"') from None
    if start.tzinfo or (end and end.tzinfo):
        raise ValueError(f"{value!r} is local time and must not name a time zone")
    if end is not None and end <= start:
        raise ValueError(f"{value!r} ends before it begins")
    return Span(opens=start, closes=end)


DaySpan = Annotated[Span | None, BeforeValidator(_span)]


class Closure(Strict):
    """Days on which nobody answers, both ends included."""

    first: date = Field(description="First day.")
    last: date = Field(description="Last day.")
    reason: str = Field("", description="Why, for the operator.")

    @model_validator(mode="after")
    def _in_order(self) -> Closure:
        if self.last < self.first:
            raise ValueError("last is before first")
        return self


class Hours(Strict):
    """When the hotline is answered by people.

    Source: "täglich von 08:00 bis 18:00 Uhr erreichbar"; therefore holidays and weekday rules are off
    unless the operator asks for them.
    """

    timezone: str = Field("Europe/Berlin", description="Time zone in which the hours are meant.")
    daily: DaySpan = Field(Span(opens=time(8), closes=time(18)), description="Hours of every day.")
    weekdays: dict[Weekday, DaySpan] = Field(
        {}, description="Exceptions to `daily`; a weekday not named here keeps the daily hours."
    )
    closures: tuple[Closure, ...] = Field((), description="Days on which nobody answers.")
    holidays: bool = Field(False, description="Closed on the statutory holidays of Bremen.")
    days: dict[date, DaySpan] = Field(
        {}, description="Hours of single days (`YYYY-MM-DD`); they override everything else here."
    )

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a directory of zones, such as "Europe"
            raise ValueError(f"{value!r} is not a time zone") from None
        return value

    @cached_property
    def zone(self) -> ZoneInfo:
        """The local time zone in which the hours are meant."""
        return ZoneInfo(self.timezone)

    @property
    def usual_span(self) -> Span | None:
        """The hours callers are told: the daily ones, or those of the first weekday that is not closed."""
        spans = [self.daily, *(self.span_on(weekday) for weekday in range(7))]
        return next((span for span in spans if span is not None), None)

    def span_on(self, weekday: int) -> Span | None:
        """Hours on a weekday (0 is Monday), before closures and holidays; None when closed."""
        name = WEEKDAYS[weekday]
        return self.weekdays.get(name, self.daily)


def checked(hours: Hours) -> Hours:
    """Hours of which callers are told when the next ones begin.

    Raises:
        ValueError: no day of the week has any; there would be nothing to tell.
    """
    if all(hours.span_on(weekday) is None for weekday in range(7)):
        raise ValueError("no day of the week has hours, so nobody could be told when somebody answers")
    return hours


@lru_cache(maxsize=16)
def _bremen_holidays(year: int) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays("DE", subdiv="HB", years=year))


def span_on(hours: Hours, day: date) -> Span | None:
    """The opening hours of a local day, None when it is closed all day."""
    if day in hours.days:
        return hours.days[day]
    for closure in hours.closures:
        if closure.first <= day <= closure.last:
            return None
    if hours.holidays and day in _bremen_holidays(day.year):
        return None
    return hours.span_on(day.weekday())


def is_workday(weekdays: Collection[Weekday], day: date) -> bool:
    """Whether a local day is one of these weekdays, and no statutory holiday of Bremen."""
    return WEEKDAYS[day.weekday()] in weekdays and day not in _bremen_holidays(day.year)


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
    return next((begins for begins, _ in open_spans(hours, after, horizon_days)), None)


def last_closing(hours: Hours, before: datetime) -> datetime | None:
    """The last instant (UTC) not after `before` at which the hotline closed; None if it has not for three days."""
    spans = [*open_spans(hours, before - timedelta(days=3), 5)]
    follows = {begins for begins, _ in spans}
    return max((closes for _, closes in spans if closes <= before and closes not in follows), default=None)


def next_opening_day(hours: Hours, after: datetime) -> datetime | None:
    """The first opening (UTC) on a local day after that of `after`."""
    tomorrow = after.astimezone(hours.zone).date() + timedelta(days=1)
    return next_opening(hours, datetime.combine(tomorrow, time(0), tzinfo=hours.zone))


def midnight(hours: Hours, now: datetime) -> datetime:
    """The beginning of the local day of an instant."""
    return datetime.combine(now.astimezone(hours.zone).date(), time(0), hours.zone)


def open_spans(hours: Hours, start: datetime, horizon_days: int = 400) -> Iterator[tuple[datetime, datetime]]:
    """Opening times (UTC) from `start` on, each from its opening, or from `start`, to its closing."""
    first = start.astimezone(hours.zone).date()
    for day in (first + timedelta(days=number) for number in range(horizon_days)):
        for opens, closes in _spans_of(hours, day):
            begins = max(opens, start.astimezone(UTC))
            if begins < closes:
                yield begins, closes


def _spans_of(hours: Hours, day: date) -> Iterator[tuple[datetime, datetime]]:
    """When the hotline is open on a local day.

    Once, or, where hours are skipped or doubled, as the clock on the wall says.
    """
    if (span := span_on(hours, day)) is None:
        return
    zone = hours.zone
    begin, end = (datetime.combine(one, time(0), zone) for one in (day, day + timedelta(days=1)))
    times = [datetime.combine(day, span.opens, zone), datetime.combine(day, span.closes, zone) if span.closes else end]
    if begin.utcoffset() == end.utcoffset():
        yield times[0].astimezone(UTC), times[1].astimezone(UTC)
        return
    edges = {at.replace(fold=fold).astimezone(UTC) for at in times for fold in (0, 1)}
    edges |= {begin.astimezone(UTC), end.astimezone(UTC), _transition(begin, end)}
    between = sorted(at for at in edges if begin.astimezone(UTC) <= at <= end.astimezone(UTC))
    began: datetime | None = None
    for at in between:
        if is_open(hours, at) and at < end.astimezone(UTC):
            began = began or at
        elif began is not None:
            yield began, at
            began = None


def _transition(start: datetime, end: datetime) -> datetime:
    """The instant (UTC, to the second) at which the offset changes between two local midnights."""
    zone, before, after = start.tzinfo, start.astimezone(UTC), end.astimezone(UTC)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == start.utcoffset():
            before = middle
        else:
            after = middle
    return after


def after_open_time(hours: Hours, start: datetime, duration: timedelta) -> datetime | None:
    """The instant (UTC) by which `duration` of opening time has passed since `start`; None if it never does."""
    left = duration
    for begins, closes in open_spans(hours, start):
        if begins + left <= closes:
            return begins + left
        left -= closes - begins
    return None


def open_time(hours: Hours, start: datetime, end: datetime) -> timedelta:
    """How long the hotline is open from `start` to `end`."""
    found = timedelta(0)
    for begins, closes in open_spans(hours, start):
        if begins >= end:
            break
        found += min(closes, end) - begins
    return found
