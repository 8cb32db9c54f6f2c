"""What a caller will hear of a prompt, as one piece of audio; for people who judge the prompts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ivr.audio.synthesis import speak
from ivr.audio.wav import RATE, Samples, Sound, read_wav
from ivr.platform import database
from ivr.prompts import recordings, rendering
from ivr.prompts.speaking import Audio, Piece, Text, spoken


def sound_of(prompt: str, language: str, values: Mapping[str, str]) -> Sound:
    """A prompt with all its parts. The carrier's voice is not here; the synthesiser says its text instead."""
    heard = [_samples(piece, language) for piece in spoken(prompt, language, values)]
    return Sound(np.concatenate(heard or [np.zeros(0, np.int16)]), RATE)


def _samples(piece: Piece, language: str) -> Samples:
    match piece:
        case Text(text=text):
            return rendering.normalised(speak(text, language)).samples
        case Audio(part=part, version=version) if version.startswith("r"):
            with database.reading() as session:
                return read_wav(recordings.audio(session, int(version[1:])) or b"").samples
        case Audio(part=part):
            return read_wav(rendering.audio_of(part).read_bytes()).samples
