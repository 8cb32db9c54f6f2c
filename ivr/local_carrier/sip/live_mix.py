"""What a telephone hears of a conference, frame by frame.

The voices of the others are mixed, each with a little delay against pieces that come late.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from ivr.audio.wav import RATE, Samples
from ivr.local_carrier.conferences import MixedAudio

FRAME = RATE // 50
#: A voice is played once so much of it is there; what is longer than the second is shortened to the first.
_PRIMED, _LONGEST = 3 * FRAME, 40 * FRAME


class _Voice:
    def __init__(self) -> None:
        self.samples: NDArray[np.int16] = np.zeros(0, np.int16)
        self.plays = False

    def add(self, samples: Samples) -> None:
        self.samples = np.concatenate([self.samples, samples])
        if len(self.samples) > _LONGEST + len(samples):
            self.samples = self.samples[-(_PRIMED + len(samples)) :]
        self.plays = self.plays or len(self.samples) >= _PRIMED

    def take(self) -> Samples:
        if not self.plays:
            return self.samples[:0]
        taken, self.samples = self.samples[:FRAME], self.samples[FRAME:]
        if not len(self.samples):
            self.plays = False
        return taken


class LiveMix(MixedAudio):
    """The others' voices, taken a frame of 20 ms at a time; without any of them music is played, if there is some."""

    def __init__(self) -> None:
        super().__init__()
        self._voices: dict[str, _Voice] = {}
        self._music: Samples = np.zeros(0, np.int16)
        self._music_at = 0
        self._guard = threading.Lock()

    def hear(self, speaker: str, samples: Samples) -> None:
        """Somebody else has said something."""
        with self._guard:
            self._voices.setdefault(speaker, _Voice()).add(samples)

    def music(self, samples: Samples) -> None:
        """What is played to who is alone."""
        self._music = samples

    def frame(self, *, alone: bool) -> bytes | None:
        """The next 20 ms as 16-bit samples; None for silence."""
        if alone:
            return self._next_of_music()
        self._music_at = 0
        with self._guard:
            parts = [part for voice in self._voices.values() if len(part := voice.take())]
        if not parts:
            return None
        mixed = np.zeros(FRAME, np.int32)
        for part in parts:
            mixed[: len(part)] += part
        return np.clip(mixed, -32768, 32767).astype("<i2").tobytes()

    def _next_of_music(self) -> bytes | None:
        if not len(self._music):
            return None
        places = np.arange(self._music_at, self._music_at + FRAME) % len(self._music)
        self._music_at += FRAME
        return self._music[places].astype("<i2").tobytes()
