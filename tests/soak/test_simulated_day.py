"""A day in virtual time: no caller is lost, and the metrics are those of the database.

`make test` simulates the first hour of it, `make soak` all ten.
"""

from __future__ import annotations

import heapq
import json
import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.config import settings as configuration
from ivr.contact_centre import service_level
from ivr.models.calls import Call
from ivr.models.contact_centre import Presence, QueueEntry
from ivr.platform import database
from tests.support.simulation import Day, Habits, promised
from tests.support.volume import volume

OPENS = datetime(2026, 11, 23, 7, tzinfo=UTC)  # 08:00 in Bremen
HOURS = volume(test=1, soak=10)
CALLS = volume(test=40, ci=150, soak=300 * HOURS)
LANGUAGES = ["de", "en", "tr", "ar", "ru", "uk", "fa", "kmr", "pl", "bg", "ro", "fr"]
CONCERNS = ["benefits"] * 5 + ["work"] * 2 + ["under_25", "rehab", "other", "emergency"]
TEAMS = ["benefits"] * 22 + ["work"] * 7 + ["youth"] * 4 + ["rehab"] * 3 + ["entrance"] * 4


@pytest.fixture
def settings(empty_database, monkeypatch: pytest.MonkeyPatch):
    interpreters = [
        {"name": f"Dienst {number}", "number": f"+49421990{number:02d}", "languages": LANGUAGES[2:]}
        for number in range(12)
    ]
    monkeypatch.setenv("INTERPRETERS", json.dumps(interpreters))
    monkeypatch.setenv("LINE_PLACES", "1000")
    configuration.settings.cache_clear()
    return configuration.settings()


def morning_peak(dice: random.Random, calls: int) -> list[datetime]:
    """Poisson arrivals, twice as many between 9 and 11 as later."""
    found: list[datetime] = []
    while len(found) < calls:
        hour = dice.uniform(0, HOURS)
        if dice.random() < (1.0 if 1 <= hour < 3 else 0.5):
            found.append(OPENS + timedelta(hours=hour))
    return sorted(found)


@pytest.mark.soak
def test_a_day_of_calls_loses_nobody(settings) -> None:
    dice = random.Random(7)
    day = Day(OPENS, Habits(talk=200, wrap_up=50), seed=7)
    with database.writing() as session:
        for number, team in enumerate(TEAMS):
            day.hire(session, f"member{number}", team, LANGUAGES[1 : 2 + number % 3])
    for at in morning_peak(dice, CALLS):
        language = dice.choice(LANGUAGES[4:]) if dice.random() < 0.25 else dice.choice(LANGUAGES[:4])
        day.rings_up(at, dice.choice(CONCERNS), language)
    day.at(OPENS + timedelta(hours=HOURS), day.closes)
    day.run()

    tally = day.tally
    assert sum(tally.endings.values()) == CALLS, "each is answered, has a task, or hung up by themselves"
    with database.reading() as session:
        assert session.scalars(select(QueueEntry.id).where(QueueEntry.state.in_(("waiting", "offered")))).all() == []
        has_task = promised(session)
        for call_sid, how in tally.of_caller.items():
            assert how in ("answered", "hung_up") or call_sid in has_task, how
        assert session.scalar(select(Call.id).where(Call.call_sid.not_in(tally.of_caller))) is None
        report = service_level.between(session, OPENS, OPENS + timedelta(days=1))
        assert set(session.scalars(select(Presence.state))) <= {"available", "paused"}, "nobody hangs in a call"
    assert report.answered == tally.endings["answered"] == len(tally.waits) > 0.8 * CALLS
    assert report.abandoned == tally.endings["hung_up"]
    assert report.answered_in_time == sum(wait <= 30 for wait in tally.waits)
    assert report.mean_wait == pytest.approx(sum(tally.waits) / len(tally.waits), abs=0.01)
    assert report.interpreters_joined == len(tally.interpreter_waits) > CALLS / 10
    assert report.mean_interpreter_wait == pytest.approx(
        sum(tally.interpreter_waits) / len(tally.interpreter_waits), abs=0.01
    )
    assert report.mean_interpreter_wait < 120, "Hamburg has one within two minutes"


def erlang_c(servers: int, load: float, service: float) -> float:
    """Mean wait (seconds) in an M/M/c queue offered `load` erlangs."""
    blocking = 1.0
    for number in range(1, servers + 1):
        blocking = load * blocking / (number + load * blocking)
    waiting = blocking / (1 - load / servers * (1 - blocking))
    return waiting * service / (servers - load)


def exact_waits(arrivals: list[float], services: list[float], servers: int) -> list[float]:
    """First come, first served, by the recursion of Kiefer and Wolfowitz."""
    free = [0.0] * servers
    waits = []
    for arrival, service in zip(arrivals, services, strict=True):
        begins = max(arrival, heapq.heappop(free))
        waits.append(begins - arrival)
        heapq.heappush(free, begins + service)
    return waits


def poisson(dice: random.Random, calls: int, load: float, service: float) -> tuple[list[float], list[float]]:
    at, arrivals = 0.0, []
    for _ in range(calls):
        at += dice.expovariate(load / service)
        arrivals.append(at)
    return arrivals, [dice.expovariate(1 / service) for _ in range(calls)]


@pytest.mark.since("soak")
def test_waiting_times_are_those_of_erlang(settings) -> None:
    """One team, one language. Every single wait is that of an ideal queue, whose mean in the long run (400,000 callers)
    is that of Erlang's formula. A thousand callers are few: their own mean scatters by a fifth from seed to seed, and
    that of five hundred by more. With this seed both are near it."""
    servers, load, service, calls = 8, 6.4, 200.0, volume(test=500, soak=1000)
    expected = erlang_c(servers, load, service)
    arrivals, services = poisson(random.Random(185), calls, load, service)
    day = Day(OPENS, Habits(wrap_up=0, patience=None, pick_up=0, declines=0, misses=0), seed=6)
    with database.writing() as session:
        for number in range(servers):
            day.hire(session, f"member{number}", "benefits")
    for arrival, talk in zip(arrivals, services, strict=True):
        day.rings_up(OPENS + timedelta(seconds=arrival), "benefits", "de", talk)
    day.run()

    with database.reading() as session:
        entries = session.scalars(select(QueueEntry).order_by(QueueEntry.entered_at, QueueEntry.id))
        waits = [(entry.answered_at - entry.entered_at).total_seconds() for entry in entries]
    ideal = exact_waits(arrivals, services, servers)
    assert len(waits) == calls
    assert max(abs(ours - theirs) for ours, theirs in zip(waits, ideal, strict=True)) < 0.01
    assert sum(waits) / calls == pytest.approx(expected, rel=0.10)
    long_run = exact_waits(*poisson(random.Random(1), 400_000, load, service), servers)
    assert math.fsum(long_run) / len(long_run) == pytest.approx(expected, rel=0.03)
