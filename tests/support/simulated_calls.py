"""Simulated time, and what a simulated carrier knows of a call and of a conference."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ivr.carrier.call_control import ENDED
from ivr.local_carrier.twiml_parser import Verb

if TYPE_CHECKING:
    from tests.support.simulated_people import Handset


class Clock:
    """Simulated time."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._later: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = itertools.count()

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something later."""
        heapq.heappush(self._later, (self.now + timedelta(seconds=seconds), next(self._count), do))

    def run(self, seconds: float) -> None:
        """Let time pass, and all that happens in it."""
        until = self.now + timedelta(seconds=seconds)
        while self._later and self._later[0][0] <= until:
            self.now, _, do = heapq.heappop(self._later)
            do()
        self.now = until

    def skip_to(self, moment: datetime) -> None:
        """A night passes in which nothing happens; what was planned comes so much later."""
        gone, self.now = moment - self.now, moment
        self._later = [(at + gone, count, do) for at, count, do in self._later]


@dataclass
class Room:
    """A conference."""

    sid: str
    calls: list[SimulatedCall] = field(default_factory=list)
    sequence: int = 0


@dataclass
class SimulatedCall:
    """A call at the carrier, and what its person hears."""

    sid: str
    from_: str
    to: str
    handset: Handset
    inbound: bool
    status_url: str
    status: str = "queued"
    #: Rises when what is executed is interrupted; what was planned before is void.
    generation: int = 0
    events: int = 0
    gather: tuple[str, Verb] | None = None
    queue: tuple[str, Verb] | None = None
    room: str = ""
    dial: tuple[str, Verb] | None = None
    #: What is heard now, since when, and everything that was said.
    hears: str = "nothing"
    since: datetime | None = None
    said: list[str] = field(default_factory=list)
    #: What was said or played to its end, outside questions.
    heard_out: list[str] = field(default_factory=list)
    #: The documents and rooms that the call has been through, for whoever reads of a fault.
    story: list[str] = field(default_factory=list)
    ended_by: str = ""
    #: Where the first document of a placed call is asked for.
    url: str = ""

    @property
    def asked_at(self) -> str:
        """Where the keys of the question go that is asked now; empty if none is."""
        return self.gather[1].attributes.get("action", "") if self.gather is not None else ""

    @property
    def is_over(self) -> bool:
        """Whether the call has ended."""
        return self.status in ENDED
