"""Counts the calls of a number within a minute, in Redis, for all processes together; no caller waits for it.

A call is judged by what this process was told last, and what it has counted since. Redis is told some milliseconds
later, of many calls at once. So a number may ring once more for each further process before all of them know. While
Redis does not answer, each process judges by what it has counted itself, and tells the calls of the last minute later.

Calls are counted by a mark of their id, so that one counts once although its first request is delivered again, to the
same process or to another one.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from typing import Any, cast

from limits.storage import RedisStorage
from redis import Redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import RedisError
from redis.retry import Retry

from ivr.config.settings import settings

log = logging.getLogger(__name__)

#: Seconds for which calls are collected before Redis is told of them.
_COLLECT_SECONDS = 0.02
#: Seconds for which Redis is not asked after a failure.
_PAUSE = 2.0
#: The highest number of keys that a process remembers an answer for.
_MOST_REMEMBERED = 20_000
#: Bytes of the mark of a call.
_MARK = 8
#: Most marks that one command adds.
_MOST_ADDED = 1_000

#: Seconds in which calls are counted together.
_MINUTE = 60


@dataclass(frozen=True)
class Limit:
    """More than `calls` within a minute are too many; who rings so often is held off for so many seconds (0: not)."""

    calls: int
    hold_off_seconds: int = 0


@dataclass(frozen=True)
class _Told:
    """What Redis has answered. Instants of this process's monotonic clock."""

    calls: int
    minute_ends: float
    held_off_until: float


@dataclass(frozen=True)
class _Untold:
    """What Redis has not been told yet."""

    #: Marks of the calls.
    calls: set[bytes]
    limit: Limit
    #: When the first of the calls came (monotonic).
    since: float


_lock = threading.Lock()
_told: dict[str, _Told] = {}
_untold: dict[str, _Untold] = {}
#: What Redis is being told: until it has answered, it counts as what it has not been told.
_in_flight: dict[str, _Untold] = {}
_telling = threading.Lock()
#: Marks of the calls that this process has counted, the latest last, and when it did.
_counted_here: dict[bytes, float] = {}
_has_untold = threading.Event()
_teller: tuple[int, threading.Thread] | None = None
_silent_until = 0.0


def was_counted(call_sid: str) -> bool:
    """Whether this process has counted a call within the minute."""
    at = _counted_here.get(_mark_of(call_sid))
    return at is not None and time.monotonic() < at + _MINUTE


def count(key: str, limit: Limit, call_sid: str = "") -> bool:
    """Count a call; whether it is one too many, or its key is held off. One without an id is a new one each time."""
    now, mark = time.monotonic(), _mark_of(call_sid)
    with _lock:
        before = _untold.get(key)
        if before is None or before.since + _MINUTE < now:
            before = _Untold(set(), limit, now)
        is_told = mark in _counted_here and mark not in before.calls and now < _counted_here[mark] + _MINUTE
        if not is_told:
            _untold[key] = _Untold(before.calls, limit, before.since)
            before.calls.add(mark)
            _note_counted(mark, now)
        calls, told = len(before.calls), _told.get(key)
        if sent := _in_flight.get(key):
            calls += len(sent.calls)
        _start_once()
    if not _has_untold.is_set():
        _has_untold.set()
    if told is not None:
        if now < told.held_off_until:
            return True
        if now < told.minute_ends:
            calls += told.calls
    return calls > limit.calls


def _mark_of(call_sid: str) -> bytes:
    return blake2b(call_sid.encode(), digest_size=_MARK).digest() if call_sid else secrets.token_bytes(_MARK)


def _note_counted(mark: bytes, now: float) -> None:
    if len(_counted_here) >= _MOST_REMEMBERED:
        for old in tuple(islice(_counted_here, _MOST_REMEMBERED // 10)):
            del _counted_here[old]
    _counted_here[mark] = now


def begin() -> None:
    """Start the thread that tells Redis now, so that no call waits for it to start."""
    with _lock:
        _start_once()


def is_held_off(key: str) -> bool:
    """Whether a key is held off at present; counts nothing. Without Redis nobody is."""
    tell()
    try:
        with _asking() as counters:
            return counters.get(_held_off_key(key)) > 0
    except RedisError:
        return False


def calls_of(key: str) -> int:
    """How many calls of a key Redis has counted within the minute; none without Redis."""
    tell()
    try:
        with _asking() as counters:
            called: Any = _server(counters).scard(counters.prefixed_key(_calls_key(key)))
            return int(called)
    except RedisError:
        return 0


def tell() -> None:
    """Tell Redis of the calls that it does not know of yet. They are kept while it does not answer."""
    with _telling:
        with _lock:
            _in_flight.update(_untold)
            _untold.clear()
        if not _in_flight:
            return
        try:
            with _asking() as counters:
                answers = _counted(counters, _in_flight)
        except Exception as error:
            _keep()
            if isinstance(error, RedisError):
                return
            raise
        now = time.monotonic()
        with _lock:
            if len(_told) + len(_in_flight) > _MOST_REMEMBERED:
                _forget_what_is_over(now)
            for key, (calls, minute, held_off) in answers.items():
                _told[key] = _Told(calls, now + minute, now + held_off)
            _in_flight.clear()


def _keep() -> None:
    """Put calls of the last minute back, beside those that have come meanwhile."""
    now = time.monotonic()
    with _lock:
        for key, one in _in_flight.items():
            if one.since + _MINUTE < now or len(_untold) >= _MOST_REMEMBERED:
                continue
            later = _untold.get(key)
            _untold[key] = _Untold(one.calls | (later.calls if later else set()), one.limit, one.since)
        _in_flight.clear()


def _counted(counters: RedisStorage, untold: Mapping[str, _Untold]) -> dict[str, tuple[int, int, int]]:
    """Count in one round trip, and hold off who is over the limit in another one.

    By key: all calls of the minute, the seconds until it ends, and the seconds of being held off that are left.
    """
    names = [counters.prefixed_key(name) for key in untold for name in (_calls_key(key), _held_off_key(key))]
    values: list[bytes | int] = [_MINUTE, _MOST_ADDED]
    for one in untold.values():
        values += (len(one.calls), *one.calls)
    answers = iter(_count_all(counters)(names, values))
    found = {}
    for key, one in untold.items():
        limit = one.limit
        calls, minute, held_off = next(answers), next(answers), max(0, next(answers))
        if not held_off and limit.hold_off_seconds and calls > limit.calls:
            counters.incr(_held_off_key(key), limit.hold_off_seconds)
            held_off = limit.hold_off_seconds
        found[key] = calls, minute, held_off
    return found


#: Counts the calls of many numbers at once: a command for each takes five times as long to write and read. Keys: of
#: each number the set of its calls, and what holds it off. Values: seconds, the most marks that one command adds, then
#: of each number how many marks there are, and they.
_SCRIPT = """
local answers, at = {}, 3
for number = 1, #KEYS / 2 do
  local called, last = KEYS[2 * number - 1], at + tonumber(ARGV[at])
  for first = at + 1, last, tonumber(ARGV[2]) do
    redis.call('SADD', called, unpack(ARGV, first, math.min(last, first + tonumber(ARGV[2]) - 1)))
  end
  at = last + 1
  if redis.call('TTL', called) < 0 then redis.call('EXPIRE', called, ARGV[1]) end
  table.insert(answers, redis.call('SCARD', called))
  table.insert(answers, redis.call('TTL', called))
  table.insert(answers, redis.call('TTL', KEYS[2 * number]))
end
return answers
"""


@lru_cache(maxsize=2)
def _count_all(counters: RedisStorage) -> Script:
    return _server(counters).register_script(_SCRIPT)


def _server(counters: RedisStorage) -> Redis:
    return cast(Redis, counters.get_connection())


def forget_all() -> None:
    """Begin anew, as a process does that has just been started."""
    global _silent_until
    with _lock:
        _told.clear()
        _untold.clear()
        _in_flight.clear()
        _counted_here.clear()
        _silent_until = 0.0


def _forget_what_is_over(now: float) -> None:
    for key in [key for key, told in _told.items() if max(told.minute_ends, told.held_off_until) < now]:
        del _told[key]
    if len(_told) > _MOST_REMEMBERED // 2:
        _told.clear()


def _calls_key(key: str) -> str:
    return f"called:{key}"


def _held_off_key(key: str) -> str:
    return f"held-off:{key}"


@lru_cache(maxsize=2)
def _counters(url: str) -> RedisStorage:
    patience: dict[str, Any] = {"socket_connect_timeout": 0.1, "socket_timeout": 0.1, "retry": Retry(NoBackoff(), 0)}
    return RedisStorage(f"redis+{url}" if url.startswith("unix://") else url, key_prefix="hotline", **patience)


@contextmanager
def _asking() -> Iterator[RedisStorage]:
    global _silent_until
    if time.monotonic() < _silent_until:
        raise RedisError("it did not answer a moment ago")
    try:
        yield _counters(settings().redis)
    except RedisError:
        _silent_until = time.monotonic() + _PAUSE
        raise


def _start_once() -> None:
    global _teller
    if _teller is not None and _teller[0] == os.getpid():  # threads do not survive a fork
        return
    thread = threading.Thread(target=_tell_for_ever, name="call-counters", daemon=True)
    _teller = os.getpid(), thread
    thread.start()


def _tell_for_ever() -> None:
    while _has_untold.wait():
        time.sleep(_COLLECT_SECONDS)
        _has_untold.clear()
        try:
            tell()
        except Exception:  # the next calls may be counted
            log.exception("calls of numbers could not be counted")
