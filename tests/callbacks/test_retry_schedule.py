"""When people are called back, and when not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ivr.callbacks import retry_schedule
from ivr.callbacks.workflow import Refused
from ivr.config import settings
from ivr.contact_centre import outbound_callbacks
from tests.callbacks.test_answers_in_writing import task_of, until
from tests.support.people import a_task, the_task


def test_nobody_is_called_outside_opening_hours_or_at_a_premium_number(empty_database, monkeypatch) -> None:
    now = datetime(2026, 11, 23, 17, 59, 59, tzinfo=settings.settings().hours.zone)
    task = the_task(a_task())
    outbound_callbacks.check_may_dial(task, now)
    with pytest.raises(Refused, match="closed_now"):
        outbound_callbacks.check_may_dial(task, now + timedelta(seconds=1))
    for number in (None, "+499001234567", "110", "+49110", "+4911833"):
        task.callback_number = number
        with pytest.raises(Refused, match="no_number"):
            outbound_callbacks.check_may_dial(task, now)


@pytest.mark.parametrize("availability", ["morning", "afternoon", "any_time", None])
def test_attempts_are_made_at_different_times_of_day_within_the_hours_named(empty_database, availability) -> None:
    zone = settings.settings().hours.zone
    tried = [datetime(2026, 11, 23, 9, 5, tzinfo=zone).astimezone(UTC)]
    while (following := retry_schedule.next_attempt_at(tried, availability, tried[-1], empty_database)) is not None:
        tried.append(following)
    local = [at.astimezone(zone) for at in tried]
    assert len(local) == 4
    assert (local[-1].date() - local[0].date()).days <= 2, "over three days"
    assert all(8 <= at.hour < 18 for at in local)
    assert len({at.time() for at in local[1:]}) == 3 or availability in ("morning", "afternoon")
    if availability == "morning":
        assert all(at.hour < 12 for at in local)
    if availability == "afternoon":
        assert all(at.hour >= 12 for at in local[1:])


def test_the_next_attempt_in_the_dst_night_is_at_a_wall_clock_time(empty_database) -> None:
    saturday = datetime(2026, 10, 24, 17, 30, tzinfo=empty_database.hours.zone).astimezone(UTC)
    following = retry_schedule.next_attempt_at([saturday], "morning", saturday, empty_database).astimezone(
        empty_database.hours.zone
    )
    assert (following.date().isoformat(), following.hour) == ("2026-10-25", 8)


def test_people_are_called_in_the_half_of_the_day_they_have_named(empty_database) -> None:
    zone = settings.settings().hours.zone
    task = the_task(a_task())
    morning, afternoon = (datetime(2026, 11, 23, hour, tzinfo=zone) for hour in (9, 16))
    for named, fits in {"morning": (True, False), "afternoon": (False, True), "any_time": (True, True)}.items():
        task.availability = named
        assert (outbound_callbacks.is_the_time(task, morning), outbound_callbacks.is_the_time(task, afternoon)) == fits
    task.next_attempt_at = afternoon + timedelta(hours=1)
    assert not outbound_callbacks.is_the_time(task, afternoon)
    task.urgency = "emergency"
    assert outbound_callbacks.is_the_time(task, afternoon), "nobody waits for an hour of the day in an emergency"


@pytest.mark.parametrize("keys", [("9", "1"), ("3", "1", "2", "123456789", "1", "2"), ("1",)])
def test_a_time_named_by_receipt_code_counts_for_every_kind_of_request(webhook_caller, keys: tuple[str, ...]) -> None:
    """Also in an emergency, whose caller was not asked for one. The promise stays what it was."""
    zone = settings.settings().hours.zone
    morning, afternoon = (datetime(2026, 11, 23, hour, tzinfo=zone) for hour in (9, 16))
    first = until(webhook_caller().dials().presses("1", *keys), "confirm_number").presses("1")
    first = first if first.is_over else until(first, "availability").presses("3")
    before = task_of(first)
    if keys[0] == "9":
        assert outbound_callbacks.is_the_time(the_task(before.id), morning), "as soon as possible"
    later = webhook_caller("anonymous").dials().presses("1", "3", "4", before.receipt_code, "2")
    later.hears("availability").presses("2").hears("noted").hangs_up()
    after = the_task(before.id)
    assert (after.availability, after.due_at) == ("afternoon", before.due_at)
    assert not outbound_callbacks.is_the_time(after, morning)
    assert outbound_callbacks.is_the_time(after, afternoon)


def test_longer_opening_hours_do_not_let_people_be_called_at_night(empty_database, monkeypatch) -> None:
    monkeypatch.setenv("HOURS__DAILY", "06:00-22:00")
    settings.settings.cache_clear()
    task = the_task(a_task())
    late = datetime(2026, 11, 23, 20, tzinfo=settings.settings().hours.zone)
    with pytest.raises(Refused, match="closed_now"):
        outbound_callbacks.check_may_dial(task, late)


def test_a_time_of_day_that_was_tried_comes_last(empty_database) -> None:
    zone = empty_database.hours.zone
    tried = [datetime(2026, 11, 23, 9, 5, tzinfo=zone), datetime(2026, 11, 24, 16, 30, tzinfo=zone)]
    following = retry_schedule.next_attempt_at(
        [at.astimezone(UTC) for at in tried], "any_time", tried[-1].astimezone(UTC), empty_database
    )
    assert following.astimezone(zone).isoformat()[:16] == "2026-11-25T11:30"
