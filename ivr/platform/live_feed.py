"""Reads the events of :mod:`ivr.platform.live_events` in this process, and knows whether it misses any.

One thread follows Redis' stream. While Redis does not answer, the feed is not `alive`, and nothing that depends on
having heard everything may be believed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ivr.config.settings import settings
from ivr.domain.digits import is_digits
from ivr.platform.live_events import STREAM

log = logging.getLogger(__name__)

#: Position of an event in Redis' stream.
Position = tuple[int, int]
_BEGINNING: Position = (0, 0)
#: Milliseconds for which Redis is asked to wait for an event, and seconds after which a silent Redis counts as gone.
_BLOCK, _SILENCE = 2000, 4.0
#: Topics without a version: each has an id of its own, and there are more and more of them.
_NOT_COUNTED = "task:"
#: Seconds in which events are gathered, and between two attempts.
_GATHER, _PAUSE = 0.1, 1.0


@dataclass(frozen=True)
class Heard:
    """What the feed tells: topics that have changed until a position; `everything` where some may have been missed."""

    at: Position = _BEGINNING
    topics: frozenset[str] = frozenset()
    everything: bool = False


class _Rewound(Exception):
    """The stream ends before the position that was read last: Redis has lost it."""


@dataclass
class Feed:
    """The events of one process. `on_heard` and `on_lost` are called in the feed's thread."""

    on_heard: Callable[[Heard], None] = lambda heard: None
    on_lost: Callable[[], None] = lambda: None
    alive: bool = False
    last: Position = _BEGINNING
    _changes: Counter[str] = field(default_factory=Counter)
    _news: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Follow the stream from now on; a second time does nothing."""
        with self._news:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live feed", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread, soon."""
        self._stopped.set()

    def is_up_to(self, position: Position, seconds: float) -> bool:
        """Whether everything until a position has been heard, within so many seconds."""
        with self._news:
            return self._news.wait_for(lambda: self.alive and self.last >= position, seconds)

    def version(self, topics: Collection[str]) -> tuple[int, ...] | None:
        """Changes when one of these topics has changed, as far as this process knows; None: it may miss a change.

        Each topic has an id. A change of all of its kind is one of it as well.
        """
        with self._news:
            if not self.alive:
                return None
            kinds = sorted({topic.partition(":")[0] for topic in topics})
            return tuple(self._changes[topic] for topic in ("", *kinds, *sorted(topics)))

    def note(self, topics: Iterable[str]) -> None:
        """Topics have changed: what was made of them before is of another version. Tells nobody."""
        with self._news:
            self._changes.update(topic for topic in topics if not topic.startswith(_NOT_COUNTED))

    def take(self, heard: Heard) -> None:
        """Note what was heard, then tell it."""
        self.note([""] if heard.everything else heard.topics)
        with self._news:
            self.last, self.alive = heard.at, True
            self._news.notify_all()
        self.on_heard(heard)

    def lose(self) -> None:
        """Events may be missed from now on."""
        was_alive, self.alive = self.alive, False
        if was_alive:
            self.on_lost()

    def _run(self) -> None:
        told = False
        while not self._stopped.is_set():
            try:
                for heard in follow(_connect()):
                    if self._stopped.is_set():
                        return
                    told = False
                    if heard is not None:
                        self.take(heard)
            except (RedisError, OSError, ValueError, _Rewound) as error:
                if not told:
                    log.warning("the live feed is interrupted (%s): desks ask by themselves", type(error).__name__)
                told = True
                self.lose()
                self._stopped.wait(_PAUSE)


def follow(connection: Redis) -> Iterable[Heard | None]:
    """First that everything may have changed, then what is published; None where nothing was for a while.

    Raises:
        RedisError: Redis does not answer. _Rewound: it has lost its stream.
    """
    newest = _newest(connection)
    yield Heard(newest, everything=True)
    while True:
        found = _read(connection, newest, _BLOCK)
        if not found:
            if _newest(connection) < newest:
                raise _Rewound
            yield None
            continue
        time.sleep(_GATHER)
        found += _read(connection, position_of(found[-1][0]), None)
        newest = position_of(found[-1][0])
        topics = [fields.get(b"topics", b"").decode("ascii", "ignore") for _, fields in found]
        yield Heard(newest, frozenset(" ".join(topics).split()))


def _connect() -> Redis:
    patience = {"socket_connect_timeout": 1.0, "socket_timeout": _SILENCE}
    return Redis.from_url(settings().redis, retry=Retry(NoBackoff(), 0), **patience)


def _newest(connection: Redis) -> Position:
    last: Any = connection.xrevrange(STREAM, count=1)
    return position_of(last[0][0]) if last else _BEGINNING


def _read(connection: Redis, after: Position, block: int | None) -> list[tuple[bytes, dict[bytes, bytes]]]:
    found: Any = connection.xread({STREAM: text_of(after)}, count=500, block=block)
    if isinstance(found, dict):
        found = [(name, entries[0] if entries and isinstance(entries[0], list) else entries)
                 for name, entries in found.items()]  # fmt: skip
    return list(found[0][1]) if found else []


def position_of(text: bytes | str) -> Position:
    """A position as Redis writes it. What is none is the beginning."""
    with suppress(ValueError, UnicodeDecodeError):
        plain = text.decode("ascii") if isinstance(text, bytes) else text
        time_, _, number = plain.partition("-")
        if is_digits(time_) and is_digits(number) and len(plain) < 40:
            return int(time_), int(number)
    return _BEGINNING


def text_of(position: Position) -> str:
    """A position as Redis writes it."""
    return f"{position[0]}-{position[1]}"
