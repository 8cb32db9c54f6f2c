"""The softphone's end of a call: a person in real time, driven by small requests and long polls."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import soxr

from ivr.audio.wav import RATE, Samples, Sound
from ivr.local_carrier.call import Ringing
from ivr.local_carrier.lines import HungUp, Interrupted, Line, Take, Talk, Typed, Utterance, seconds_since_speech

#: A handset that has not asked for events for so many seconds is gone: its window was closed.
_GONE = 25.0
#: Seconds an events request stays open.
_POLL = 10.0
_BEEP = 0.4


class HandsetLine(Line):
    """A person at a softphone, in real time."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.audio: OrderedDict[str, Sound] = OrderedDict()
        self._talk: Talk | None = None
        self._changed = threading.Condition()
        self._keys = ""
        self._speech: list[Samples] = []
        self._resampler: soxr.ResampleStream | None = None
        self._recording = False
        self._hung_up = False
        self._last_seen = time.monotonic()

    # -- from the handset -----------------------------------------------------------------------

    def press(self, keys: str) -> None:
        """Keys were pressed."""
        with self._changed:
            self._keys += keys
            self._changed.notify_all()

    def say(self, samples: Samples, rate: int) -> None:
        """A piece of speech, recorded or heard by the others of a conversation; else nobody listens."""
        with self._changed:
            talk = self._talk
            if not self._recording and talk is None:
                return
            if self._resampler is None:
                self._resampler = soxr.ResampleStream(rate, RATE, 1, dtype="int16")
            heard = self._resampler.resample_chunk(samples)
            if talk is None:
                self._speech.append(heard)
                self._changed.notify_all()
        if talk is not None:
            talk.room.say(talk.participant.call_sid, heard)

    def interrupt(self) -> None:
        """The REST interface reaches into the call."""
        with self._changed:
            super().interrupt()
            self._changed.notify_all()

    def hang_up(self) -> None:
        """The caller hung up."""
        with self._changed:
            self._hung_up = True
            self._changed.notify_all()

    def events_after(self, number: int, patience: float = _POLL) -> list[dict[str, Any]]:
        """Events from `number` on; waits for one."""
        with self._changed:
            self._last_seen = time.monotonic()
            self._changed.wait_for(lambda: len(self.events) > number, patience)
            self._last_seen = time.monotonic()
            return self.events[number:]

    # -- from the switch ------------------------------------------------------------------------

    def hear(self, utterance: Utterance, *, interruptible: bool) -> bool:
        """Have it played and wait as long as it lasts."""
        sound = utterance.audio()
        name = secrets.token_urlsafe(8)
        self.audio[name] = sound
        while len(self.audio) > 40:
            self.audio.popitem(last=False)
        if not interruptible:
            self._keys = ""
        self._emit(type="said", text=utterance.text, language=utterance.language, audio=name, seconds=sound.seconds)
        pressed = self._until(lambda: interruptible and bool(self._keys), sound.seconds)
        if pressed:
            self._emit(type="interrupted")
        return pressed

    def keys(self, count: int, finish: str, timeout: int) -> Typed:
        """Wait for keys; the time-out begins again with each."""
        typed = ""
        self._emit(type="listening")
        while len(typed) < count:
            if not self._until(lambda: bool(self._keys), timeout):
                break
            with self._changed:
                key, self._keys = self._keys[0], self._keys[1:]
            if key in finish:
                return Typed(typed, key)
            typed += key
        return Typed(typed)

    def record(self, max_seconds: int, finish: str, silence: int, *, beep: bool) -> Take:
        """Record until silence, a key, the longest duration or the hang-up."""
        if beep:
            self._emit(type="beep", seconds=_BEEP)
            try:
                self._until(lambda: False, _BEEP)
            except HungUp:
                return Take(np.zeros(0, np.int16), "hangup")
        with self._changed:
            self._keys, self._speech, self._resampler, self._recording = "", [], None, True
        self._emit(type="recording", max_seconds=max_seconds)
        started, ended_by = time.monotonic(), ""
        while time.monotonic() - started < max_seconds:
            try:
                if self._until(lambda: any(key in finish for key in self._keys), 0.25):
                    ended_by = next(key for key in self._keys if key in finish)
                    break
            except HungUp:
                ended_by = "hangup"
                break
            except Interrupted:
                ended_by = "interrupted"
                break
            elapsed = time.monotonic() - started
            if elapsed > silence and seconds_since_speech(self._heard()) >= min(silence, elapsed):
                break
        # What the microphone caught before the key is still on its way.
        if ended_by != "hangup":
            self._emit(type="recorded")
            time.sleep(0.4)
        with self._changed:
            self._recording, self._keys = False, ""
            if self._resampler is not None:
                self._speech.append(self._resampler.resample_chunk(np.zeros(0, np.int16), last=True))
        return Take(self._heard()[: max_seconds * RATE], ended_by)

    def wait(self, seconds: float) -> None:
        """Let real time pass."""
        self._until(lambda: False, seconds)

    def converse(self, talk: Talk, *, star: bool) -> str:
        """Talk with the others: what is said here goes to them, what they say is fetched by :meth:`conversation`."""
        with self._changed:
            self._keys, self._resampler, self._talk = "", None, talk
        talk.participant.wake = self._wake
        self._emit(type="talking")
        try:
            while not talk.is_over():
                if self._until(lambda: talk.is_over() or (star and "*" in self._keys), 3600) and not talk.is_over():
                    return "star"
            return "ended"
        finally:
            with self._changed:
                self._keys, self._resampler, self._talk = "", None, None
            self._emit(type="talked")

    def conversation(self) -> Samples:
        """What the others have said since the last time."""
        with self._changed:
            talk = self._talk
            self._last_seen = time.monotonic()
        return talk.participant.ear.fetch() if talk else np.zeros(0, np.int16)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def over(self, reason: str) -> None:
        """The line is closed."""
        self._emit(type="over", by=reason)

    def _heard(self) -> Samples:
        with self._changed:
            return np.concatenate(self._speech) if self._speech else np.zeros(0, np.int16)

    def _emit(self, **event: Any) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def _until(self, happened: Callable[[], bool], seconds: float) -> bool:
        """Wait for something; True if it happened in time."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                if self._hung_up or time.monotonic() - self._last_seen > _GONE:
                    raise HungUp
                self._go_on()
                if happened():
                    return True
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 1.0))


class Handset:
    """A softphone window that can be rung: it learns of calls by a long poll and answers or refuses them."""

    def __init__(self, lines: dict[str, HandsetLine]) -> None:
        self._lines = lines
        self._changed = threading.Condition()
        self._ringing: dict[str, str] = {}
        self._decided: dict[str, bool] = {}
        self._last_seen = time.monotonic()

    def ring(self, ringing: Ringing) -> Line | str:
        """Implements :data:`ivr.local_carrier.switch.Telephone`."""
        with self._changed:
            if time.monotonic() - self._last_seen > _GONE:
                return "no-answer"  # the window was closed
            if self._ringing:
                return "busy"
            self._ringing[ringing.call_sid] = ringing.from_
            self._changed.notify_all()
            deadline = time.monotonic() + ringing.timeout
            while ringing.call_sid not in self._decided and not ringing.canceled.is_set():
                if (left := deadline - time.monotonic()) <= 0:
                    break
                self._changed.wait(min(left, 0.1))
            del self._ringing[ringing.call_sid]
            answer = self._decided.pop(ringing.call_sid, None)
            if answer:
                self._lines[ringing.call_sid] = HandsetLine()
            self._changed.notify_all()
            if answer:
                return self._lines[ringing.call_sid]
            return "no-answer" if answer is None else "busy"

    def ringing(self, known: list[str], patience: float = _POLL) -> list[dict[str, str]]:
        """The calls that ring; waits until they are others than those known."""
        with self._changed:
            self._last_seen = time.monotonic()
            self._changed.wait_for(lambda: list(self._ringing) != known, patience)
            self._last_seen = time.monotonic()
            return [{"call_sid": call_sid, "from": number} for call_sid, number in self._ringing.items()]

    def decide(self, call_sid: str, *, answer: bool) -> bool:
        """Answer or refuse; False if it rings no more."""
        with self._changed:
            if call_sid not in self._ringing:
                return False
            self._decided[call_sid] = answer
            self._changed.notify_all()
            return self._changed.wait_for(lambda: call_sid not in self._ringing, 5)
