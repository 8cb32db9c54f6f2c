"""What is at the caller's end of a call: somebody who hears, presses keys, speaks and hangs up.

The switch talks to a :class:`Line`. A :class:`ScriptedLine` lives in virtual time: nothing waits, a caller
decides at each point. The softphone's line lives in real time, see :mod:`ivr.local_carrier.softphone_api`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ivr.audio.wav import RATE, Samples, Sound
from ivr.local_carrier.conferences import Participant, Room

#: Below this root mean square (of 32768) 50 ms count as silence.
_SILENCE = 250
_FRAME = RATE // 20


class HungUp(Exception):
    """The caller has hung up."""


class Interrupted(Exception):
    """The REST interface wants the call to end or to go on elsewhere."""


@dataclass(frozen=True)
class Utterance:
    """Something the caller hears: what it says (where known), in which language tag, and its audio on demand."""

    text: str
    language: str
    audio: Callable[[], Sound]


@dataclass(frozen=True)
class Take:
    """What a recording caught, at 8 kHz, and what ended it: a key, "hangup", "interrupted", or nothing."""

    samples: Samples
    ended_by: str = ""


@dataclass(frozen=True)
class Typed:
    """Keys a caller pressed at a question, and the key that ended the entry (empty if none did)."""

    digits: str
    finished_on: str = ""


@dataclass(frozen=True)
class Talk:
    """A conversation a line takes part in."""

    room: Room
    participant: Participant

    def is_over(self) -> bool:
        """Whether the participant has to leave."""
        return bool(self.participant.sent_away)


class Line(ABC):
    """The caller's end, as the switch uses it. Every method may raise :class:`HungUp` or :class:`Interrupted`."""

    #: What the carrier's answering-machine detection says of who answers this line.
    answered_by = "human"
    #: Whether the call waits in a queue.
    in_queue = False
    _interrupted = False

    def interrupt(self) -> None:
        """Make the present or next method raise :class:`Interrupted`, once."""
        self._interrupted = True

    def _go_on(self) -> None:
        if self._interrupted:
            self._interrupted = False
            raise Interrupted

    @abstractmethod
    def hear(self, utterance: Utterance, *, interruptible: bool) -> bool:
        """Play to the caller; True if they pressed a key, which an interruptible utterance stops for."""

    @abstractmethod
    def keys(self, count: int, finish: str, timeout: int) -> Typed:
        """Collect up to `count` keys, `finish` ends them; empty after `timeout` seconds of silence."""

    @abstractmethod
    def record(self, max_seconds: int, finish: str, silence: int, *, beep: bool) -> Take:
        """Record the caller. Here a hang-up is not raised but ends the take."""

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Let time pass."""

    @abstractmethod
    def converse(self, talk: Talk, *, star: bool) -> str:
        """Talk with the others in a room; `star` when the star key left it (where that is wanted), else `ended`."""

    @abstractmethod
    def over(self, reason: str) -> None:
        """The exchange closed the line."""


class Caller(Protocol):
    """Decides what a scripted caller does."""

    def hears(self, text: str, language: str) -> None:
        """Something is said; may raise HungUp."""

    def presses(self, count: int, finish: str) -> str:
        """Keys to press now; empty stays silent; may raise HungUp."""

    def speaks(self) -> Take:
        """What to say after the tone."""

    def waits(self, is_over: Callable[[], bool]) -> None:
        """Listen to the music of a queue for a moment; may raise HungUp."""

    def talks(self, is_over: Callable[[], bool]) -> str:
        """Talk with others until that is over or a key is pressed, which is returned; may raise HungUp."""

    def is_done(self, reason: str) -> None:
        """The line was closed by the exchange."""


class ScriptedLine(Line):
    """A line in virtual time: prompts take no time and silence is decided, not waited for."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def hear(self, utterance: Utterance, *, interruptible: bool) -> bool:
        """Tell the caller what is said."""
        self._go_on()
        self._caller.hears(utterance.text, utterance.language)
        return False

    def keys(self, count: int, finish: str, timeout: int) -> Typed:
        """Ask the caller for keys and cut them as the carrier would."""
        typed = ""
        pressed = self._caller.presses(count, finish)
        if self.in_queue and not pressed:  # what happens to who waits happens in real time
            self._caller.waits(lambda: self._interrupted)
        self._go_on()
        for key in pressed:
            if key in finish:
                return Typed(typed, key)
            typed += key
            if len(typed) == count:
                break
        return Typed(typed)

    def record(self, max_seconds: int, finish: str, silence: int, *, beep: bool) -> Take:
        """Ask the caller for speech."""
        try:
            take = self._caller.speaks()
        except HungUp:
            return Take(np.zeros(0, np.int16), "hangup")
        if self._interrupted:
            self._interrupted = False
            return Take(take.samples[: max_seconds * RATE], "interrupted")
        return Take(take.samples[: max_seconds * RATE], take.ended_by)

    def wait(self, seconds: float) -> None:
        """No time passes."""
        self._go_on()

    def converse(self, talk: Talk, *, star: bool) -> str:
        """As long as the caller wants, or the conversation lasts."""
        while not talk.is_over():
            pressed = self._caller.talks(lambda: talk.is_over() or self._interrupted)
            self._go_on()
            if star and "*" in pressed:
                return "star"
        return "ended"

    def over(self, reason: str) -> None:
        """Tell the caller."""
        self._caller.is_done(reason)


class SilentLine(Line):
    """A number where nobody answers."""

    def hear(self, utterance: Utterance, *, interruptible: bool) -> bool:
        """Nobody hears."""
        return False

    def keys(self, count: int, finish: str, timeout: int) -> Typed:
        """Nobody presses."""
        return Typed("")

    def record(self, max_seconds: int, finish: str, silence: int, *, beep: bool) -> Take:
        """Nobody speaks."""
        return Take(np.zeros(0, np.int16))

    def wait(self, seconds: float) -> None:
        """No time passes."""

    def converse(self, talk: Talk, *, star: bool) -> str:
        """Nobody talks."""
        return "ended"

    def over(self, reason: str) -> None:
        """Nobody minds."""


def trim_silence(samples: Samples) -> Samples:
    """The samples without silence at their ends (100 ms of it is kept)."""
    loud = np.flatnonzero(_loudness(samples) >= _SILENCE)
    if not len(loud):
        return samples[:0]
    margin = 2 * _FRAME
    return samples[max(0, loud[0] * _FRAME - margin) : (loud[-1] + 1) * _FRAME + margin]


def seconds_since_speech(samples: Samples) -> float:
    """Seconds of silence at the end."""
    loud = np.flatnonzero(_loudness(samples) >= _SILENCE)
    return (len(samples) - (loud[-1] + 1) * _FRAME if len(loud) else len(samples)) / RATE


def _loudness(samples: Samples) -> NDArray[np.float64]:
    whole = len(samples) // _FRAME * _FRAME
    frames = samples[:whole].reshape(-1, _FRAME).astype(np.float64)
    return np.asarray(np.sqrt((frames**2).mean(axis=1)))
