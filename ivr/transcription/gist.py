"""Renders the gist of a message into English, by the translation of the multilingual model. It is no transcript.

A rendering that is probably misleading is refused: the model is unsure of most of it, goes round in circles, or hears
no speech. Nobody is helped by a fluent sentence that nobody has said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ivr.audio.wav import Sound, at_rate
from ivr.transcription import whisper_engine
from ivr.transcription.speech_detector import SpeechDetector

#: Whisper's sample rate in Hz, and the seconds of a message that are rendered.
_RATE, _RENDERED = 16000, 180
#: A part is refused below this mean probability, above this repetition (how far it compresses), or above this chance
#: of silence.
_LEAST_SURE, _MOST_REPEATED, _SILENCE = 0.4, 2.4, 0.6
#: Words a rendering has at least, and the share of its parts that has to stand.
_FEWEST_WORDS, _STANDING = 3, 0.5


@dataclass(frozen=True)
class Gist:
    """A rendering into English; None for one that was refused, and the model that has made it."""

    text: str | None
    engine: str


def english(sound: Sound, language: str) -> Gist:
    """The gist of a message that is spoken in a language.

    Raises:
        NoModel: the model, or the package that runs it, is not there.
    """
    model, engine = whisper_engine.model(), f"whisper {whisper_engine.model_directory().name}"
    speech = SpeechDetector(sound).speech()
    samples = at_rate(speech, _RATE).samples[: _RENDERED * _RATE].astype(np.float32) / 32768
    if not len(samples):
        return Gist(None, engine)
    segments, _ = model.transcribe(
        samples, task="translate", language=language, beam_size=1, condition_on_previous_text=False, vad_filter=False
    )
    parts = list(segments)
    standing = [
        part.text.strip()
        for part in parts
        if math.exp(part.avg_logprob) >= _LEAST_SURE
        and part.compression_ratio <= _MOST_REPEATED
        and part.no_speech_prob <= _SILENCE
    ]
    text = " ".join(standing)
    enough = len(text.split()) >= _FEWEST_WORDS and len(standing) >= _STANDING * len(parts)
    return Gist(text if enough else None, engine)
