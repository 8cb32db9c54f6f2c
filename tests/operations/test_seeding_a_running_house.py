"""Invented calls are added while real ones arrive: nobody waits for them, and they count on their days."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update

from ivr.cli import hotline
from ivr.config.settings import Settings
from ivr.domain.timestamps import utc_now
from ivr.models.calls import Call
from ivr.models.reporting import MetricDay
from ivr.models.voicebox import Recording
from ivr.operations import demo_data, house_pace
from ivr.platform import database, heartbeat, spool
from ivr.reporting import daily_metrics
from tests.support.environment import ROOT
from tests.support.receipts import codes_heard
from tests.support.webhook_calls import WebhookCall

pytestmark = pytest.mark.since("ci")

BY_KEY = ["2", "1", "2", "1", "#", "3"]
DAYS, A_DAY = 12, 20


@pytest.fixture
def running_house(empty_database: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A scheduler runs, has counted the days, and this process answers callers."""
    monkeypatch.setattr(database._patience, "seconds", 1.2)
    database.engine().dispose()
    now = utc_now()
    with database.writing() as session:
        heartbeat.beat(session.connection(), now)
        for day in range(DAYS + 2):
            daily_metrics.count_day(session, daily_metrics.local_day(now - timedelta(days=day)), now)
        assert session.scalar(select(func.count()).select_from(MetricDay).where(MetricDay.final)) > 0
    return empty_database


@pytest.mark.since("ci")
def test_callers_hear_their_code_meanwhile(running_house: Settings) -> None:
    from ivr.web.app import create_app

    client = create_app().test_client()
    seeding = threading.Thread(target=demo_data.seed, args=(DAYS, A_DAY, utc_now()))
    seeding.start()
    heard, longest = [], 0.0
    while seeding.is_alive():
        began = time.monotonic()
        number = f"+49151123{len(heard):05d}"
        call = WebhookCall(client, BY_KEY, number).to_its_end()
        longest = max(longest, time.monotonic() - began)
        heard.append(codes_heard("en", call.documents))
    seeding.join()
    assert len(heard) > 3
    assert all(heard), f"{heard.count(set())} of {len(heard)} callers heard no code"
    assert not spool.waiting()


@pytest.mark.since("ci")
def test_what_was_written_stands_in_the_figures_of_its_days(running_house: Settings) -> None:
    now = utc_now()
    made = demo_data.seed(DAYS, A_DAY, now)
    first, last = daily_metrics.local_day(now - timedelta(days=DAYS)), daily_metrics.local_day(now)
    with database.reading() as session:
        figures = daily_metrics.by_day(session, first, last, "calls")
        by_day = {day: value for (day, _), value in figures.items()}
        started = session.scalars(select(Call.started_at)).all()
    expected: dict[object, float] = {}
    for at in started:
        day = daily_metrics.local_day(at)
        expected[day] = expected.get(day, 0) + 1
    assert sum(expected.values()) == made.calls
    assert by_day == expected


@pytest.mark.since("ci")
def test_a_final_day_keeps_what_was_deleted_since(running_house: Settings) -> None:
    """Its tasks may be gone: their figures stay, and what is new is added."""
    now = utc_now()
    old = daily_metrics.local_day(now - timedelta(days=DAYS))
    with database.writing() as session:
        daily_metrics.store(session, old, {("", "calls", ""): 1000.0})
    demo_data.seed(DAYS, A_DAY, now)
    with database.reading() as session:
        new = sum(daily_metrics.local_day(at) == old for at in session.scalars(select(Call.started_at)))
        assert new > 0
        assert daily_metrics.stored(session, old)["", "calls", ""] == 1000.0 + new


@pytest.mark.since("ci")
def test_two_that_add_at_once_add_one_after_the_other_and_count_once(running_house: Settings) -> None:
    now, made = utc_now(), list[demo_data.Seeded]()
    both = [
        threading.Thread(target=lambda one=number: made.append(demo_data.seed(DAYS, A_DAY, now, one)))
        for number in (1, 2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(made) == 2, "neither failed"
    assert_counted(now)


def test_what_an_interrupted_run_has_written_is_counted(
    running_house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, left = demo_data._write, [30]

    def interrupted(*given: object) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        write(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(demo_data, "_write", interrupted)
    now = utc_now()
    with pytest.raises(KeyboardInterrupt):
        demo_data.seed(DAYS, A_DAY, now)
    monkeypatch.undo()
    assert_counted(now)
    demo_data.seed(DAYS, A_DAY, now, 2)
    assert_counted(now)


def assert_counted(now: datetime) -> None:
    """Each call stands in the figures of its day, once."""
    first, last = daily_metrics.local_day(now - timedelta(days=DAYS)), daily_metrics.local_day(now)
    with database.reading() as session:
        counted = daily_metrics.by_day(session, first, last, "calls")
        days = Counter(daily_metrics.local_day(at) for at in session.scalars(select(Call.started_at)))
    assert {day: value for (day, _), value in counted.items()} == days


def test_a_house_that_does_not_run_is_filled_without_pauses(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []
    monkeypatch.setattr(time, "sleep", paused.append)
    demo_data.seed(1, 5, utc_now())
    assert paused == []


def test_the_same_people_can_be_added_again(running_house: Settings) -> None:
    """Each run has calls and recordings of its own, though the same number makes the same people up."""
    now = utc_now()
    made = [demo_data.seed(2, 12, now) for _ in range(3)]
    with database.reading() as session:
        assert session.scalar(select(func.count(Call.id))) == sum(run.calls for run in made)
        numbers = session.scalars(select(Call.from_number)).all()
        assert len(set(numbers)) == len(numbers) / 3, "the same people"
        assert session.scalar(select(func.count(Recording.id))) == sum(run.messages for run in made)


def test_a_house_that_is_started_meanwhile_has_its_pauses_from_then_on(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, paused = [100.0], []
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", paused.append)
    pace = house_pace.Pace()
    with pace.turn():
        pass
    with database.writing() as session:
        heartbeat.beat(session.connection(), utc_now())
    clock[0] += heartbeat.EVERY
    with pace.turn():
        pass
    assert len(paused) == 1
    with database.writing() as session:
        heartbeat.beat(session.connection(), utc_now() - timedelta(minutes=5))
    clock[0] += heartbeat.EVERY
    with pace.turn():
        pass
    assert len(paused) == 1, "it was stopped again"


def test_a_day_that_becomes_final_meanwhile_is_counted_whole(running_house: Settings, monkeypatch) -> None:
    """The scheduler counts the days again, and closes them, between two turns of the seeding."""
    now = utc_now()
    written = demo_data._write

    def write(session, *given) -> None:
        written(session, *given)
        for day in range(DAYS + 1):
            daily_metrics.count_day(session, daily_metrics.local_day(now - timedelta(days=day)), now)
        session.execute(update(MetricDay).values(final=True))

    monkeypatch.setattr(demo_data, "_write", write)
    made = demo_data.seed(3, 6, now)
    with database.reading() as session:
        first, last = daily_metrics.local_day(now - timedelta(days=DAYS)), daily_metrics.local_day(now)
        figures = daily_metrics.by_day(session, first, last, "calls")
        assert sum(figures.values()) == made.calls


#: Adds calls, and is killed after some of them.
_KILLED = """
import os, signal, sys
from ivr.domain.timestamps import utc_now
from ivr.operations import demo_data

write, left = demo_data._write, [30]

def killed(*given):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    write(*given)

demo_data._write = killed
demo_data.seed(int(sys.argv[1]), int(sys.argv[2]), utc_now())
"""


def test_days_of_a_run_that_was_killed_are_not_final_until_the_next_run_has_counted_them(
    running_house: Settings,
) -> None:
    now = utc_now()
    first, last = daily_metrics.local_day(now - timedelta(days=DAYS)), daily_metrics.local_day(now)
    with database.writing() as session:
        daily_metrics.store(session, first, {("", "calls", ""): 1000.0})
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(DAYS), str(A_DAY)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    old = last - timedelta(days=9)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Call)) > 0
        assert not daily_metrics.all_final(session, first, old)
    again = CliRunner().invoke(hotline, ["demo", "seed", "--days", "1", "--calls-per-day", "5"])
    assert "an earlier run was interrupted: what it had written is counted now" in again.output
    with database.reading() as session:
        assert daily_metrics.all_final(session, first, old)
        counted = {day: value for (day, _), value in daily_metrics.by_day(session, first, last, "calls").items()}
        days = Counter(daily_metrics.local_day(at) for at in session.scalars(select(Call.started_at)))
    assert counted == {**days, first: 1000.0 + days[first]}, "what was deleted before stays counted, once"


def test_a_run_that_is_interrupted_while_it_counts_is_counted_by_the_next(running_house: Settings, monkeypatch) -> None:
    """As when the disk is full: neither the calls nor the figures can be written."""
    stored = daily_metrics.store

    def full(*given: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(daily_metrics, "store", full)
    now = utc_now()
    with pytest.raises(OSError, match="no space"):
        demo_data.seed(DAYS, A_DAY, now)
    monkeypatch.setattr(daily_metrics, "store", stored)
    assert demo_data.seed(1, 3, now).mended
    assert_counted(now)
    assert not demo_data.seed(1, 3, now).mended
