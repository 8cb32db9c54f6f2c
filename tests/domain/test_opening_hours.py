"""Open every day from 08:00 to 18:00 in Bremen, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.opening_hours import Closure, Hours, is_open, next_opening, open_spans, open_time

BERLIN = ZoneInfo("Europe/Berlin")
DAILY = Hours()


def berlin(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-22 07:59:59", False),
        ("2026-11-22 08:00:00", True),
        ("2026-11-22 17:59:59.999", True),
        ("2026-11-22 18:00:00", False),
        ("2026-12-25 12:00:00", True),  # "täglich": holidays count only if the operator says so
    ],
)
def test_to_the_second(moment: str, expected: bool) -> None:
    assert is_open(DAILY, berlin(moment)) is expected


def test_both_dst_nights() -> None:
    # 2026-03-29: 02:00 becomes 03:00; 2026-10-25: 03:00 becomes 02:00 again.
    assert next_opening(DAILY, berlin("2026-03-28 19:00")) == datetime(2026, 3, 29, 6, tzinfo=UTC)
    assert next_opening(DAILY, berlin("2026-10-24 19:00")) == datetime(2026, 10, 25, 7, tzinfo=UTC)
    night = Hours(daily="02:15-02:45")
    assert is_open(night, berlin("2026-10-25 02:30", fold=0))
    assert is_open(night, berlin("2026-10-25 02:30", fold=1))
    start = datetime(2026, 3, 29, 0, tzinfo=UTC)
    assert not any(is_open(night, start + timedelta(minutes=m)) for m in range(180)), "02:30 does not exist"


def test_weekdays_closures_and_bremens_holidays() -> None:
    hours = Hours(
        weekdays={"saturday": "closed", "sunday": "closed", "friday": "08:00-12:30"},
        closures=(Closure(first=date(2026, 12, 24), last=date(2026, 12, 31), reason="Betriebsruhe"),),
        holidays=True,
    )
    assert not is_open(hours, berlin("2026-11-21 10:00"))  # Saturday
    assert is_open(hours, berlin("2026-11-20 12:29"))
    assert not is_open(hours, berlin("2026-11-20 12:30"))
    assert not is_open(hours, berlin("2026-10-31 10:00"))  # Reformationstag is a holiday in Bremen
    assert next_opening(hours, berlin("2026-12-23 18:00")) == berlin("2027-01-04 08:00")  # New Year is a Friday


def test_a_hotline_that_never_opens() -> None:
    assert next_opening(Hours(daily="closed"), berlin("2026-01-01 10:00")) is None


@given(st.integers(0, 3 * 365 * 1440), st.booleans())
def test_the_next_opening_is_the_first_open_minute(minutes: int, holidays: bool) -> None:
    """Against the obviously right answer: look at every minute."""
    hours = Hours(weekdays={"sunday": "closed", "saturday": "10:00-24:00"}, holidays=holidays)
    moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    minute = moment
    while not is_open(hours, minute):
        minute += timedelta(minutes=1)
    assert next_opening(hours, moment) == minute


def test_what_opens_or_closes_in_the_hour_that_is_skipped_or_doubled() -> None:
    """The clock on the wall counts: 02:15 comes twice in October and never in March."""
    night = Hours(daily="00:00-02:15")
    march, october = berlin("2026-03-29 00:00"), berlin("2026-10-25 00:00")
    assert next(open_spans(night, march)) == (march.astimezone(UTC), datetime(2026, 3, 29, 1, tzinfo=UTC))
    assert [closes - begins for begins, closes in islice(open_spans(night, october), 2)] == [
        timedelta(hours=2, minutes=15), timedelta(minutes=15),
    ]  # fmt: skip
    late = Hours(daily="02:30-10:00")
    assert next_opening(late, march) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert open_time(late, october, october + timedelta(days=1)) == timedelta(hours=8)
