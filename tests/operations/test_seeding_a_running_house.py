"""Invented calls are added while real ones arrive: nobody waits for them, and they count on their days."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ivr.config.settings import Settings
from ivr.domain.timestamps import utc_now
from ivr.models.calls import Call
from ivr.models.reporting import MetricDay
from ivr.operations import demo_data
from ivr.platform import database, heartbeat, spool
from ivr.reporting import daily_metrics
from tests.support.receipts import codes_heard
from tests.support.webhook_calls import WebhookCall

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


def test_a_house_that_does_not_run_is_filled_without_pauses(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []
    monkeypatch.setattr(time, "sleep", paused.append)
    demo_data.seed(1, 5, utc_now())
    assert paused == []
