"""A clock that leaps deletes nothing, locks nobody out, opens nothing for years; and what waits for it is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from ivr.accounts import login_sessions
from ivr.audit import access_log, anchors, break_glass
from ivr.callbacks import early_records, house_alarms, sla_clocks
from ivr.calls import synthetic_calls
from ivr.cli import hotline
from ivr.domain.enums import AccessAction, AlertEvent, ClockState, SlaMeasure, SlaState
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.audit import AccessLine
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import CodeTry, KnownCaller
from ivr.models.privacy import DeletionRecord
from ivr.models.reporting import MetricDay
from ivr.models.sla import SlaClock
from ivr.platform import clock_watch, database
from ivr.platform.work_models import Checkpoint
from ivr.privacy import nightly_job
from ivr.reporting import daily_metrics
from ivr.telephony import former_version
from ivr.web import readiness
from ivr.workers import scheduler
from tests.support.data_subjects import Person
from tests.support.people import a_task

#: How the server's clock is read.
SERVER_CLOCK = clock_watch.server_clock
YEARS = timedelta(days=730)
#: When the night's run of today was due.
NIGHT = utc_now().astimezone(ZoneInfo("Europe/Berlin")).replace(hour=3, minute=30, second=0, microsecond=0)


def count(table: type) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def checkpoint(name: str) -> datetime | None:
    with database.reading() as session:
        return session.scalar(select(Checkpoint.at).where(Checkpoint.name == name))


def write(name: str, at: datetime) -> None:
    with database.writing() as session:
        session.merge(Checkpoint(name=name, at=at))


@pytest.fixture(autouse=True)
def on_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database server has the same clock, so it is no witness."""
    monkeypatch.setattr(clock_watch, "server_clock", lambda session: None)


@pytest.mark.parametrize("seen_before", [True, False])
def test_a_leap_of_years_deletes_nothing_and_deletion_goes_on_when_it_is_over(services, seen_before: bool) -> None:
    Person(services, 1, NIGHT - timedelta(days=10))
    if seen_before:
        assert nightly_job.nightly(NIGHT)
    before = count(CallbackTask), count(DeletionRecord)
    for _ in range(3):
        assert not nightly_job.nightly(NIGHT + YEARS)
    assert (count(CallbackTask), count(DeletionRecord)) == before
    assert checkpoint("retention") == (NIGHT if seen_before else None), "it does not lie in the future"
    assert nightly_job.nightly(NIGHT + timedelta(days=1))
    assert nightly_job.nightly(NIGHT + timedelta(days=2))


def test_what_everything_else_forgets_waits_too(services, monkeypatch) -> None:
    now = utc_now()
    with database.writing() as session:
        session.add(CodeTry(number_hash="x", call_hash="", of_member=False, tried_at=now))
        session.add(KnownCaller(number_hash="y", language="tr", last_called_at=now))
    scheduler.watch_clock()
    monkeypatch.setattr(scheduler, "utc_now", lambda: now + YEARS)
    scheduler.forget()
    scheduler.watch_clock()
    assert (count(CodeTry), count(KnownCaller)) == (1, 1)
    with database.reading() as session:
        (alarm,) = house_alarms.shown(session, now)
        assert (alarm.event, alarm.last_at <= now + timedelta(minutes=5)) == (AlertEvent.CLOCK, True)
    monkeypatch.setattr(scheduler, "utc_now", lambda: now + timedelta(hours=26))
    scheduler.forget()
    assert count(CodeTry) == 0, "the clock is right again, and nobody had to say so"


def test_a_leap_misses_no_promise_and_makes_no_day_of_the_figures_final(empty_database, monkeypatch) -> None:
    """What is recorded and counted stays so: a task would be missed for good, and days to come would be empty."""
    task_id, now = a_task(), utc_now()
    scheduler.watch_clock()
    for instant in (now + YEARS, now):
        monkeypatch.setattr(scheduler, "utc_now", lambda instant=instant: instant)
        scheduler.sweep()
        scheduler.count_days()
    with database.reading() as session:
        assert {clock.missed_at for clock in session.get_one(CallbackTask, task_id).clocks} == {None}
        assert not session.scalar(select(func.count()).select_from(MetricDay).where(MetricDay.final))
        day = daily_metrics.local_day(now)
        assert daily_metrics.totals(session, day, day, ["tasks"]) == {"tasks": 1}


def test_days_that_a_clock_has_counted_ahead_are_counted_again(empty_database) -> None:
    """As an earlier version, or a leap of a day, left them: today is final, or was counted tomorrow."""
    now = utc_now()
    day = daily_metrics.local_day(now)
    with database.writing() as session:
        daily_metrics.count_days(session, [day], now + YEARS)
        daily_metrics.count_days(session, [day + timedelta(days=20)], now + YEARS)
        daily_metrics.count_days(session, [day - timedelta(days=1)], now + timedelta(hours=20))
    a_task()
    with database.writing() as session:
        due = daily_metrics.due(session, now)
        assert {day, day - timedelta(days=1)} <= set(due)
        daily_metrics.count_days(session, due, now)
        assert daily_metrics.totals(session, day, day, ["tasks"]) == {"tasks": 1}
        assert day not in daily_metrics.final_days(session, day, day)


def test_a_synthetic_call_of_the_future_stops_no_other(empty_database, monkeypatch) -> None:
    monkeypatch.setattr(synthetic_calls, "settings", lambda: SimpleNamespace(synthetic_call_minutes=15))
    with database.writing() as session:
        assert synthetic_calls.plan(session, utc_now() + YEARS) is not None
        assert synthetic_calls.plan(session, utc_now()) is not None
        assert synthetic_calls.plan(session, utc_now()) is None


class Leap:
    """The clock of the schedulers, which leaps while rounds are done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began, self.monkeypatch = utc_now(), monkeypatch
        scheduler.watch_clock()

    def rounds(self, hours: float, *, watched: bool = True) -> datetime:
        """What is done again and again, so many hours after the beginning."""
        instant = self.began + timedelta(hours=hours)
        self.monkeypatch.setattr(scheduler, "utc_now", lambda: instant)
        if watched:
            scheduler.watch_clock()
        scheduler.sweep()
        return instant

    @staticmethod
    def due_in(hours: float, at_risk_in: float) -> int:
        """A task whose promises are due in so many hours."""
        task_id, now = a_task(), utc_now()
        with database.writing() as session:
            task = session.get_one(CallbackTask, task_id)
            task.due_at = now + timedelta(hours=hours)
            for clock in task.clocks:
                clock.due_at, clock.at_risk_at = task.due_at, now + timedelta(hours=at_risk_in)
                clock.next_change_at = clock.at_risk_at
        return task_id


@pytest.mark.parametrize("hours", [0.2, 0.9, 6, 47])
@pytest.mark.parametrize("watched", [True, False], ids=["for minutes", "for a sweep"])
def test_what_a_leap_of_less_than_days_has_missed_is_taken_back_when_the_clock_returns(
    empty_database, monkeypatch, hours: float, watched: bool
) -> None:
    leap = Leap(monkeypatch)
    soon, later = Leap.due_in(hours / 2, hours / 4), Leap.due_in(hours + 5, hours / 2)
    for _ in range(2):
        leap.rounds(hours, watched=watched)
    with database.reading() as session:
        clocks = session.get_one(CallbackTask, soon).clocks
        assert {clock.state for clock in clocks} == {"missed"}, "a clock alone cannot know better"
    leap.rounds(0.01)
    with database.reading() as session:
        for task_id in (soon, later):
            task = session.get_one(CallbackTask, task_id)
            assert task.breached_at is None
            assert {(c.state, c.missed_at, c.at_risk_recorded_at) for c in task.clocks} == {("on_track", None, None)}
            assert not {event.kind for event in task.events} & {"at_risk", "breached", "not_reached_in_time"}
        assert AlertEvent.CLOCK in {alarm.event for alarm in house_alarms.shown(session, utc_now())}
        assert clock_watch.compare(session, leap.began + timedelta(minutes=1)).state == ClockState.RIGHT
    missed_at = leap.rounds(hours * 0.75)
    with database.reading() as session:
        assert {clock.missed_at for clock in session.get_one(CallbackTask, soon).clocks} == {missed_at}, "truly now"


def test_what_was_missed_before_a_leap_stays_so_and_what_people_did_meanwhile_counts(
    empty_database, monkeypatch
) -> None:
    leap = Leap(monkeypatch)
    missed, met, closed = Leap.due_in(0.05, 0.02), Leap.due_in(3, 1), Leap.due_in(3, 1)
    missed_at = leap.rounds(0.1)
    ahead = leap.rounds(6)
    with database.writing() as session:
        sla_clocks.met(session, met, SlaMeasure.TRIED, ahead)
        sla_clocks.void(session, closed, ahead, SlaMeasure.TRIED)
    returned_at = leap.rounds(0.2)
    with database.reading() as session:
        assert {c.missed_at for c in session.get_one(CallbackTask, missed).clocks} == {missed_at}
        tried = session.get_one(SlaClock, (met, SlaMeasure.TRIED))
        assert (tried.state, tried.met_at, tried.missed_at) == (SlaState.MET, returned_at, None)
        tried = session.get_one(SlaClock, (closed, SlaMeasure.TRIED))
        assert (tried.state, tried.missed_at) == (SlaState.VOID, None)
        assert session.get_one(CallbackTask, closed).breached_at is None


def test_a_clock_that_falls_behind_takes_nothing_back_until_somebody_says_that_it_is_right(
    empty_database, monkeypatch
) -> None:
    """Nothing tells that it was ahead before: it may be wrong now."""
    leap = Leap(monkeypatch)
    task_id = Leap.due_in(0.5, 0.1)
    for hours in (0, 0.07, 0.14, 0.21, 0.28, 0.35, 0.42, 0.49, 0.56, 2.0):
        leap.rounds(hours)
    with database.writing() as session:
        session.query(Checkpoint).filter(Checkpoint.name == "clock before a gap").delete()
    leap.rounds(0.3)
    with database.reading() as session:
        assert {c.missed_at is None for c in session.get_one(CallbackTask, task_id).clocks} == {False}
    with database.writing() as session:
        early_records.confirm_clock(session, leap.began + timedelta(hours=0.3))
    with database.reading() as session:
        assert {c.missed_at for c in session.get_one(CallbackTask, task_id).clocks} == {None}


class TwoHosts:
    """Two hosts with a scheduler each; the clock of the second one is wrong by so many hours, all the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, wrong_by: float) -> None:
        self.first, self.wrong_by = Leap(monkeypatch), wrong_by
        self.instant = self.first.began
        monkeypatch.setattr(clock_watch, "server_clock", lambda session: self.instant)

    def after(self, minutes: float) -> datetime:
        """When both began to look, and so many minutes."""
        return self.first.began + timedelta(minutes=minutes)

    def minutes(self, began: int, ended: int) -> None:
        """Both look and sweep each minute, the second one half a minute later."""
        for minute in range(began, ended):
            for after, wrong in ((0.0, 0.0), (0.5, self.wrong_by)):
                hours = (minute + after) / 60
                self.instant = self.after(minute + after)
                self.first.rounds(hours + wrong)


def recorded(task_id: int) -> tuple[set[object], list[str]]:
    """What the promises of a task are said to be, and what its history says of them."""
    with database.reading() as session:
        task = session.get_one(CallbackTask, task_id)
        swept = ("at_risk", "breached", "not_reached_in_time")
        return {c.missed_at for c in task.clocks}, sorted(e.kind for e in task.events if e.kind in swept)


@pytest.mark.parametrize("ahead", [0.2, 0.9, 6, 47])
def test_a_host_that_is_always_ahead_misses_no_promise_that_another_one_takes_back(
    empty_database, monkeypatch, ahead: float
) -> None:
    hosts = TwoHosts(monkeypatch, ahead)
    soon, later = Leap.due_in(0.1, 0.05), Leap.due_in(ahead + 0.05, ahead + 0.01)
    for minute in range(5):
        hosts.minutes(minute, minute + 1)
        assert recorded(soon)[0] == recorded(later)[0] == {None}, f"minute {minute}"
    hosts.minutes(5, 12)
    assert recorded(soon) == (
        {hosts.after(7)},
        ["at_risk", "breached", "not_reached_in_time"],
    )
    assert recorded(later) == ({None}, [])
    with database.reading() as session:
        assert AlertEvent.CLOCK in {alarm.event for alarm in house_alarms.shown(session, hosts.instant)}


@pytest.mark.parametrize("behind", [-0.2, -0.9, -6, -47])
def test_a_host_that_is_always_behind_takes_nothing_back(empty_database, monkeypatch, behind: float) -> None:
    hosts = TwoHosts(monkeypatch, behind)
    task_id = Leap.due_in(0.05, 0.02)
    hosts.minutes(0, 12)
    assert recorded(task_id) == (
        {hosts.after(4)}, ["at_risk", "breached", "not_reached_in_time"])  # fmt: skip
    with database.reading() as session:
        assert AlertEvent.CLOCK in {alarm.event for alarm in house_alarms.shown(session, hosts.instant)}


@pytest.mark.parametrize("wrong", [-6, -0.2, 0.2, 6])
def test_a_database_server_whose_clock_is_wrong_stops_nothing(empty_database, monkeypatch, wrong: float) -> None:
    hosts = TwoHosts(monkeypatch, 0)
    monkeypatch.setattr(clock_watch, "server_clock", lambda session: hosts.instant + timedelta(hours=wrong))
    task_id = Leap.due_in(0.05, 0.02)
    hosts.minutes(0, 12)
    assert recorded(task_id)[0] == {hosts.after(3.5)}
    with database.reading() as session:
        assert not house_alarms.shown(session, hosts.instant)


def test_a_leap_of_one_machine_is_seen_at_once_beside_a_database_server(empty_database, monkeypatch) -> None:
    hosts = TwoHosts(monkeypatch, 0)
    task_id = Leap.due_in(1, 0.5)
    hosts.minutes(0, 2)
    hosts.first.rounds(6)
    assert recorded(task_id) == ({None}, [])
    hosts.minutes(3, 5)
    assert recorded(task_id) == ({None}, [])


def test_the_database_server_tells_its_clock_where_it_has_one(empty_database) -> None:
    with database.reading() as session:
        told = SERVER_CLOCK(session)
        if session.get_bind().dialect.name == "sqlite":
            assert told is None
        else:
            assert told is not None
            assert abs(told - utc_now()) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("hours", "state"),
    [(0, ClockState.RIGHT), (40, ClockState.RIGHT), (-0.8, ClockState.RIGHT), (72, ClockState.AHEAD),
     (5 * 365 * 24, ClockState.AHEAD), (-2, ClockState.BEHIND), (-365 * 24, ClockState.BEHIND)],
)  # fmt: skip
def test_what_counts_as_a_leap(empty_database, hours: float, state: ClockState) -> None:
    now = utc_now()
    assert clock_watch.look(now).is_right
    assert clock_watch.look(now + timedelta(hours=hours)).state == state
    with database.reading() as session:
        assert clock_watch.compare(session, now + timedelta(hours=41)).is_right, "a leap is not what is seen last"


def test_a_person_says_that_the_clock_is_right(services) -> None:
    """After days in which everything stood still."""
    write("clock", utc_now() - timedelta(days=20))
    said = CliRunner().invoke(hotline, ["retention", "run"])
    assert said.exit_code == 1
    assert "retention confirm-clock" in said.output
    said = CliRunner().invoke(hotline, ["retention", "confirm-clock"])
    assert said.exit_code == 0, said.output
    assert CliRunner().invoke(hotline, ["retention", "run"]).exit_code == 0
    with database.reading() as session:
        assert "the clock is right" in session.scalars(select(AccessLine.detail)).all()


def test_a_supervisor_sees_it_and_says_so_on_the_page(desk) -> None:
    lena = desk("lena")
    assert "Die Uhr ist gesprungen" not in lena.get("/supervision/unfinished").text
    write("clock", utc_now() + timedelta(days=300))
    assert "Die Uhr ist gesprungen" in lena.get("/supervision/unfinished").text
    lena.post("/supervision/clock")
    assert "Die Uhr ist gesprungen" not in lena.get("/supervision/unfinished").text
    with database.reading() as session:
        assert clock_watch.compare(session, utc_now()).is_right


def test_who_asks_what_is_missing_is_told(empty_database) -> None:
    now = utc_now()
    assert readiness._clock().state == readiness.OK
    write("retention", now + YEARS)
    assert "retention" in readiness._clock().state
    write("clock", now - timedelta(days=9))
    part = readiness._clock()
    assert part.state.startswith("is ahead")
    assert "confirm-clock" in part.remedy


def test_a_checkpoint_in_the_future_stops_nothing_for_years(services, caplog) -> None:
    """As an earlier version left it."""
    write("retention", NIGHT + YEARS)
    assert nightly_job.nightly(NIGHT)
    assert "said to be in the future" in caplog.text
    assert checkpoint("retention") == NIGHT
    write(former_version.CHECKPOINT, utc_now() + YEARS)
    former_version._known.clear()
    assert not former_version.is_accepted(), "states of the version before are not accepted for years"
    former_version._known.clear()


def test_anchors_go_on_after_one_of_the_future(services) -> None:
    now = utc_now()

    def line() -> None:
        with database.writing() as session:
            access_log.append(session, access_log.SYSTEM, AccessAction.DELETED, now)

    line()
    assert anchors.keep(now)
    line()
    assert anchors.keep(now + YEARS, thin=False)
    line()
    assert anchors.keep(now + timedelta(hours=2))
    assert len(list(anchors.all_anchors())) == 3
    assert anchors.disagreeing() == []


def test_log_ins_openings_and_delays_of_a_wrong_clock_do_not_last_for_years(desk) -> None:
    desk("mia")
    task_id, now = a_task(), utc_now()
    with database.writing() as session:
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        token = login_sessions.begin(session, mia, "10.0.0.1", now + YEARS)
        break_glass.open_task(session, session.get_one(CallbackTask, task_id), mia, "stand_in", now + YEARS)
        delays = login_sessions.of_log_in(session, "mia", "10.0.0.9", now + YEARS)
        for _ in range(9):
            login_sessions.attempt(session, delays, now + YEARS)
        session.flush()
        assert login_sessions.find(session, token, now + YEARS) is not None
    with database.writing() as session:
        assert login_sessions.find(session, token, now) is None
        task = session.get_one(CallbackTask, task_id)
        assert break_glass.reason_for(session, task, session.get_one(User, mia.id), now) is None
        assert login_sessions.attempt(session, login_sessions.of_log_in(session, "mia", "10.0.0.9", now), now) == 0
