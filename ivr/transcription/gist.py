"""Renders the gist of a message into English, by the translation of the multilingual model. It is no transcript.

A rendering that is probably misleading is refused: the model is unsure of most of it or of a word, goes round in
circles, hears no speech, says in English what the transcript does not (`gist_agreement`), or renders the same speech in
other words when it looks at five ways to go on instead of one, or hears it slower. Nobody is helped by a fluent
sentence that nobody has said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rapidfuzz.distance import Indel

from ivr.audio.wav import Sound, at_rate
from ivr.transcription import gist_agreement, whisper_engine
from ivr.transcription.speech_detector import SpeechDetector

#: Whisper's sample rate in Hz, and the seconds of a message that are rendered.
_RATE, _RENDERED = 16000, 180
#: A part is refused below this mean probability, above this repetition (how far it compresses), or above this chance
#: of silence; and below this probability of a single word: one that was misheard stands among others that were not.
_LEAST_SURE, _MOST_REPEATED, _SILENCE = 0.4, 2.4, 0.6
_LEAST_SURE_WORD = 0.15
#: Words a rendering has at least, and the share of its parts that has to stand.
_FEWEST_WORDS, _STANDING = 3, 0.5
#: How alike the words of two renderings have to be (0 to 1), the ways to go on that the second one looks at, and the
#: speed of the speech in the third one.
_ALIKE, _WAYS, _SLOWER = 0.9, 5, 0.92
#: So many words that come again in a part are a circle. So is the same word on both sides of "or": the model knows one
#: word for two ("block or block", of locking and unlocking).
_CIRCLE = 3
_SAME_TWICE = re.compile(r"\b(\w+) (?:or|and) \1\b")


@dataclass(frozen=True)
class Gist:
    """A rendering into English; None for one that was refused, and the model that has made it."""

    text: str | None
    engine: str


def english(sound: Sound, language: str, said: str = "") -> Gist:
    """The gist of a message that is spoken in a language; `said`: its transcript, where nobody doubts that one.

    Without it the model writes down what it hears, so that there is something to compare the gist with.

    Raises:
        NoModel: the model, or the package that runs it, is not there.
    """
    model, engine = whisper_engine.model(), f"whisper {whisper_engine.model_directory().name}"
    speech = SpeechDetector(sound).speech()
    samples = at_rate(speech, _RATE).samples[: _RENDERED * _RATE].astype(np.float32) / 32768
    if not len(samples):
        return Gist(None, engine)
    parts = list(_rendered(model, samples, language))
    standing = [part.text.strip() for part in parts if _is_sure(part)]
    text = " ".join(standing)
    enough = len(text.split()) >= _FEWEST_WORDS and len(standing) >= _STANDING * len(parts)
    if not enough:
        return Gist(None, engine)
    said = said or " ".join(part.text.strip() for part in _rendered(model, samples, language, task="transcribe"))
    if gist_agreement.differences(language, said, text):
        return Gist(None, engine)
    slower = np.interp(np.arange(0, len(samples), _SLOWER), np.arange(len(samples)), samples).astype(np.float32)
    again = (_rendered(model, samples, language, _WAYS), _rendered(model, slower, language))
    return Gist(text if all(_alike(parts, other) for other in again) else None, engine)


def _rendered(model: Any, samples: Any, language: str, ways: int = 1, task: str = "translate") -> Iterable[Any]:
    segments, _ = model.transcribe(
        samples,
        task=task,
        language=language,
        beam_size=ways,
        word_timestamps=True,
        condition_on_previous_text=False,
        vad_filter=False,
    )
    return segments  # type: ignore[no-any-return]


def _is_sure(part: Any) -> bool:
    """Whether a part of a rendering stands by itself."""
    words = _words([part.text])
    runs = list(zip(*(words[start:] for start in range(_CIRCLE)), strict=False))
    return (
        math.exp(part.avg_logprob) >= _LEAST_SURE
        and part.compression_ratio <= _MOST_REPEATED
        and part.no_speech_prob <= _SILENCE
        and min((word.probability for word in part.words or ()), default=0.0) >= _LEAST_SURE_WORD
        and len(set(runs)) == len(runs)
        and _SAME_TWICE.search(" ".join(words)) is None
    )


def _alike(parts: Iterable[Any], others: Iterable[Any]) -> bool:
    """Whether two renderings have nearly the same words."""
    texts, other_texts = ([part.text for part in some] for some in (parts, others))
    return Indel.normalized_similarity(_words(texts), _words(other_texts)) >= _ALIKE


def _words(texts: Iterable[str]) -> list[str]:
    return re.findall(r"\w+", " ".join(texts).lower())
