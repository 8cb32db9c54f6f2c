"""How often a number rings within a minute: counted by all processes together, and no caller waits for it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ivr.calls import call_counters
from ivr.calls.call_counters import Limit
from ivr.config import settings as configuration
from ivr.launcher.run import _environment, _start_redis
from tests.support.waiting import eventually

LIMIT = Limit(3, hold_off_seconds=300)


@pytest.fixture
def redis(empty_database) -> Iterator[object]:
    settings = configuration.settings()
    settings.var_dir.mkdir(exist_ok=True)
    server = _start_redis(settings, _environment(settings))
    yield server
    server.kill()


def another_process() -> None:
    """Forget what this process was told, as one that has not seen the number yet."""
    call_counters.tell()
    call_counters.forget_all()


def rings(key: str = "a", limit: Limit = LIMIT) -> bool:
    """Whether it is too often; Redis has been told afterwards."""
    too_often = call_counters.count(key, limit)
    call_counters.tell()
    return too_often


def test_the_fourth_call_of_three_is_too_many(redis) -> None:
    assert [rings() for _ in range(5)] == [False, False, False, True, True]
    assert not rings("b"), "others are not concerned"


def test_who_is_held_off_stays_so_when_the_minute_is_over(redis, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        rings()
    later = time.monotonic() + 120
    monkeypatch.setattr(call_counters.time, "monotonic", lambda: later)
    assert call_counters.count("a", LIMIT)
    later += 300
    assert not call_counters.count("a", LIMIT)


def test_another_process_knows_of_it_when_the_number_rings_there(redis) -> None:
    for _ in range(4):
        rings()
    another_process()
    assert call_counters.is_held_off("a")
    assert not rings(), "it is told of it with this call"
    assert rings()


def test_calls_that_are_counted_together_are_all_counted(redis) -> None:
    together = Limit(50)
    for _ in range(40):
        call_counters.count("withheld", together)
    eventually(lambda: call_counters.calls_of("withheld") == 40)  # on a busy machine Redis may answer too late
    assert [rings("withheld", together) for _ in range(12)].index(True) == 10
    assert not call_counters.is_held_off("withheld"), "without a time to be held off, nobody is"


def test_each_of_the_numbers_that_are_told_together_has_its_own_count(redis) -> None:
    for key in ("a", "b", "a", "a", "c", "a"):
        call_counters.count(key, LIMIT)
    eventually(lambda: [call_counters.calls_of(key) for key in ("a", "b", "c")] == [4, 1, 1])
    assert [call_counters.is_held_off(key) for key in ("a", "b", "c")] == [True, False, False]


def test_redis_is_told_without_anybody_asking(redis) -> None:
    for _ in range(4):
        call_counters.count("a", LIMIT)
    eventually(lambda: call_counters.count("a", LIMIT), 5)


def test_without_redis_nobody_waits_and_each_process_counts_by_itself(empty_database) -> None:
    began = time.monotonic()
    assert [rings() for _ in range(200)].index(True) == LIMIT.calls
    assert not rings("b"), "others are not concerned"
    assert not call_counters.is_held_off("a")
    assert time.monotonic() - began < 20, "a tenth of a second a call would be noticed"


def test_without_redis_calls_of_an_earlier_minute_count_no_more(
    empty_database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        rings()
    later = time.monotonic() + 61
    monkeypatch.setattr(call_counters.time, "monotonic", lambda: later)
    assert [rings() for _ in range(4)] == [False, False, False, True]


def test_calls_that_redis_missed_are_told_when_it_answers_again(redis) -> None:
    redis.kill()
    assert [rings() for _ in range(3)] == [False, False, False]
    configuration.settings().var_dir.joinpath("redis.sock").unlink(missing_ok=True)
    redis.start()
    eventually(lambda: call_counters.calls_of("a") == 3, 20, pause=0.2)
    assert rings(), "the fourth is too many"


def test_redis_that_comes_back_empty_begins_anew(redis) -> None:
    for _ in range(4):
        rings()
    redis.kill()
    assert rings(), "what was told holds"
    configuration.settings().var_dir.joinpath("redis.sock").unlink(missing_ok=True)
    call_counters.forget_all()
    redis.start()
    eventually(lambda: (call_counters.forget_all(), rings())[1] is False and call_counters.calls_of("a") > 0, 10)


@pytest.mark.parametrize("gone", [False, True])
def test_a_call_that_is_counted_again_by_any_process_is_one(redis, gone: bool) -> None:
    """The carrier delivers its first request again, to this process or to another one."""
    for call in ("CA1", "CA2", "CA3"):
        for _ in range(3):
            if gone:
                another_process()
            assert not call_counters.count("a", LIMIT, call)
            call_counters.tell()
    assert call_counters.calls_of("a") == 3
    assert not call_counters.is_held_off("a")
    assert call_counters.count("a", LIMIT, "CA4")


def test_without_redis_a_call_that_is_counted_again_is_one(empty_database) -> None:
    for _ in range(3):
        for call in ("CA1", "CA2", "CA3"):
            assert not call_counters.count("a", LIMIT, call)
    assert call_counters.count("a", LIMIT, "CA4")


def test_very_many_calls_are_told_at_once(redis) -> None:
    for call in range(2_500):
        call_counters.count("a", LIMIT, f"CA{call}")
    call_counters.tell()
    assert call_counters.calls_of("a") == 2_500


def test_calls_count_while_redis_is_being_told_of_them(redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that comes in the milliseconds of a round trip is judged by all that came before it."""
    for _ in range(2):
        rings()
    asked, judged = call_counters._counted, list[bool]()

    def meanwhile(*arguments: object) -> object:
        judged.append(call_counters.count("a", LIMIT))
        return asked(*arguments)

    monkeypatch.setattr(call_counters, "_counted", meanwhile)
    assert not call_counters.count("a", LIMIT), "the third"
    call_counters.tell()
    assert judged[0], "the fourth, while Redis was told of the third"
