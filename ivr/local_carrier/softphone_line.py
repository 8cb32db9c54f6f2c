"""The softphone's end of a call: a person in real time, driven by short requests and long polls."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np
import soxr

from ivr.audio.wav import RATE, Samples, Sound
from ivr.local_carrier.call import Ringing
from ivr.local_carrier.conferences import HoldMusic
from ivr.local_carrier.lines import (
    HungUp,
    Interrupted,
    JoinedConference,
    Line,
    RecordedSpeech,
    Utterance,
    seconds_since_speech,
)
from ivr.local_carrier.real_time_line import RealTimeLine

#: Seconds after which a softphone that does not ask for events counts as closed.
_CLOSED_AFTER = 25.0
#: Seconds that a request for events stays open.
_POLL_SECONDS = 10.0
_BEEP_SECONDS = 0.4


class SoftphoneLine(RealTimeLine):
    """A person at a softphone, in real time."""

    def __init__(self, closed_after: float = _CLOSED_AFTER) -> None:
        """`closed_after`: seconds of silence after which the softphone counts as closed."""
        super().__init__()
        self._closed_after = closed_after
        self.events: list[dict[str, Any]] = []
        self.audio: OrderedDict[str, Sound] = OrderedDict()
        self._conversation: JoinedConference | None = None
        self._music: HoldMusic | None = None
        self._speech: list[Samples] = []
        self._resampler: soxr.ResampleStream | None = None
        self._recording = False
        self._last_seen = time.monotonic()

    # -- called by the softphone ----------------------------------------------------------------

    def say(self, samples: Samples, rate: int) -> None:
        """A piece of speech. It is recorded, or played to the others of a conference, or else dropped."""
        with self._changed:
            conversation = self._conversation
            if not self._recording and conversation is None:
                return
            if self._resampler is None:
                self._resampler = soxr.ResampleStream(rate, RATE, 1, dtype="int16")
            chunk = self._resampler.resample_chunk(samples)
            if conversation is None:
                self._speech.append(chunk)
                self._changed.notify_all()
        if conversation is not None:
            conversation.conference.say(conversation.participant.call_sid, chunk)

    def events_after(self, number: int, patience: float = _POLL_SECONDS) -> list[dict[str, Any]]:
        """The events from index `number` on. Waits up to `patience` seconds for the first."""
        with self._changed:
            self._last_seen = time.monotonic()
            self._changed.wait_for(lambda: len(self.events) > number, patience)
            self._last_seen = time.monotonic()
            return self.events[number:]

    # -- called by the switch -------------------------------------------------------------------

    def hear(self, utterance: Utterance, *, interruptible: bool) -> bool:
        """Have the prompt played, and wait as long as it lasts."""
        sound = utterance.audio()
        name = secrets.token_urlsafe(8)
        self.audio[name] = sound
        while len(self.audio) > 40:
            self.audio.popitem(last=False)
        self._emit(type="said", text=utterance.text, language=utterance.language, audio=name, seconds=sound.seconds)
        pressed = self._wait_until(lambda: interruptible and bool(self._keys), sound.seconds)
        if pressed:
            self._emit(type="interrupted")
        return pressed

    def record(self, max_seconds: int, finish: str, silence: int, *, beep: bool) -> RecordedSpeech:
        """Record until silence, a key, the longest duration or the hang-up."""
        if beep:
            self._emit(type="beep", seconds=_BEEP_SECONDS)
            try:
                self._wait_until(lambda: False, _BEEP_SECONDS)
            except HungUp:
                return RecordedSpeech(np.zeros(0, np.int16), "hangup")
        with self._changed:
            self._keys, self._speech, self._resampler, self._recording = "", [], None, True
        self._emit(type="recording", max_seconds=max_seconds)
        started, ended_by = time.monotonic(), ""
        while time.monotonic() - started < max_seconds:
            try:
                if self._wait_until(lambda: any(key in finish for key in self._keys), 0.25):
                    ended_by = next(key for key in self._keys if key in finish)
                    break
            except HungUp:
                ended_by = "hangup"
                break
            except Interrupted:
                ended_by = "interrupted"
                break
            elapsed = time.monotonic() - started
            if elapsed > silence and seconds_since_speech(self._recorded()) >= min(silence, elapsed):
                break
        # The last samples before the key are still in transit.
        if ended_by != "hangup":
            self._emit(type="recorded")
            time.sleep(0.4)
        with self._changed:
            self._recording, self._keys = False, ""
            if self._resampler is not None:
                self._speech.append(self._resampler.resample_chunk(np.zeros(0, np.int16), last=True))
        return RecordedSpeech(self._recorded()[: max_seconds * RATE], ended_by)

    def converse(self, conversation: JoinedConference, *, star: bool) -> str:
        """Take part in a conference. The softphone fetches the others' speech with :meth:`conversation`."""
        with self._changed:
            self._keys, self._resampler, self._conversation = "", None, conversation
            self._music = HoldMusic(conversation.music)
        conversation.participant.wake = self._wake
        self._emit(type="talking")

        def is_left() -> bool:
            return conversation.is_over() or (star and "*" in self._keys)

        try:
            while not conversation.is_over():
                if self._wait_until(is_left, 3600) and not conversation.is_over():
                    return "star"
            return "ended"
        finally:
            with self._changed:
                self._keys, self._resampler, self._conversation = "", None, None
            self._emit(type="talked")

    def conversation(self) -> Samples:
        """What the others have said since the last request, or the music of who is alone; 8 kHz."""
        with self._changed:
            conversation, music = self._conversation, self._music
            self._last_seen = time.monotonic()
        if conversation is None or music is None:
            return np.zeros(0, np.int16)
        heard = music.fetch(alone=conversation.is_alone())
        return heard if len(heard) else conversation.participant.incoming.fetch()

    def over(self, reason: str) -> None:
        """The carrier has ended the call."""
        self._emit(type="over", by=reason)

    def _recorded(self) -> Samples:
        with self._changed:
            return np.concatenate(self._speech) if self._speech else np.zeros(0, np.int16)

    def _emit(self, **event: Any) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def _listens(self) -> None:
        self._emit(type="listening")

    def _is_gone(self) -> bool:
        """Whether the caller hung up, or the softphone's window was closed."""
        return self._hung_up or time.monotonic() - self._last_seen > self._closed_after


#: The kind of line that a softphone has.
AnyLine = TypeVar("AnyLine", bound=SoftphoneLine)


class Softphone(Generic[AnyLine]):
    """A softphone window that can be called: it asks for calls with a long poll, and answers or refuses them."""

    def __init__(self, lines: dict[str, AnyLine], new_line: Callable[[], AnyLine]) -> None:
        self._lines, self._new_line = lines, new_line
        self._changed = threading.Condition()
        self._ringing: dict[str, str] = {}
        self._decided: dict[str, bool] = {}
        self._last_seen = time.monotonic()

    def ring(self, ringing: Ringing) -> Line | str:
        """Implements :data:`ivr.local_carrier.call.Telephone`."""
        with self._changed:
            if time.monotonic() - self._last_seen > _CLOSED_AFTER:
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
                self._lines[ringing.call_sid] = self._new_line()
            self._changed.notify_all()
            if answer:
                return self._lines[ringing.call_sid]
            return "no-answer" if answer is None else "busy"

    def ringing(self, known: list[str], patience: float = _POLL_SECONDS) -> list[dict[str, str]]:
        """The ringing calls. Waits up to `patience` seconds until they differ from those `known`."""
        with self._changed:
            self._last_seen = time.monotonic()
            self._changed.wait_for(lambda: list(self._ringing) != known, patience)
            self._last_seen = time.monotonic()
            return [{"call_sid": call_sid, "from": number} for call_sid, number in self._ringing.items()]

    def decide(self, call_sid: str, *, answer: bool) -> bool:
        """Answer or refuse a call. Returns False if it does not ring any more."""
        with self._changed:
            if call_sid not in self._ringing:
                return False
            self._decided[call_sid] = answer
            self._changed.notify_all()
            return self._changed.wait_for(lambda: call_sid not in self._ringing, 5)
