"""A clock that leaps deletes nothing, locks nobody out, opens nothing for years; and what waits for it is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from ivr.accounts import login_sessions
from ivr.audit import access_log, anchors, break_glass
from ivr.callbacks import house_alarms
from ivr.cli import hotline
from ivr.domain.enums import AccessAction, AlertEvent, ClockState
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.audit import AccessLine
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import CodeTry, KnownCaller
from ivr.models.privacy import DeletionRecord
from ivr.platform import clock_watch, database
from ivr.platform.work_models import Checkpoint
from ivr.privacy import nightly_job
from ivr.telephony import former_version
from ivr.web import readiness
from ivr.workers import scheduler
from tests.support.data_subjects import Person
from tests.support.people import a_task

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
