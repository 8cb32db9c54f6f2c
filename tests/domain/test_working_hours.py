"""Instants told to callers lie where somebody works who may call them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest

from ivr.domain import sla_deadlines, working_hours
from ivr.domain.enums import TaskKind, Urgency
from ivr.domain.opening_hours import Closure, Hours, Span
from tests.support.volume import volume

BERLIN = ZoneInfo("Europe/Berlin")
DAILY = Hours()
CALLING = Hours(daily=Span(opens=time(8), closes=time(20)))


def at(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


def told(due: str, now: str, hours: Hours = DAILY, calling: Hours = CALLING) -> str | None:
    found = working_hours.deadline(hours, calling, at(due), at(now))
    return f"{found.astimezone(BERLIN):%Y-%m-%d %H:%M}" if found else None


@pytest.mark.parametrize(
    ("due", "now", "expected"),
    [
        # a call half an hour after midnight is promised until half an hour after the next: the day before ends at six
        ("2026-11-28T00:31", "2026-11-27T00:31", "2026-11-27 18:00"),
        ("2026-11-28T18:30", "2026-11-27T18:30", "2026-11-28 18:00"),
        ("2026-11-28T07:59", "2026-11-27T07:59", "2026-11-27 18:00"),
        ("2026-11-28T08:00", "2026-11-27T08:00", "2026-11-27 18:00"),
        ("2026-11-28T08:01", "2026-11-27T08:01", "2026-11-28 08:05"),
        ("2026-11-28T09:34", "2026-11-27T09:34", "2026-11-28 09:30"),
        ("2026-11-28T09:34:59", "2026-11-27T09:34:59", "2026-11-28 09:30"),
        ("2026-11-28T10:00", "2026-11-27T10:00", "2026-11-28 10:00"),
        ("2026-11-28T17:58", "2026-11-27T17:58", "2026-11-28 17:55"),
        # the last minutes before it is due: what is told is not past
        ("2026-11-27T09:44", "2026-11-27T09:43", "2026-11-27 09:45"),
        ("2026-11-27T09:44:59", "2026-11-27T09:44:58", "2026-11-27 09:45"),
        ("2026-11-27T09:45", "2026-11-27T09:40", "2026-11-27 09:45"),
        ("2026-11-27T17:59:59", "2026-11-27T17:59:30", "2026-11-27 18:00"),
        ("2026-11-27T18:30", "2026-11-27T17:59:59", "2026-11-27 18:00"),
        ("2026-11-28T08:04", "2026-11-27T18:03", "2026-11-28 08:05"),
        # nobody works any more before it is due
        ("2026-11-28T00:31", "2026-11-27T18:00", None),
        ("2026-11-28T07:00", "2026-11-27T19:00", None),
        ("2026-11-27T10:00", "2026-11-27T10:01", None),
        # the two nights in which the clock is changed, and the turn of the year
        ("2026-10-25T02:30", "2026-10-24T02:30", "2026-10-24 18:00"),
        ("2027-03-28T03:30", "2027-03-27T03:30", "2027-03-27 18:00"),
        ("2027-01-01T00:00", "2026-12-31T00:00", "2026-12-31 18:00"),
    ],
)
def test_a_deadline_is_told_as_an_instant_at_which_somebody_works(due: str, now: str, expected: str | None) -> None:
    assert told(due, now) == expected


def test_hours_for_calling_people_count_too() -> None:
    narrow = Hours(daily=Span(opens=time(9), closes=time(17)))
    assert told("2026-11-28T17:30", "2026-11-27T17:30", calling=narrow) == "2026-11-28 17:00"
    assert told("2026-11-28T08:30", "2026-11-27T08:30", calling=narrow) == "2026-11-27 17:00"
    split = Hours(daily=Span(opens=time(19), closes=time(20)))
    assert told("2026-11-28T17:30", "2026-11-27T17:30", calling=split) is None


@pytest.mark.parametrize("now", ["17:54", "17:56:30", "17:57:59"])
def test_hours_that_end_between_two_times_that_are_told(now: str) -> None:
    """Nobody works at six o'clock, and five to six may be past."""
    odd = Hours(daily=Span(opens=time(8, 3), closes=time(17, 58)))
    expected = "2026-11-27 17:55" if now == "17:54" else None
    assert told("2026-11-27T18:30", f"2026-11-27T{now}", odd) == expected
    assert told("2026-11-28T08:04", f"2026-11-27T{now}", odd) == "2026-11-28 08:05"
    found = working_hours.next_deadline(odd, CALLING, at("2026-11-27T18:30"), at(f"2026-11-27T{now}"))
    assert f"{found.astimezone(BERLIN):%m-%d %H:%M}" == ("11-27 17:55" if now == "17:54" else "11-28 10:00")


def test_over_closed_days_the_next_day_of_work_is_told() -> None:
    christmas = Hours(closures=(Closure(first=date(2026, 12, 24), last=date(2026, 12, 27)),))
    due, now = at("2026-12-25T12:00"), at("2026-12-24T12:00")
    assert working_hours.deadline(christmas, CALLING, due, now) is None
    found = working_hours.next_deadline(christmas, CALLING, due, now)
    assert found == at("2026-12-28T10:00")


def test_a_hotline_that_never_opens_tells_what_is_due() -> None:
    never = Hours(daily=None)
    assert working_hours.next_deadline(never, CALLING, at("2026-12-25T12:00"), at("2026-12-24T12:00")) == at(
        "2026-12-25T12:00"
    )


@pytest.mark.soak
@pytest.mark.parametrize("urgency", list(Urgency))
@pytest.mark.parametrize("hours", [DAILY, Hours(weekdays={"sunday": None, "saturday": None}, holidays=True)])
def test_every_minute_of_a_week_has_a_deadline_at_which_somebody_works(urgency: Urgency, hours: Hours) -> None:
    for minute in range(0, 14 * 24 * 60, volume(test=97, soak=23)):
        began = datetime(2026, 10, 19, tzinfo=BERLIN).timestamp() + minute * 60
        now = datetime.fromtimestamp(began, BERLIN)
        due = sla_deadlines.due_at(now, TaskKind.CALLBACK, urgency, "benefits", (), hours)
        found = working_hours.next_deadline(hours, CALLING, due, now).astimezone(BERLIN)
        begins, ends = [*takewhile(lambda span, end=found: span[0] < end, working_hours.spans(hours, CALLING, now))][-1]
        assert begins < found <= ends, f"{now}: {found}"
        assert found > now
        assert found.minute % 5 == found.second == 0, "as it is spoken"
        if (working_hours.deadline(hours, CALLING, due, now)) is not None:
            assert found < due + timedelta(minutes=5), "what is told is not later than the row's deadline"
            until_due = takewhile(lambda span, end=due: span[0] < end, working_hours.spans(hours, CALLING, found))
            worked = [span for span in until_due if span[1] > found]
            assert due - found < timedelta(minutes=5) or not worked, "and nobody works between the two"
