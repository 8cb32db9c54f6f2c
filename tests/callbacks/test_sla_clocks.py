"""The promise: 24 hours from the first contact; at risk, missed and met are recorded once, each with its instant."""

from __future__ import annotations

import os
import sys
import time as time_module
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from ivr.callbacks import attempts, claims, intake, sla_deadline_changes, urgency, workflow
from ivr.callbacks.refused import Refused
from ivr.config.settings import settings
from ivr.domain import sla_deadlines, sla_policies
from ivr.domain.timestamps import utc_now
from ivr.launcher.process_supervisor import Child, stop_all
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.sla import SlaClock
from ivr.platform import database
from tests.support.alerts import sweep
from tests.support.people import a_task, hire, the_task
from tests.support.sla import clock_of
from tests.support.waiting import eventually

# -- what is recorded ---------------------------------------------------------------------------------


def test_each_state_is_recorded_once_with_its_instant(empty_database) -> None:
    task, fresh = a_task(age=timedelta(hours=17)), a_task()
    start = the_task(task).first_contact_at
    moments = [start + timedelta(hours=hours) for hours in (17.9, 18, 18.1, 23.9, 24, 24.1, 71, 73)]
    with ThreadPoolExecutor(4) as three_clocks:
        for now in moments:
            list(three_clocks.map(sweep, [now] * 8))
    tried, reached = clock_of(task), clock_of(task, "reached")
    assert (tried.state, reached.state) == ("missed", "missed")
    assert (tried.at_risk_recorded_at, tried.missed_at) == (moments[1], moments[4])
    assert tried.escalated_at == moments[6], "four hours after the miss it was seen, at the next sweep"
    assert the_task(task).breached_at == moments[4]
    kinds = [event.kind for event in the_task(task).events]
    assert kinds == ["opened", "at_risk", "breached", "not_reached_in_time"]
    assert the_task(fresh).breached_at is None or the_task(fresh).breached_at > moments[5]


def test_a_clock_that_was_away_records_what_it_slept_through(empty_database) -> None:
    task = a_task(age=timedelta(hours=25))
    now = utc_now()
    assert sweep(now) == 1
    assert sweep(now) == 0
    assert (clock_of(task).at_risk_recorded_at, clock_of(task).missed_at) == (now, now)


def test_tried_in_time_and_reached_late_are_two_things(empty_database) -> None:
    people = hire()
    task = a_task(age=timedelta(hours=80))
    start = the_task(task).first_contact_at
    with database.writing() as session:
        mia, found = session.get_one(User, people["mia"].id), session.get_one(CallbackTask, task)
        claims.claim(session, found, mia, start + timedelta(hours=1))
        attempts.record(session, found, mia, "no_answer", start + timedelta(hours=23))
    assert (clock_of(task).state, clock_of(task).met_at) == ("met", start + timedelta(hours=23))
    sweep(start + timedelta(hours=73))
    with database.writing() as session:
        mia, found = session.get_one(User, people["mia"].id), session.get_one(CallbackTask, task)
        attempts.record(session, found, mia, "reached", start + timedelta(hours=75))
        workflow.close(session, found, mia, "settled_otherwise", "", start + timedelta(hours=76))
    reached = clock_of(task, "reached")
    assert (reached.state, reached.missed_at, reached.met_at) == (
        "met_late", start + timedelta(hours=73), start + timedelta(hours=75),
    )  # fmt: skip
    assert the_task(task).breached_at is None


def test_an_attempt_in_time_keeps_the_promise_and_a_closed_task_has_none(empty_database) -> None:
    people = hire()
    tried, closed = a_task(age=timedelta(hours=23)), a_task(age=timedelta(hours=23))
    with database.writing() as session:
        mia = session.get_one(User, people["mia"].id)
        for task_id in (tried, closed):
            claims.claim(session, session.get_one(CallbackTask, task_id), mia, utc_now())
        attempts.record(session, session.get_one(CallbackTask, tried), mia, "no_answer", utc_now())
        workflow.close(session, session.get_one(CallbackTask, closed), mia, "settled_otherwise", "war da", utc_now())
    sweep(utc_now() + timedelta(hours=2))
    assert (the_task(tried).breached_at, the_task(closed).breached_at) == (None, None)
    assert the_task(closed).first_attempt_at is None, "settling it otherwise is no attempt"
    assert (clock_of(closed).state, clock_of(closed, "reached").state) == ("void", "met")


def test_an_attempt_that_comes_too_late_is_a_miss_even_if_the_clock_slept(empty_database) -> None:
    people = hire()
    task = a_task(age=timedelta(hours=25))
    now = utc_now()
    with database.writing() as session:
        mia, found = session.get_one(User, people["mia"].id), session.get_one(CallbackTask, task)
        claims.claim(session, found, mia, now)
        attempts.record(session, found, mia, "no_answer", now)
    assert (clock_of(task).state, clock_of(task).missed_at, clock_of(task).met_at) == ("met_late", now, now)
    assert the_task(task).breached_at == now


def test_a_reopened_task_is_promised_again_as_before(empty_database) -> None:
    people = hire()
    task = a_task(age=timedelta(hours=20))
    due, now = the_task(task).due_at, utc_now()
    with database.writing() as session:
        mia, found = session.get_one(User, people["mia"].id), session.get_one(CallbackTask, task)
        claims.claim(session, found, mia, now)
        workflow.close(session, found, mia, "settled_otherwise", "", now)
        workflow.reopen(session, found, mia, now)
    assert (clock_of(task).state, clock_of(task).due_at) == ("at_risk", due)
    sweep(due)
    assert clock_of(task).missed_at == due


def test_repeat_calls_hand_overs_and_policies_do_not_restart_the_clock(empty_database, monkeypatch) -> None:
    task = a_task(age=timedelta(hours=5), number="+4917612345678")
    due = the_task(task).due_at
    assert a_task(number="+4917612345678", called_before=True) == task
    monkeypatch.setattr(sla_deadlines, "promised", lambda *_: sla_policies.Promise("wall", 240, 480, 0.5))
    assert a_task(number="+4917612345678", called_before=True) == task
    assert (the_task(task).due_at, clock_of(task).due_at) == (due, due)
    other = a_task()
    assert the_task(other).due_at - the_task(other).first_contact_at == timedelta(hours=240)


def test_an_emergency_comes_nearer_and_goes_back_to_what_was_promised(empty_database) -> None:
    people = hire()
    task = a_task(age=timedelta(hours=1))
    due, now = the_task(task).due_at, utc_now()
    with database.writing() as session:
        assert urgency.raise_by_words(session, session.get_one(CallbackTask, task), ["strom"], now)
    urgent = sla_deadlines.after("service", settings().hours, now, timedelta(hours=2))
    assert the_task(task).due_at == clock_of(task).due_at == min(due, urgent)
    with database.writing() as session:
        mia = session.get_one(User, people["mia"].id)
        urgency.lower_urgency(session, session.get_one(CallbackTask, task), mia, now)
    assert the_task(task).due_at == clock_of(task).due_at == due


def test_a_clock_of_the_future_starts_now(empty_database) -> None:
    """A host whose clock runs ahead has taken the call."""
    task = a_task(age=-timedelta(hours=3))
    assert the_task(task).first_contact_at > utc_now(), "told with its own clock, it is consistent"
    now = utc_now()
    with database.writing() as session:
        call = Call(call_sid="CA1", from_number=None, started_at=now + timedelta(days=2), state="in_progress")
        session.add(call)
        session.flush()
        late = intake.open_for(session, call, intake.Request(), now).id
    assert the_task(late).first_contact_at == now
    assert the_task(late).due_at == now + timedelta(hours=24)


# -- the caller asks for a later date -----------------------------------------------------------------


def test_who_asks_for_a_later_date_stops_the_clock_until_then(empty_database) -> None:
    people = hire()
    task = a_task(age=timedelta(hours=4))
    due, now = the_task(task).due_at, utc_now()
    friday, thursday = now + timedelta(days=3), now + timedelta(days=2)
    with database.writing() as session:
        mia, found = session.get_one(User, people["mia"].id), session.get_one(CallbackTask, task)
        workflow.put_off(session, found, mia, friday, now)
        assert found.due_at == due + timedelta(days=3)
        workflow.put_off(session, found, mia, thursday, now)  # they have thought again
        assert found.due_at == due + timedelta(days=2)
        assert found.next_attempt_at == thursday
        assert sla_deadline_changes.pause_of(session, task, now + timedelta(days=1)).until_at == thursday
    sweep(now + timedelta(days=2))
    assert clock_of(task).state == "on_track"
    sweep(due + timedelta(days=2))
    assert clock_of(task).missed_at == due + timedelta(days=2)
    assert "put_off" in [event.kind for event in the_task(task).events]


def test_what_is_missed_stays_missed_whoever_asks_for_what(empty_database) -> None:
    people = hire()
    task = a_task(age=timedelta(hours=30))
    now = utc_now()
    with database.writing() as session:
        mia, found = session.get_one(User, people["mia"].id), session.get_one(CallbackTask, task)
        workflow.put_off(session, found, mia, now + timedelta(days=3), now)
        for until in (now, now - timedelta(hours=1), now + timedelta(days=61)):
            with pytest.raises(Refused, match="later_date_needed"):
                workflow.put_off(session, found, mia, until, now)
    assert (clock_of(task).state, the_task(task).breached_at) == ("missed", now)


def test_the_clock_records_a_breach_within_ten_seconds(hotline, caller, tasks_of) -> None:
    person = caller().dials().hears("choose_language").presses("1").hears("main").presses("1")
    person.hears("consent").presses("2").hears("confirm_number").hangs_up()
    (task,) = tasks_of(person.call_sid)
    due = utc_now()
    with database.writing() as session:
        clock = session.get_one(SlaClock, (task["id"], "tried"))
        clock.due_at = clock.next_change_at = due
    eventually(lambda: tasks_of(person.call_sid)[0]["breached_at"], 10)
    recorded = datetime.fromisoformat(tasks_of(person.call_sid)[0]["breached_at"])
    assert timedelta(0) <= recorded - due < timedelta(seconds=10)


@pytest.mark.since("ci")
def test_three_clocks_record_each_breach_once_and_in_time(hotline, api) -> None:
    """The hotline's own, and two more hosts'."""
    tasks = [a_task("other", number=f"+491761{number:07d}") for number in range(60)]
    command = f"{sys.executable} -m ivr clock"
    logs = hotline.settings.var_dir / "log"
    others = [Child(f"clock-{n}", command, os.environ | hotline.environment, logs / f"clock-{n}.log") for n in (2, 3)]
    for other in others:
        other.start()
    try:
        time_module.sleep(3)  # they have come up
        due = utc_now()
        with database.writing() as session:
            session.execute(
                update(SlaClock)
                .where(SlaClock.task_id.in_(tasks), SlaClock.measure == "tried")
                .values(due_at=due, at_risk_at=due, next_change_at=due)
            )
        eventually(lambda: all(the_task(task).breached_at for task in tasks), 15, 0.3)
    finally:
        stop_all(others)
    for task in map(the_task, tasks):
        assert timedelta(0) <= task.breached_at - due < timedelta(seconds=10)
        assert [event.kind for event in task.events].count("breached") == 1


# -- what happens at the same time, or is told late ----------------------------------------------------


def test_an_attempt_taken_back_after_the_task_was_closed_starts_no_clock(empty_database) -> None:
    people = hire()
    task = a_task(age=timedelta(hours=2))
    now = utc_now()
    with database.writing() as session:
        mia, found = session.get_one(User, people["mia"].id), session.get_one(CallbackTask, task)
        claims.claim(session, found, mia, now)
        tried = attempts.began_to_ring(session, found, mia.id, 1, now)
        workflow.close(session, found, mia, "letter_sent", "", now)
        attempts.take_back(session, found, tried)
    assert clock_of(task).state == "void"
    assert sweep(now + timedelta(days=9)) == 0
    assert the_task(task).breached_at is None


def test_what_was_kept_in_time_and_told_late_is_kept(empty_database) -> None:
    """The telephone rang ten seconds before the deadline; the carrier told it afterwards."""
    people = hire()
    task = a_task(age=timedelta(hours=24, seconds=1))
    due = the_task(task).due_at
    sweep(due + timedelta(seconds=1))
    assert clock_of(task).state == "missed"
    with database.writing() as session:
        found = session.get_one(CallbackTask, task)
        attempts.began_to_ring(session, found, people["mia"].id, 1, due - timedelta(seconds=10))
    assert (clock_of(task).state, clock_of(task).missed_at, the_task(task).breached_at) == ("met", None, None)


def test_a_miss_that_is_seen_again_is_not_escalated_early(empty_database) -> None:
    people = hire()
    task = a_task(age=timedelta(hours=25))
    now = utc_now()
    sweep(now)
    with database.writing() as session:
        found = session.get_one(CallbackTask, task)
        tried = attempts.began_to_ring(session, found, people["mia"].id, 1, now)
        session.flush()
        attempts.take_back(session, found, tried)
    assert (clock_of(task).state, clock_of(task).next_change_at) == ("missed", now + timedelta(hours=4))


def test_a_later_wish_counts_also_for_what_became_an_emergency_meanwhile(empty_database) -> None:
    people = hire()
    task = a_task(age=timedelta(hours=1))
    now = utc_now()
    with database.writing() as session:
        mia, found = session.get_one(User, people["mia"].id), session.get_one(CallbackTask, task)
        workflow.put_off(session, found, mia, now + timedelta(days=7), now)
        urgency.raise_by_words(session, found, ["strom"], now)
        assert found.due_at < now + timedelta(days=3)
        workflow.put_off(session, found, mia, now + timedelta(days=9), now)
        assert found.due_at > now + timedelta(days=9)
