"""Open desks as an office has them: each holds a stream, and asks anew what it shows when it is told of a change.

Raw sockets in one loop: a thousand desks are a thousand streams and some hundred requests a second, no browsers.
"""

from __future__ import annotations

import asyncio
import gzip
import html
import random
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

#: Seconds until whatever is asked for counts as lost.
PATIENCE = 60.0
#: What a browser of the office sends.
AGENT = "open desks"
#: Streams that are opened at a time.
_AT_ONCE = 40
_LIST = re.compile(rb'id="queue"[^>]* hx-get="([^"]+)"')
_VIEWS = re.compile(rb'id="views" hx-get="([^"]+)"')


@dataclass
class Desk:
    """One open page with the list: its log-in, its team, and what it has been told."""

    cookie: str
    team_id: int
    listing: str = "/desk/?view=open&seen="
    views: str = "/desk/side?seen="
    position: str = ""
    #: When it was told of each topic last, when its list was shown anew after that, and its stream's end, if it ended.
    told: dict[str, float] = field(default_factory=dict)
    shown: float = 0.0
    ended: str = ""
    statuses: list[int] = field(default_factory=list)


class Office:
    """All desks, and the server that they ask."""

    def __init__(self, port: int, desks: list[Desk]) -> None:
        self.port, self.desks = port, desks
        self._streams: list[asyncio.Task[None]] = []
        self._asks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self.dice = random.Random(3)
        #: Whether desks ask for their list when they are told of a change.
        self.curious = True
        self.asked = 0

    async def open(self) -> int:
        """Open all streams; how many have begun."""
        begun = await asyncio.gather(*(self._open(desk) for desk in self.desks))
        return sum(begun)

    async def _open(self, desk: Desk) -> bool:
        hello = asyncio.Event()
        async with self._room:
            self._streams.append(asyncio.create_task(self._follow(desk, hello)))
            with suppress(TimeoutError):
                await asyncio.wait_for(hello.wait(), PATIENCE)
        return hello.is_set() and not desk.ended

    async def _follow(self, desk: Desk, hello: asyncio.Event) -> None:
        """Read a stream until it ends."""
        reader, writer = await self._connect()
        try:
            writer.write(self._request("/desk/events", desk))
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                desk.ended = head.split(b"\r\n", 1)[0].decode()
                hello.set()
                return
            kind = ""
            while line := await reader.readline():
                name, _, value = line.decode().strip().partition(": ")
                match name:
                    case "id":
                        desk.position = value
                    case "event":
                        kind = value
                    case "data" if kind == "hello":
                        hello.set()
                    case "data" if kind == "change":
                        self._told(desk, value)
                    case "data" if kind == "end":
                        desk.ended = value
            desk.ended = desk.ended or "closed"
        except (OSError, asyncio.IncompleteReadError) as error:
            desk.ended = type(error).__name__
            hello.set()
        finally:
            writer.close()

    def _told(self, desk: Desk, text: str) -> None:
        spread, *topics = text.split(" ")
        now = time.monotonic()
        desk.told.update(dict.fromkeys(topics, now))
        if self.curious:
            self._soon(self._refresh(desk, self.dice.random() * int(spread) / 1000))

    async def _refresh(self, desk: Desk, wait: float) -> None:
        """As js/live.js does it: both parts of the page ask, within the spread."""
        await asyncio.sleep(wait)
        await self.ask_list(desk)
        desk.shown = time.monotonic()
        await self.ask_views(desk)

    async def ask_list(self, desk: Desk) -> None:
        """Ask for the list anew."""
        if found := _LIST.search(await self._get(desk, desk.listing)):
            desk.listing = html.unescape(found[1].decode())

    async def ask_views(self, desk: Desk) -> None:
        """Ask for the counts of the views anew."""
        if found := _VIEWS.search(await self._get(desk, desk.views)):
            desk.views = html.unescape(found[1].decode())

    def _soon(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._asks.add(task)
        task.add_done_callback(self._asks.discard)

    async def settle(self) -> None:
        """Wait until nothing is asked any more."""
        while self._asks:
            await asyncio.wait(set(self._asks), timeout=PATIENCE)

    async def live(self, seconds: float, every_list: float, every_views: float) -> None:
        """So many seconds in which nothing happens: each desk asks at its own times."""
        until = time.monotonic() + seconds

        async def one(desk: Desk) -> None:
            lists = time.monotonic() + self.dice.random() * every_list
            views = time.monotonic() + self.dice.random() * every_views
            while (following := min(lists, views)) < until:
                await asyncio.sleep(max(0.0, following - time.monotonic()))
                if following == lists:
                    lists += every_list
                    await self.ask_list(desk)
                else:
                    views += every_views
                    await self.ask_views(desk)

        await asyncio.gather(*(one(desk) for desk in self.desks))
        await asyncio.sleep(max(0.0, until - time.monotonic()))

    async def _get(self, desk: Desk, path: str) -> bytes:
        """The body of an answer; empty for 204. What is no answer is a status of 0."""
        self.asked += 1
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await self._connect()
                try:
                    writer.write(self._request(path, desk, "Connection: close\r\nAccept-Encoding: gzip\r\n"))
                    head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            desk.statuses.append(0)
            return b""
        desk.statuses.append(int(head.split(b" ", 2)[1]))
        return gzip.decompress(body) if b"content-encoding: gzip" in head.lower() else body

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)

    def _request(self, path: str, desk: Desk, headers: str = "") -> bytes:
        position = f"Live-Event: {desk.position}\r\n" if desk.position and "events" not in path else ""
        return (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUser-Agent: {AGENT}\r\nCookie: {desk.cookie}\r\n"
            f"{position}{headers}\r\n"
        ).encode()

    async def close(self) -> None:
        """Leave."""
        for one in self._streams:
            one.cancel()
        await asyncio.gather(*self._streams, return_exceptions=True)


def unanswered(desks: Iterable[Desk]) -> int:
    """Requests that were answered with something else than a list, or that it would look the same."""
    return sum(status not in (200, 204) for desk in desks for status in desk.statuses)
