"""The promise: 24 hours from the first contact; at risk, missed and met are recorded once, each with its instant."""

from __future__ import annotations

import os
import sys
import time as time_module
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as patience
from hypothesis import strategies as some
from sqlalchemy import update

from ivr.callbacks import attempts, intake, sla_backfill, sla_clocks, sla_deadlines, workflow
from ivr.config.sections import ConfigurationError
from ivr.config.settings import load, settings
from ivr.domain import opening_hours, sla_policies
from ivr.domain.opening_hours import Hours
from ivr.domain.timestamps import utc_now
from ivr.launcher.process_supervisor import Child, stop_all
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.sla import SlaClock
from ivr.platform import database
from tests.support.alerts import sweep
from tests.support.people import a_task, hire, the_task
from tests.support.waiting import eventually

BERLIN = ZoneInfo("Europe/Berlin")


def due_at(start: datetime, kind: str, urgency: str, configured=None, team: str = "benefits") -> datetime:
    configured = configured or settings()
    return sla_policies.due_at(start, kind, urgency, team, configured.sla_policies, configured.hours)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def clock_of(task_id: int, measure: str = "tried") -> SlaClock:
    with database.reading() as session:
        return session.get_one(SlaClock, (task_id, measure))


# -- what is promised ---------------------------------------------------------------------------------


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


# -- against a slow, obviously right reference --------------------------------------------------------

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


@patience(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
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
    due = sla_policies.after(clock, hours, start, minutes * _MINUTE)
    assert due == expected
    assert sla_policies.between(clock, hours, start, due) == minutes * _MINUTE

    pause = start + data.draw(some.integers(0, minutes)) * _MINUTE
    until = pause + data.draw(some.integers(1, 5 * 24 * 60)) * _MINUTE
    left = sla_policies.between(clock, hours, pause, due)
    if left and (later := reference(clock, hours, start, minutes, [(pause, until)])) is not None:
        assert sla_policies.after(clock, hours, until, left) == later


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
        workflow.claim(session, found, mia, start + timedelta(hours=1))
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
            workflow.claim(session, session.get_one(CallbackTask, task_id), mia, utc_now())
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
        workflow.claim(session, found, mia, now)
        attempts.record(session, found, mia, "no_answer", now)
    assert (clock_of(task).state, clock_of(task).missed_at, clock_of(task).met_at) == ("met_late", now, now)
    assert the_task(task).breached_at == now


def test_a_reopened_task_is_promised_again_as_before(empty_database) -> None:
    people = hire()
    task = a_task(age=timedelta(hours=20))
    due, now = the_task(task).due_at, utc_now()
    with database.writing() as session:
        mia, found = session.get_one(User, people["mia"].id), session.get_one(CallbackTask, task)
        workflow.claim(session, found, mia, now)
        workflow.close(session, found, mia, "settled_otherwise", "", now)
        workflow.reopen(session, found, mia, now)
    assert (clock_of(task).state, clock_of(task).due_at) == ("at_risk", due)
    sweep(due)
    assert clock_of(task).missed_at == due


def test_repeat_calls_hand_overs_and_policies_do_not_restart_the_clock(empty_database, monkeypatch) -> None:
    task = a_task(age=timedelta(hours=5), number="+4917612345678")
    due = the_task(task).due_at
    assert a_task(number="+4917612345678") == task
    monkeypatch.setattr(sla_policies, "promised", lambda *_: sla_policies.Promise("wall", 240, 480, 0.5))
    assert a_task(number="+4917612345678") == task
    assert (the_task(task).due_at, clock_of(task).due_at) == (due, due)
    other = a_task()
    assert the_task(other).due_at - the_task(other).first_contact_at == timedelta(hours=240)


def test_an_emergency_comes_nearer_and_goes_back_to_what_was_promised(empty_database) -> None:
    people = hire()
    task = a_task(age=timedelta(hours=1))
    due, now = the_task(task).due_at, utc_now()
    with database.writing() as session:
        assert workflow.raise_by_words(session, session.get_one(CallbackTask, task), ["strom"], now)
    urgent = sla_policies.after("service", settings().hours, now, timedelta(hours=2))
    assert the_task(task).due_at == clock_of(task).due_at == min(due, urgent)
    with database.writing() as session:
        mia = session.get_one(User, people["mia"].id)
        workflow.lower_urgency(session, session.get_one(CallbackTask, task), mia, now)
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
        sla_clocks.ask_later(session, found, mia, friday, now)
        assert found.due_at == due + timedelta(days=3)
        sla_clocks.ask_later(session, found, mia, thursday, now)  # they have thought again
        assert found.due_at == due + timedelta(days=2)
        assert found.next_attempt_at == thursday
        assert sla_deadlines.pause_of(session, task, now + timedelta(days=1)).until_at == thursday
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
        sla_clocks.ask_later(session, found, mia, now + timedelta(days=3), now)
        for until in (now, now - timedelta(hours=1), now + timedelta(days=61)):
            with pytest.raises(ValueError, match="60 days"):
                sla_clocks.ask_later(session, found, mia, until, now)
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
        workflow.claim(session, found, mia, now)
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
        sla_clocks.ask_later(session, found, mia, now + timedelta(days=7), now)
        workflow.raise_by_words(session, found, ["strom"], now)
        assert found.due_at < now + timedelta(days=3)
        sla_clocks.ask_later(session, found, mia, now + timedelta(days=9), now)
        assert found.due_at > now + timedelta(days=9)


def test_tasks_older_than_the_clocks_get_the_states_they_had(empty_database) -> None:
    old, late, withdrawn = (a_task(age=timedelta(days=30)) for _ in range(3))
    overdue, now = a_task(age=timedelta(hours=25)), utc_now()
    with database.writing() as session:
        start = session.get_one(CallbackTask, old).first_contact_at
        for number, task_id in enumerate((old, late, withdrawn)):
            task = session.get_one(CallbackTask, task_id)
            if number < 2:
                task.first_attempt_at = start + timedelta(hours=2)
            task.state, task.closed_at = "closed", start + timedelta(days=(1, 20, 1)[number])
            task.outcome = "withdrawn" if number == 2 else "settled_otherwise"
        breached = session.get_one(CallbackTask, overdue)
        breached.breached_at = now
        session.query(SlaClock).delete()
    with database.writing() as session:
        assert sla_backfill.start_missing(session) == 4
    states = [(clock_of(task).state, clock_of(task, "reached").state) for task in (old, late, withdrawn)]
    assert states == [("met", "met"), ("met", "met_late"), ("void", "void")]
    assert clock_of(overdue).next_change_at == now + timedelta(hours=4)
