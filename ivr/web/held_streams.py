"""Streams that browsers keep open to be told of changes: held by the loop of the worker, without a thread each.

A view answers with the head of a stream and leaves a :class:`Held` at the connection (:meth:`HeldStreams.reserve`). The
loop keeps the connection from then on. What cannot be sent is kept up to a limit, and who never reads is dropped.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ivr.platform.live_feed import Feed, Heard, Position, text_of
from ivr.web.outgoing import LAST_CHUNK

log = logging.getLogger(__name__)

#: Open streams of one person, and of one process.
MOST_OF_ONE, MOST = 12, 2000
#: Seconds between two signs of life, and between two looks at whether the log-ins behind the streams still count.
SIGN_EVERY, CHECK_EVERY = 15.0, 3.0
#: Seconds after which log-ins that could not be checked do not count any more.
_UNCHECKED = 60.0
#: Bytes that are kept for who does not read, and milliseconds without an answer after which the network counts as gone.
_MOST_PENDING, _USER_TIMEOUT = 16_384, 30_000
#: Milliseconds over which desks spread what they ask after an event: so many a desk, and the most.
_SPREAD_OF_ONE, _SPREAD = 4, 1500
#: Kinds of topics that everybody may hear; of teams and persons each hears their own.
_KINDS = ("team", "person", "line")
#: Kinds with the id of a team; its tasks are named beside `team` (they have changed) and `look` (who looks at them).
_OF_TEAMS, _WITH_TASKS = ("team", "line", "look"), ("team", "look")


@dataclass(frozen=True)
class Reader:
    """Who a stream is for: a log-in (the hash of its token), its user, and the teams that are their business."""

    log_in: str
    user_id: int
    teams: frozenset[int]
    role: str = ""

    @property
    def topics(self) -> frozenset[str]:
        """The topics that are told to them."""
        of_teams = {f"{kind}:{team}" for kind in _OF_TEAMS for team in self.teams}
        return frozenset({*_KINDS, f"person:{self.user_id}", *of_teams})


@dataclass(eq=False)
class Held:
    """A stream that is reserved or open. `chunked`: as HTTP/1.1 frames it.

    `told` and `losses`: until where everything was told, and how often the feed had been lost, when it was reserved.
    """

    reader: Reader
    chunked: bool
    told: Position
    losses: int
    conn: Any = None
    sign_at: float = 0.0
    writing: bool = False

    def framed(self, text: bytes) -> bytes:
        """Bytes as they go to the network."""
        return b"%X\r\n%s\r\n" % (len(text), text) if self.chunked else text


#: Gives of readers those that still count, by their log-ins: asked in a thread every few seconds.
Check = Callable[[Collection[Reader]], Mapping[str, Reader]]


def message(event: str, data: str, position: str = "") -> bytes:
    """An event as a stream has it."""
    at = f"id: {position}\n" if position else ""
    return f"{at}event: {event}\ndata: {data}\n\n".encode()


class HeldStreams:
    """The open streams of one worker process. Methods are called in the loop unless they say otherwise."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker
        self._open: dict[Held, None] = {}
        self._lock = threading.Lock()
        self._reserved: Counter[int] = Counter()
        self._checked = self._looked = 0.0
        self._checking = False
        self._losses = 0
        self.check: Check | None = None
        self.feed = Feed(self._heard, self._lost)

    # -- called in threads that answer requests ----------------------------------------------------------

    def reserve(self, reader: Reader, *, chunked: bool) -> Held | None:
        """Room for one more stream of a person; None where they, or all together, have too many."""
        with self._lock:
            if self._reserved[reader.user_id] >= MOST_OF_ONE or self._reserved.total() >= MOST:
                return None
            self._reserved[reader.user_id] += 1
        return Held(reader, chunked, self.feed.last, self._losses)

    def hello(self) -> bytes:
        """The first event of a stream: until where everything is told."""
        return message("hello", str(self._spread()), text_of(self.feed.last))

    def _spread(self) -> int:
        return min(_SPREAD, _SPREAD_OF_ONE * len(self._open))

    # -- called in the feed's thread ---------------------------------------------------------------------

    def _heard(self, heard: Heard) -> None:
        self._worker.method_queue.defer(self._tell, heard)

    def _lost(self) -> None:
        self._losses += 1
        self._worker.method_queue.defer(self.end, "away")

    # -- the loop ----------------------------------------------------------------------------------------

    def hold(self, held: Held, conn: Any) -> None:
        """Keep a connection whose head has been sent."""
        held.conn = conn
        self._open[held] = None
        now = time.monotonic()
        held.sign_at = now + SIGN_EVERY * (1 + len(self._open) % 16) / 16  # not all at one time
        self._checked = self._checked if len(self._open) > 1 else now
        with suppress(OSError):
            conn.network.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT)
        self._worker.poller.register(conn.network, selectors.EVENT_READ, self._ready(held))
        self._send(held, b"")
        # What has happened since it was reserved was told to the streams that were open then.
        if held.losses != self._losses:
            self.end("away", [held])
        elif held.told != self.feed.last:
            self._send(held, self.hello())

    def _ready(self, held: Held) -> Callable[[Any], None]:
        return lambda _network: self._is_ready(held)

    def _is_ready(self, held: Held) -> None:
        """The other side has gone, says something that nobody asked for, or reads again."""
        try:
            if not held.conn.network.recv(4096):
                self._drop(held)
                return
        except BlockingIOError:
            pass
        except OSError:
            self._drop(held)
            return
        self._send(held, b"")

    def _send(self, held: Held, text: bytes) -> None:
        out = held.conn.sock
        try:
            if text:
                out.sendall(held.framed(text))
            else:
                out.flush()
        except OSError:
            self._drop(held)
            return
        if out.pending > _MOST_PENDING:
            self._drop(held)
        elif bool(out.pending) != held.writing:
            held.writing = bool(out.pending)
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if held.writing else 0)
            self._worker.poller.modify(held.conn.network, events, self._ready(held))

    def _tell(self, heard: Heard) -> None:
        """Tell each reader what is theirs of it."""
        spread, position = self._spread(), text_of(heard.at)
        if heard.everything:
            self._send_all(self._open, message("hello", str(spread), position))
            return
        tasks = frozenset(topic for topic in heard.topics if topic.startswith("task:"))
        told: dict[frozenset[str], bytes] = {}
        for held in list(self._open):
            mine = heard.topics & held.reader.topics
            if not mine:
                continue
            if mine not in told:
                about = mine | tasks if any(topic.startswith(_WITH_TASKS) for topic in mine) else mine
                told[mine] = message("change", f"{spread} {' '.join(sorted(about))}", position)
            self._send(held, told[mine])

    def _send_all(self, some: Iterable[Held], text: bytes) -> None:
        for held in list(some):
            self._send(held, text)

    def end(self, why: str, some: Collection[Held] | None = None) -> None:
        """Say why it is over, and close: all streams, or some."""
        for held in list(self._open if some is None else some):
            if held in self._open:
                self._send(held, message("end", why))
                if held in self._open and held.chunked:
                    with suppress(OSError):
                        held.conn.sock.sendall(LAST_CHUNK)
                self._drop(held)

    def _drop(self, held: Held) -> None:
        if self._open.pop(held, held) is None:
            with suppress(KeyError, ValueError):
                self._worker.poller.unregister(held.conn.network)
            held.conn.network.close()
            self.release(held)

    def release(self, held: Held) -> None:
        """Give the room of a stream back."""
        with self._lock:
            self._reserved[held.reader.user_id] -= 1
            if self._reserved[held.reader.user_id] <= 0:
                del self._reserved[held.reader.user_id]

    def tend(self, *, alive: bool) -> None:
        """What is to be done from time to time: signs of life, and whether the log-ins still count."""
        if not alive:
            self.end("restart")
            return
        now = time.monotonic()
        if now - self._looked < 0.5 or not self._open:
            return
        self._looked = now
        for held in [one for one in self._open if one.sign_at <= now]:
            held.sign_at = now + SIGN_EVERY
            self._send(held, message("sign", ""))
        if now - self._checked > _UNCHECKED:
            self.end("unchecked")
        elif now - self._checked > CHECK_EVERY and not self._checking and self.check is not None:
            self._checking = True
            self._worker.tpool.submit(self._check, self.check, list(self._open))

    def _check(self, check: Check, some: list[Held]) -> None:
        """In a thread: find the streams whose log-ins have ended, or whose rights have changed."""
        over: list[Held] | None = None
        try:
            still = check([held.reader for held in some])
            over = [held for held in some if still.get(held.reader.log_in) != held.reader]
        except Exception as error:  # the database is away; the next look will do
            log.warning("open streams could not be checked (%s)", type(error).__name__)
        self._worker.method_queue.defer(self._checked_now, over)

    def _checked_now(self, over: list[Held] | None) -> None:
        self._checking = False
        if over is not None:
            self._checked = time.monotonic()
            self.end("log-in", over)
