"""Renders a whole prompt as one piece of audio, for people who review the prompts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ivr.audio.wav import RATE, Samples, Sound, read_wav
from ivr.platform import database
from ivr.prompts import recordings, rendering
from ivr.prompts.speaking import Audio, Piece, Text, spoken


def sound_of(prompt: str, language: str, values: Mapping[str, str]) -> Sound:
    """The audio of a prompt at 8 kHz. This machine speaks where the carrier's voice would."""
    samples = [_samples(piece, language) for piece in spoken(prompt, language, values)]
    return Sound(np.concatenate(samples or [np.zeros(0, np.int16)]), RATE)


def _samples(piece: Piece, language: str) -> Samples:
    match piece:
        case Text(text=text):
            return rendering.normalised(rendering.said(text, language)).samples
        case Audio(part=part, version=version) if version.startswith("r"):
            with database.reading() as session:
                return read_wav(recordings.audio(session, int(version[1:])) or b"").samples
        case Audio(part=part):
            return read_wav(rendering.audio_of(part).read_bytes()).samples
