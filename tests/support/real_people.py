"""People at telephones in real time who do what the dice say, on the local carrier beside all processes.

Each call of a person is one :class:`Talker`. What must not happen to them is noted in a :class:`Faults`.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ivr.local_carrier.call import Ringing
from ivr.local_carrier.lines import HungUp, Line, RecordedSpeech, ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller

#: Seconds without a sentence, a question, music or somebody else after which a person has been forgotten. A machine on
#: which much else runs answers late; what is lost never comes.
_FORGOTTEN = 15.0
_LOOKS_EVERY = 0.05


@dataclass
class Faults:
    """What must not happen, in words; and the longest time in which somebody heard nothing."""

    found: list[str] = field(default_factory=list)
    longest_silence: float = 0.0


class Talker(ScriptedCaller):
    """A person in one call: they listen, press keys, talk for a while, and hang up at some instant."""

    def __init__(self, name: str, dice: random.Random, faults: Faults, *, first_keys: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.name, self.dice, self.faults = name, dice, faults
        self._first_keys = list(first_keys)
        self.call_sid, self.story = "", list[str]()
        self.line = ScriptedLine(self)
        self.is_over = threading.Event()
        self._heard_at = time.monotonic()
        #: When they lose patience, whatever they are told.
        self._hangs_up_at = self._heard_at + dice.uniform(0.5, 20) if dice.random() < 0.1 else None

    def _hears_something(self, what: str) -> None:
        quiet = time.monotonic() - self._heard_at
        self.faults.longest_silence = max(self.faults.longest_silence, quiet)
        if quiet > _FORGOTTEN:
            self.faults.found.append(f"silence for {quiet:.0f} s: {self.name} before {what}, after {self.story[-6:]}")
        self.story.append(what[:60])

    def _lives(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, in which they may hang up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not until():
            if self._hangs_up_at is not None and time.monotonic() > self._hangs_up_at:
                raise HungUp
            time.sleep(_LOOKS_EVERY)
        self._heard_at = time.monotonic()

    def hears(self, text: str, language: str) -> str | None:
        self._hears_something(text)
        self._lives(min(0.3, max(0.2, len(text) / 400)))  # music has no text, and takes its time too
        return None

    def presses(self, count: int, finish: str) -> str:
        self._hears_something("a question")
        self._lives(self.dice.uniform(0.0, 0.8))
        key = self._first_keys.pop(0) if self._first_keys else self.chooses()
        self.story.append(f"pressed {key or 'nothing'}")
        return "" if key == "-" else key

    def chooses(self) -> str:
        """The key for a question after the first ones; empty: none."""
        return self.dice.choices(["1", "2", ""], [80, 8, 12])[0]

    def speaks(self) -> RecordedSpeech:
        self._hears_something("the tone")
        self._lives(0.2)
        return RecordedSpeech(np.zeros(0, np.int16), "hangup")

    def waits(self, is_over: Callable[[], bool]) -> None:
        self._hears_something("music")
        self._lives(2.0, is_over)

    def talks(self, is_over: Callable[[], bool]) -> str:
        self._hears_something("the room")
        self._lives(self.dice.expovariate(1 / 5.0) + 0.2, is_over)
        if not is_over():
            raise HungUp
        return ""

    def is_done(self, reason: str) -> None:
        self.is_over.set()


class Caller(Talker):
    """Somebody who calls the hotline: in German or Turkish, with some concern, and waits."""

    def __init__(self, name: str, dice: random.Random, faults: Faults) -> None:
        super().__init__(name, dice, faults, first_keys=(dice.choice(["1", "3"]), "1", "-"))

    def chooses(self) -> str:
        return self.dice.choices(["1", "2", ""], [25, 15, 60])[0]


class Member(Talker):
    """A member of a team in one call: some fetch an interpreter by the star key."""

    def talks(self, is_over: Callable[[], bool]) -> str:
        self._hears_something("the room")
        self._lives(self.dice.expovariate(1 / 6.0) + 0.5, is_over)
        if not is_over() and self.dice.random() < 0.3:
            self._first_keys[:0] = ["7"]
            return "*"
        if not is_over():
            raise HungUp
        return ""


class Telephone:
    """A telephone that is rung, and whoever picks it up."""

    def __init__(self, name: str, dice: random.Random, faults: Faults, person: type[Talker] = Talker) -> None:
        self.name, self.dice, self.faults, self.person = name, dice, faults, person
        self.rung = 0
        self.talkers: list[Talker] = []
        self._busy = threading.Lock()

    def rings(self, ringing: Ringing) -> Line | str:
        """Answered, declined, not answered, busy."""
        self.rung += 1
        if not self._busy.acquire(blocking=False) or any(not one.is_over.is_set() for one in self.talkers):
            self.faults.found.append(f"double call: {self.name} is called while they are in a call or rung")
            return "busy"
        try:
            does = self.dice.choices(["answers", "busy", "no-answer"], [80, 8, 12])[0]
            if does != "answers":
                ringing.canceled.wait(ringing.timeout if does == "no-answer" else 0.3)
                return does
            if ringing.canceled.wait(self.dice.uniform(0.1, 3.0)):
                return "no-answer"
            talker = self.person(self.name, self.dice, self.faults)
            talker.call_sid = ringing.call_sid
            self.talkers.append(talker)
            return talker.line
        finally:
            self._busy.release()
