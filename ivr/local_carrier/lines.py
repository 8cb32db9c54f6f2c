"""The caller's end of a call: it hears prompts, presses keys, speaks and hangs up.

The switch talks to a :class:`Line`. A :class:`ScriptedLine` runs in virtual time: it does not wait, and a
:class:`Caller` decides at each point. The softphone's line runs in real time (:mod:`ivr.local_carrier.softphone_line`).
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ivr.audio.wav import RATE, Samples, Sound
from ivr.local_carrier.conferences import Conference, Participant

#: A frame of 50 ms below this root mean square (of 32768) counts as silence.
LOUDEST_SILENCE = 250
_FRAME = RATE // 20
#: Seconds in which nobody has begun to press a key after a prompt.
_REACTION = 1
#: Seconds that a wait of any length takes in virtual time.
_MOMENT = 0.1


class HungUp(Exception):
    """The caller has hung up."""


class Interrupted(Exception):
    """The REST interface ends the call or redirects it to another document."""


@dataclass(frozen=True)
class Utterance:
    """A prompt that the caller hears: its text and language tag (if known), and a function that returns its audio."""

    text: str
    language: str
    audio: Callable[[], Sound]


@dataclass(frozen=True)
class RecordedSpeech:
    """A recording of the caller at 8 kHz, and what ended it: a key, "hangup", "interrupted", or nothing."""

    samples: Samples
    ended_by: str = ""


@dataclass(frozen=True)
class KeyEntry:
    """Keys pressed at a question, and the key that ended the entry (empty if none did)."""

    digits: str
    finished_on: str = ""


@dataclass(frozen=True)
class JoinedConference:
    """The conference that a line has joined, and its participant there."""

    conference: Conference
    participant: Participant
    #: Returns what is heard by who is alone in the conference; nothing where it cannot be fetched.
    music: Callable[[], Samples] = lambda: np.zeros(0, np.int16)

    def is_alone(self) -> bool:
        """Whether nobody else takes part."""
        return len(self.conference.participants) < 2

    def is_over(self) -> bool:
        """Whether the participant has been removed from the conference."""
        return bool(self.participant.removed_because)


class Line(ABC):
    """The caller's end as the switch uses it. Every method may raise :class:`HungUp` or :class:`Interrupted`."""

    #: The result of the carrier's answering-machine detection for this line.
    answered_by = "human"
    #: Whether the call waits in a call queue.
    in_queue = False
    #: The status of the call once it is over: a call that was never answered is refused so.
    ends_as = "completed"
    #: Where what is recorded next is written as it comes, so that it outlives the process; None: nowhere.
    kept_at: Path | None = None
    _interrupted = False

    def interrupt(self) -> None:
        """Make the current or the next method raise :class:`Interrupted`, once."""
        self._interrupted = True

    def goes_on(self) -> None:
        """Forget an interruption that nothing is to follow."""
        self._interrupted = False

    def _check_interrupted(self) -> None:
        if self._interrupted:
            self._interrupted = False
            raise Interrupted

    @abstractmethod
    def drop_keys(self) -> None:
        """Forget the keys pressed so far: what is collected next are only those pressed from now on."""

    @abstractmethod
    def hear(self, utterance: Utterance, *, interruptible: bool) -> bool:
        """Play a prompt. Returns True if the caller pressed a key, which stops an interruptible prompt."""

    @abstractmethod
    def keys(self, count: int, finish: str, timeout: int) -> KeyEntry:
        """Collect up to `count` keys; a key of `finish` ends the entry. Empty after `timeout` seconds without a key."""

    @abstractmethod
    def record(self, max_seconds: int, finish: str, silence: int, *, beep: bool) -> RecordedSpeech:
        """Record `max_seconds` at most, until a key of `finish` or `silence` seconds. A hang-up ends it, too."""

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Let `seconds` pass."""

    def sends(self, keys: str) -> None:  # noqa: B027 - most telephones do not listen
        """Send the tones of keys to the other end; a `w` is half a second of silence."""

    @abstractmethod
    def converse(self, conversation: JoinedConference, *, star: bool) -> str:
        """Take part in a conference. Returns "star" if the star key left it (only with `star`), else "ended"."""

    @abstractmethod
    def over(self, reason: str) -> None:
        """The carrier has ended the call."""


class Caller(Protocol):
    """Decides what a scripted caller does. Every method but `speaks` and `is_done` may raise :class:`HungUp`."""

    def hears(self, text: str, language: str) -> str | None:
        """A prompt is played. Returns the keys pressed while it plays, if any."""

    def presses(self, count: int, finish: str) -> str:
        """The keys to press now; empty stays silent."""

    def speaks(self) -> RecordedSpeech:
        """The speech after the tone."""

    def waits(self, is_over: Callable[[], bool]) -> None:
        """Listen to a call queue's music for a moment."""

    def talks(self, is_over: Callable[[], bool]) -> str:
        """Talk until the conversation is over or a key is pressed. Returns the key."""

    def is_done(self, reason: str) -> None:
        """The carrier has ended the call."""


class ScriptedLine(Line):
    """A line in virtual time: prompts take no time, and silence is decided instead of awaited."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._early = ""

    def drop_keys(self) -> None:
        """Forget the keys pressed during a prompt."""
        self._early = ""

    def hear(self, utterance: Utterance, *, interruptible: bool) -> bool:
        """Pass the prompt's text to the caller, who may press keys meanwhile."""
        self._check_interrupted()
        self._early += self._caller.hears(utterance.text, utterance.language) or ""
        return interruptible and self._early != ""

    def keys(self, count: int, finish: str, timeout: int) -> KeyEntry:
        """Ask the caller for keys, unless some are pressed already, and cut them as the carrier would."""
        typed = ""
        pressed, self._early = self._early, ""
        if not pressed and (self.in_queue or timeout > _REACTION):
            pressed = self._caller.presses(count, finish)
        if self.in_queue and not pressed:  # a call queue moves in real time
            self._caller.waits(lambda: self._interrupted)
        self._check_interrupted()
        for key in pressed:
            if key in finish:
                return KeyEntry(typed, key)
            typed += key
            if len(typed) == count:
                break
        return KeyEntry(typed)

    def record(self, max_seconds: int, finish: str, silence: int, *, beep: bool) -> RecordedSpeech:
        """Ask the caller for speech."""
        try:
            speech = self._caller.speaks()
        except HungUp:
            return RecordedSpeech(np.zeros(0, np.int16), "hangup")
        heard = speech.samples[: max_seconds * RATE]
        if self._interrupted:
            self._interrupted = False
            return RecordedSpeech(heard, "interrupted")
        # Who is still speaking at the limit has not pressed a key or hung up yet.
        return RecordedSpeech(heard, speech.ended_by if len(heard) == len(speech.samples) else "")

    def wait(self, seconds: float) -> None:
        """Let a moment pass, in which what the hotline waits for may happen."""
        time.sleep(min(seconds, _MOMENT))
        self._check_interrupted()

    def converse(self, conversation: JoinedConference, *, star: bool) -> str:
        """Talk as long as the caller wants, or until the conversation is over."""
        while not conversation.is_over():
            pressed = self._caller.talks(lambda: conversation.is_over() or self._interrupted)
            self._check_interrupted()
            if star and "*" in pressed:
                return "star"
        return "ended"

    def over(self, reason: str) -> None:
        """Report the end to the caller."""
        self._caller.is_done(reason)


class SilentLine(Line):
    """The line of a call that has not been answered."""

    def drop_keys(self) -> None:
        """Do nothing."""

    def hear(self, utterance: Utterance, *, interruptible: bool) -> bool:
        """Play nothing."""
        return False

    def keys(self, count: int, finish: str, timeout: int) -> KeyEntry:
        """Return no keys."""
        return KeyEntry("")

    def record(self, max_seconds: int, finish: str, silence: int, *, beep: bool) -> RecordedSpeech:
        """Return an empty recording."""
        return RecordedSpeech(np.zeros(0, np.int16))

    def wait(self, seconds: float) -> None:
        """Return at once."""

    def converse(self, conversation: JoinedConference, *, star: bool) -> str:
        """Return at once."""
        return "ended"

    def over(self, reason: str) -> None:
        """Do nothing."""


def trim_silence(samples: Samples) -> Samples:
    """Cut the silence at both ends, except 100 ms."""
    loud = np.flatnonzero(_loudness(samples) >= LOUDEST_SILENCE)
    if not len(loud):
        return samples[:0]
    margin = 2 * _FRAME
    return samples[max(0, loud[0] * _FRAME - margin) : (loud[-1] + 1) * _FRAME + margin]


def seconds_since_speech(samples: Samples) -> float:
    """Seconds of silence at the end of the samples."""
    loud = np.flatnonzero(_loudness(samples) >= LOUDEST_SILENCE)
    return (len(samples) - (loud[-1] + 1) * _FRAME if len(loud) else len(samples)) / RATE


def _loudness(samples: Samples) -> NDArray[np.float64]:
    whole = len(samples) // _FRAME * _FRAME
    frames = samples[:whole].reshape(-1, _FRAME).astype(np.float64)
    return np.asarray(np.sqrt((frames**2).mean(axis=1)))
