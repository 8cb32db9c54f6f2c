"""The arithmetic behind `docs/capacity.md`, with figures reckoned in one's head, and the document itself."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks import capacity
from benchmarks.capacity_model import SIZES, Measured, PerCall, Size, breaks_at, need, tables

_START = datetime(2026, 11, 2, 8, tzinfo=UTC)
#: A day with ten calls a second in its busiest hour, twenty in its busiest minute.
_TEN = Size("ten", 10 * 3600 / 0.15)
_CPU = {"web": 0.01, "voice": 0.02, "worker": 1.0, "clock": 0.005, "database": 0.04, "redis": 0.001}


def per_call(locked: float = 0.0) -> PerCall:
    return PerCall(_CPU, queries=50, locked=locked, rows=10_000, wal=0, sound=80_000, redis=0)


@pytest.fixture
def measured() -> Measured:
    idle = dict.fromkeys(_CPU, 0.0)
    return Measured({"message": per_call(), "callback": per_call(), "live call": per_call(0.1)}, idle, 0.0, 12)


def test_what_waits_is_provided_for_the_hour_and_what_answers_for_the_minute(measured: Measured) -> None:
    found = need(measured, _TEN)
    assert found.host_cores == pytest.approx(20 * 0.035 + 10 * 1.0)
    assert found.hosts == 3, "10.7 cores, of which each host gives 60 % of eight"
    assert found.database_cores == pytest.approx(20 * 0.04)
    assert found.queries == pytest.approx(20 * 50)
    assert found.connections == 3 * 12
    assert found.bytes_a_year == pytest.approx(10_000 * _TEN.calls_a_day * 252)


def test_one_lock_is_full_before_it_is_held_all_the_time(measured: Measured) -> None:
    found = need(measured, _TEN)
    # A fifth of twenty calls a second holds it for a tenth of a second each: 0.4 of the 0.6 that it may be held.
    assert found.used["the lock of live calls"] == pytest.approx(0.4 / 0.6)
    assert found.breaks_first == "the lock of live calls"
    assert breaks_at(measured, "the lock of live calls") == pytest.approx(_TEN.calls_a_day * 1.5, rel=0.002)


def test_hosts_without_a_call_take_their_share(measured: Measured) -> None:
    idle = dict.fromkeys(_CPU, 0.1)
    found = need(replace(measured, idle_cpu=idle, idle_queries=7.0), _TEN)
    assert found.hosts == 3, "10.7 cores, of which each host gives 4.4"
    assert found.host_cores == pytest.approx(10.7 + 3 * 0.4)
    assert found.queries == pytest.approx(1000 + 3 * 7)


def test_how_long_the_lock_is_held_is_read_from_each_connections_own_transactions() -> None:
    def at(ms: int, pid: str, statement: str) -> tuple[datetime, str, str]:
        return _START + timedelta(milliseconds=ms), pid, statement

    take = "SELECT set_config('lock_timeout', $1, true), pg_advisory_xact_lock($2)"
    said = [
        at(0, "1", "BEGIN"), at(10, "1", take), at(12, "2", "COMMIT"), at(40, "1", "COMMIT"),
        at(41, "2", take), at(61, "2", "ROLLBACK"), at(90, "2", "COMMIT"),
    ]  # fmt: skip
    assert capacity.locked(said) == pytest.approx(0.030 + 0.020)


def test_the_document_says_what_follows_from_the_figures_that_were_measured() -> None:
    figures = Measured.of(json.loads(capacity.FIGURES.read_text()))
    text = capacity.DOCUMENT.read_text()
    assert capacity.document(text, tables(figures)) == text, "python -m benchmarks.capacity --document"


def test_a_limit_that_no_call_comes_nearer_to_is_never_reached(measured: Measured) -> None:
    assert breaks_at(measured, "one scheduler") < math.inf
    without = {kind: replace(one, cpu={**one.cpu, "clock": 0.0}) for kind, one in measured.calls.items()}
    assert breaks_at(replace(measured, calls=without), "one scheduler") == math.inf


def test_every_limit_breaks_where_the_document_says() -> None:
    figures = Measured.of(json.loads(capacity.FIGURES.read_text()))
    for limit in need(figures, SIZES[0]).used:
        if (at := breaks_at(figures, limit)) == math.inf:
            continue
        assert need(figures, Size("", at)).used[limit] >= 1 > need(figures, Size("", at / 1.01)).used[limit]
