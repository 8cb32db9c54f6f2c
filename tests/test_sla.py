"""The promise: 24 hours from the first contact, recorded once when it is missed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ivr import callbacks, database, sla
from ivr.configuration import load, settings
from ivr.instants import utc_now
from ivr.models import CallbackTask, User
from tests.conftest import eventually
from tests.people import a_task, hire, the_task


def test_24_hours_are_24_hours_in_both_dst_nights(rooms) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for evening in (datetime(2026, 3, 28, 19, 40, tzinfo=berlin), datetime(2026, 10, 24, 19, 40, tzinfo=berlin)):
        start = evening.astimezone(UTC)
        assert sla.due_at(start, "callback", "normal", settings()) - start == timedelta(hours=24)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


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
def test_an_emergency_is_tried_within_two_hours_of_opening_time(rooms, reported: str, due: str) -> None:
    assert sla.due_at(berlin(reported), "callback", "emergency", settings()) == berlin(due)


def test_a_closure_does_not_make_an_emergency_later_than_a_callback(rooms) -> None:
    closed = load(hours={"closures": [{"first": "2026-12-24", "last": "2027-01-03"}]})
    start = berlin("2026-12-24T12:00")
    assert sla.due_at(start, "callback", "emergency", closed) - start == timedelta(hours=24)


def test_a_breach_is_recorded_once(rooms) -> None:
    task, fresh = a_task(age=timedelta(hours=25)), a_task()
    now = utc_now()

    def sweep(_: int) -> list[int]:
        with database.writing() as session:
            return list(sla.record_breaches(session, now))

    with ThreadPoolExecutor(4) as clocks:
        marked = [task_id for found in clocks.map(sweep, range(12)) for task_id in found]
    assert marked == [task]
    assert the_task(task).breached_at == now
    assert [event.kind for event in the_task(task).events] == ["opened", "breached"]
    assert the_task(fresh).breached_at is None


def test_an_attempt_in_time_keeps_the_promise_and_a_closed_task_has_none(rooms) -> None:
    people = hire()
    tried, closed = a_task(age=timedelta(hours=23)), a_task(age=timedelta(hours=23))
    with database.writing() as session:
        mia = session.get_one(User, people["mia"].id)
        for task_id in (tried, closed):
            callbacks.claim(session, session.get_one(CallbackTask, task_id), mia, utc_now())
        callbacks.attempt(session, session.get_one(CallbackTask, tried), mia, "no_answer", utc_now())
        callbacks.close(session, session.get_one(CallbackTask, closed), mia, "settled_otherwise", "war da", utc_now())
    with database.writing() as session:
        assert sla.record_breaches(session, utc_now() + timedelta(hours=2)) == []
    assert the_task(closed).first_attempt_at is None, "settling it otherwise is no attempt"


def test_the_clock_records_a_breach_within_ten_seconds(house, caller, tasks_of) -> None:
    person = caller().dials().hears("choose_language").presses("1").hears("main").presses("1")
    person.hears("consent").presses("2").hears("confirm_number").hangs_up()
    (task,) = tasks_of(person.call_sid)
    due = utc_now()
    with database.writing() as session:
        session.get_one(CallbackTask, task["id"]).due_at = due
    eventually(lambda: tasks_of(person.call_sid)[0]["breached_at"], 10)
    recorded = datetime.fromisoformat(tasks_of(person.call_sid)[0]["breached_at"])
    assert timedelta(0) <= recorded - due < timedelta(seconds=10)
