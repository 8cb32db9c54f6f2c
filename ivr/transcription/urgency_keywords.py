"""Finds words in a transcript that make a task urgent.

A transcript is full of errors. A missing word therefore never lowers the urgency, and a person can take back a rise
that was caused by a wrong word.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from ivr.config.settings import settings
from ivr.transcription import spoken_phrases


def found(language: str, text: str) -> list[str]:
    """The phrases of the language's list that the text contains, as they stand in the text, each once.

    What is denied, or over, is not found.
    """
    words = spoken_phrases.spoken(text)
    phrases = _phrases(language, settings().urgency_words.get(language))
    return spoken_phrases.shown(words, spoken_phrases.found(words, phrases, language))


@lru_cache(maxsize=64)
def _phrases(language: str, own: tuple[str, ...] | None) -> tuple[spoken_phrases.Phrase, ...]:
    return spoken_phrases.read(own if own is not None else _usual().get(language, ()))


@lru_cache(maxsize=1)
def _usual() -> dict[str, tuple[str, ...]]:
    with (Path(__file__).parent / "urgency_words.toml").open("rb") as file:
        return {language: tuple(phrases) for language, phrases in tomllib.load(file).items()}
