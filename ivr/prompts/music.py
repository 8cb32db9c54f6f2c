"""The music on hold: a quiet arpeggio, synthesised from sine waves, so that nobody else has rights in it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from ivr.audio.wav import RATE, Samples, Sound, write_wav
from ivr.config.settings import settings
from ivr.prompts import audio_files

#: Chords as semitones above the A of 220 Hz. Each lasts two seconds.
_CHORDS = ((0, 3, 7, 12), (5, 8, 12, 17), (-2, 2, 5, 10), (3, 7, 10, 15))
_NOTE_SECONDS = 0.5


def version() -> str:
    """A version that changes with the sound, for the file's URL."""
    return f"1-{settings().announce_seconds}"


def audio() -> Path:
    """The path of the WAV file. It is made at its first use, and lasts from one announcement to the next.

    Raises:
        OSError: it could not be written.
    """
    path = settings().var_dir / "prompts" / f"music.{version()}.wav"
    if not audio_files.is_whole(path):
        audio_files.keep(path, unstored(settings().announce_seconds))
    return path


@lru_cache(maxsize=1)
def unstored(seconds: float) -> bytes:
    """The WAV file, where the disk takes none. It is kept in memory."""
    return write_wav(Sound(_melody(seconds), RATE))


def _melody(seconds: float) -> Samples:
    melody = np.zeros(int(seconds * RATE))
    time = np.arange(int(1.5 * RATE)) / RATE
    for number in range(int(seconds / _NOTE_SECONDS)):
        chord = _CHORDS[number // 4 % len(_CHORDS)]
        pitch = 220 * 2 ** (chord[number % 4] / 12)
        note = np.sin(2 * np.pi * pitch * time) * np.exp(-3 * time) * np.minimum(time * 50, 1)
        start = int(number * _NOTE_SECONDS * RATE)
        end = min(start + len(note), len(melody))
        melody[start:end] += note[: end - start]
    fade = np.minimum(1, np.minimum(np.arange(len(melody)), np.arange(len(melody))[::-1]) / (RATE / 2))
    return np.asarray(np.round(melody * fade * 2600), dtype=np.int16)
