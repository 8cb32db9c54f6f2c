"""Ticks all ports of the hotline every 20 ms, and measures how late a tick comes."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Protocol

log = logging.getLogger(__name__)

_SECONDS = 0.02


class Ticking(Protocol):
    """Something that is done every 20 ms."""

    def tick(self) -> None:
        """Do it."""


class Pulse:
    """One clock for all calls: its deadlines are absolute, so that a late tick shifts none that follow."""

    def __init__(self) -> None:
        self.ports: set[Ticking] = set()
        #: How many frames were sent so many whole milliseconds late.
        self.late: Counter[int] = Counter()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()

    def late_by(self, share: float) -> int:
        """Milliseconds by which this share of the frames is late at most."""
        late = self.late.copy()  # it grows meanwhile, in its own thread
        left = (1 - share) * late.total()
        for milliseconds in sorted(late, reverse=True):
            left -= late[milliseconds]
            if left < 0:
                return milliseconds
        return 0

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time()
        while True:
            deadline += _SECONDS
            await asyncio.sleep(max(0.0, deadline - loop.time()))
            for port in list(self.ports):
                try:
                    port.tick()
                except Exception:
                    log.exception("a call's audio was not sent")
            self.late[int(1000 * (loop.time() - deadline))] += len(self.ports)
