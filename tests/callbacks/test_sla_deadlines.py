"""When a promise is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as patience
from hypothesis import strategies as some

from ivr.config.sections import ConfigurationError
from ivr.config.settings import load, settings
from ivr.domain import opening_hours, sla_deadlines
from ivr.domain.opening_hours import Hours

BERLIN = ZoneInfo("Europe/Berlin")


def due_at(start: datetime, kind: str, urgency: str, configured=None, team: str = "benefits") -> datetime:
    configured = configured or settings()
    return sla_deadlines.due_at(start, kind, urgency, team, configured.sla_policies, configured.hours)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_24_hours_are_24_hours_in_both_dst_nights(empty_database) -> None:
    for evening in (berlin("2026-03-28T19:40"), berlin("2026-10-24T19:40")):
        start = evening.astimezone(UTC)
        assert due_at(start, "callback", "normal") - start == timedelta(hours=24)


@pytest.mark.parametrize(
    ("reported", "due"),
    [
        ("2026-11-22T10:00", "2026-11-22T12:00"),  # in opening hours: two hours
        ("2026-11-22T19:40", "2026-11-23T10:00"),  # at night: two hours of the next morning
        ("2026-11-22T17:00", "2026-11-23T09:00"),  # one hour tonight, one tomorrow
        ("2026-11-22T17:59:59", "2026-11-23T09:59:59"),
        ("2026-03-28T19:40", "2026-03-29T10:00"),  # the night the clocks go forward
        ("2026-10-25T02:30", "2026-10-25T10:00"),
    ],
)
def test_an_emergency_is_tried_within_two_hours_of_opening_time(empty_database, reported: str, due: str) -> None:
    assert due_at(berlin(reported), "callback", "emergency") == berlin(due)


def test_a_closure_does_not_make_an_emergency_later_than_a_callback(empty_database) -> None:
    closed = load(hours={"closures": [{"first": "2026-12-24", "last": "2027-01-03"}]})
    start = berlin("2026-12-24T12:00")
    assert due_at(start, "callback", "emergency", closed) - start == timedelta(hours=24)


def test_within_service_hours_is_one_setting_away(empty_database) -> None:
    """As the Behördennummer 115 promises: 24 hours of opening time are two days and four hours here."""
    service = load(sla_policies=[{"clock": "service"}])
    assert due_at(berlin("2026-11-23T09:00"), "callback", "normal", service) == berlin("2026-11-25T13:00")
    assert due_at(berlin("2026-11-23T19:40"), "callback", "emergency", service) == berlin("2026-11-24T10:00")


def test_a_policy_counts_from_its_day_on_and_the_more_special_one_wins(empty_database) -> None:
    configured = load(
        sla_policies=[
            {"kind": "callback", "tried_hours": 36},
            {"kind": "callback", "tried_hours": 20, "valid_from": "2026-12-01"},
            {"team": "youth", "clock": "service", "tried_hours": 4, "valid_from": "2026-12-01"},
            {"urgency": "emergency", "team": "youth", "tried_hours": 1},
        ]
    )

    def hours(start: str, urgency: str = "normal", team: str = "benefits") -> float:
        begin = berlin(start)
        return (due_at(begin, "callback", urgency, configured, team) - begin).total_seconds() / 3600

    assert hours("2026-11-30T23:59") == 36
    assert hours("2026-12-01T00:00") == 20
    assert hours("2026-12-01T10:00", team="youth") == 4
    assert hours("2026-12-01T10:00", "emergency", "youth") == 1
    assert hours("2026-12-01T10:00", "emergency") == 2


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        ({"tried_hours": 4, "reached_hours": 8}, "over before the hotline opens again"),
        ({"tried_hours": 24, "reached_hours": 12}, "less than tried_hours"),
        ({"team": "nobody"}, "no team 'nobody'"),
        ({"tried_hours": 0}, "greater than 0"),
        ({"at_risk": 1.5}, "less than 1"),
    ],
)
def test_a_promise_nobody_can_keep_is_refused_at_the_start(empty_database, policy: dict, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        load(sla_policies=[policy])


_MINUTE = timedelta(minutes=1)


_times = some.builds(time, hour=some.integers(0, 23), minute=some.sampled_from([0, 15, 30, 59]))


@some.composite
def _spans(draw: some.DrawFn) -> str:
    first, second = sorted(draw(some.lists(_times, min_size=2, max_size=2, unique=True)))
    return f"{first:%H:%M}-{draw(some.sampled_from([f'{second:%H:%M}', '24:00']))}"


@some.composite
def _hours(draw: some.DrawFn, around: date) -> Hours:
    closures = []
    for _ in range(draw(some.integers(0, 3))):  # they may overlap
        first = around + timedelta(days=draw(some.integers(-2, 6)))
        closures.append({"first": first, "last": first + timedelta(days=draw(some.integers(0, 3)))})
    weekdays = draw(some.dictionaries(some.sampled_from(opening_hours.WEEKDAYS), some.just("closed"), max_size=3))
    return Hours(daily=draw(_spans()), weekdays=weekdays, closures=closures, holidays=draw(some.booleans()))


def counted(clock: str, hours: Hours, at: datetime) -> bool:
    """Whether the minute from `at` on counts, by the local calendar and clock on the wall."""
    local = at.astimezone(BERLIN)
    day = local.date()
    if clock == "wall":
        return True
    if any(closure.first <= day <= closure.last for closure in hours.closures):
        return False
    if hours.holidays and day in opening_hours._bremen_holidays(day.year):
        return False
    span = hours.weekdays.get(opening_hours.WEEKDAYS[day.weekday()], hours.daily)
    if span is None:
        return False
    return span.opens <= local.time() and (span.closes is None or local.time() < span.closes)


def reference(clock: str, hours: Hours, start: datetime, minutes: int, stands: list[tuple[datetime, datetime]]):
    """Minute by minute: the instant by which so many minutes have counted; None if that takes a month."""
    at, left = start, minutes
    for _ in range(31 * 24 * 60):
        if not left:
            return at
        if counted(clock, hours, at) and not any(begin <= at < end for begin, end in stands):
            left -= 1
        at += _MINUTE
    return None


@patience(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=some.data())
def test_every_deadline_is_what_counting_minutes_gives(data: some.DataObject) -> None:
    """Any opening hours, closures, holidays; around both DST nights, Christmas and an ordinary week; with pauses."""
    day = data.draw(some.sampled_from([date(2026, 3, 28), date(2026, 10, 24), date(2026, 12, 23), date(2026, 6, 9)]))
    hours = data.draw(_hours(day))
    clock = data.draw(some.sampled_from(["wall", "service"]))
    minute = data.draw(some.integers(0, 3 * 24 * 60))
    start = datetime.combine(day, time(0), BERLIN).astimezone(UTC) + minute * _MINUTE
    minutes = data.draw(some.integers(1, 40 * 60))
    expected = reference(clock, hours, start, minutes, [])
    if expected is None:
        return
    due = sla_deadlines.after(clock, hours, start, minutes * _MINUTE)
    assert due == expected
    assert sla_deadlines.between(clock, hours, start, due) == minutes * _MINUTE

    pause = start + data.draw(some.integers(0, minutes)) * _MINUTE
    until = pause + data.draw(some.integers(1, 5 * 24 * 60)) * _MINUTE
    left = sla_deadlines.between(clock, hours, pause, due)
    if left and (later := reference(clock, hours, start, minutes, [(pause, until)])) is not None:
        assert sla_deadlines.after(clock, hours, until, left) == later
