"""The hotline's own number as a telephone: a call that the hotline places to it comes in as a call of its own.

Both ends are joined: keys and sounds of the end that calls reach the end that is called. What the called end says is
not heard by the calling one, which is told by the hotline what it is asked.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

import numpy as np

from ivr.audio.wav import RATE, Samples, at_telephone_rate
from ivr.local_carrier.call import Ringing
from ivr.local_carrier.lines import (
    HungUp,
    JoinedConference,
    KeyEntry,
    Line,
    RecordedSpeech,
    SilentLine,
    Utterance,
)

if TYPE_CHECKING:
    from ivr.local_carrier.call import Telephone
    from ivr.local_carrier.switch import Switch

#: How much of a second of the carrier passes in a second here; tests hurry.
PACE = 1.0
_LOOK = 0.01


class _Wire:
    """What the calling end sends: keys, one by one, and sounds."""

    def __init__(self) -> None:
        self.sent: queue.Queue[str | Samples] = queue.Queue()
        self.hung_up = threading.Event()


def telephone(switch: Switch) -> Telephone:
    """The telephone of a switch's own number. It is answered at once."""

    def answers(ringing: Ringing) -> Line | str:
        wire = _Wire()
        threading.Thread(
            target=switch.call, args=(_CalledEnd(wire), ringing.from_), daemon=True, name="own number"
        ).start()
        return _CallingEnd(wire)

    return answers


class _CallingEnd(SilentLine):
    """The end that calls: it passes on what its documents play."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    def hear(self, utterance: Utterance, *, interruptible: bool) -> bool:
        """Send the sound to the other end."""
        self._check_interrupted()
        self._wire.sent.put(at_telephone_rate(utterance.audio()).samples)
        return False

    def sends(self, keys: str) -> None:
        """Press keys; a `w` waits for half a second."""
        for key in keys:
            if key == "w":
                self.wait(0.5)
            else:
                self._wire.sent.put(key)

    def wait(self, seconds: float) -> None:
        """Let the time pass."""
        until = time.monotonic() + seconds * PACE
        while time.monotonic() < until:
            self._check_interrupted()
            time.sleep(_LOOK)
        self._check_interrupted()

    def over(self, reason: str) -> None:
        """The other end hears that nobody is there any more."""
        self._wire.hung_up.set()


class _CalledEnd(Line):
    """The end that is called: it hears prompts in no time, and waits for what the other end sends."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self._keys = ""

    def _take(self, seconds: float) -> str | Samples | None:
        """The next thing that the other end sends within so many seconds.

        Raises:
            HungUp: the other end has hung up.
        """
        until = time.monotonic() + seconds * PACE
        while True:
            self._check_interrupted()
            try:
                return self._wire.sent.get(timeout=_LOOK)
            except queue.Empty:
                if self._wire.hung_up.is_set():
                    raise HungUp from None
                if time.monotonic() >= until:
                    return None

    def drop_keys(self) -> None:
        """Forget what was sent so far."""
        self._keys = ""
        while not self._wire.sent.empty():
            self._wire.sent.get_nowait()

    def hear(self, utterance: Utterance, *, interruptible: bool) -> bool:
        """Pass over the prompt."""
        self._check_interrupted()
        if self._wire.hung_up.is_set():
            raise HungUp
        return False

    def keys(self, count: int, finish: str, timeout: int) -> KeyEntry:
        """Collect the keys that the other end presses."""
        typed = ""
        while len(typed) < count:
            pressed = self._take(timeout)
            if pressed is None:
                break
            if not isinstance(pressed, str):
                continue
            if pressed in finish:
                return KeyEntry(typed, pressed)
            typed += pressed
        return KeyEntry(typed)

    def record(self, max_seconds: int, finish: str, silence: int, *, beep: bool) -> RecordedSpeech:
        """Record what the other end plays."""
        heard = np.zeros(0, np.int16)
        try:
            while len(heard) < max_seconds * RATE:
                sent = self._take(silence)
                if sent is None or (isinstance(sent, str) and sent in finish):
                    return RecordedSpeech(heard, sent or "")
                if not isinstance(sent, str):
                    heard = np.concatenate([heard, sent])
        except HungUp:
            return RecordedSpeech(heard, "hangup")
        return RecordedSpeech(heard[: max_seconds * RATE])

    def wait(self, seconds: float) -> None:
        """Let the time pass."""
        self._take(seconds)

    def converse(self, conversation: JoinedConference, *, star: bool) -> str:
        """Stay until the conversation is over."""
        while not conversation.is_over():
            self._take(1)
        return "ended"

    def over(self, reason: str) -> None:
        """Do nothing: the calling end learns it from the hotline."""
