"""Finds words in a transcript that make a task urgent.

A transcript is full of errors. A missing word therefore never lowers the urgency, and a person can take back a rise
that was caused by a wrong word.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from ivr.config.settings import settings
from ivr.domain.text_folding import parts_of, plain

#: What may stand around a word.
_PUNCTUATION = ".,;:!?¿¡…()[]\"'„“”‚‘’«»<>-–—،؛؟ "


def found(language: str, text: str) -> list[str]:
    """The phrases of the language's list that the text contains, as they stand in the text, each once."""
    spoken = [(plain(part), word.strip(_PUNCTUATION)) for word in text.split() for part in parts_of(word)]
    hits: list[str] = []
    for phrase in _phrases(language, settings().urgency_words.get(language)):
        for start in range(len(spoken) - len(phrase) + 1):
            part = spoken[start : start + len(phrase)]
            if all(_matches(pattern, plain) for pattern, (plain, _) in zip(phrase, part, strict=True)):
                hit = " ".join(dict.fromkeys(word for _, word in part))
                if hit not in hits:
                    hits.append(hit)
    return hits


def _matches(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


def _words(phrase: str) -> list[str]:
    words = [(plain(part), word.endswith("*")) for word in phrase.split() for part in parts_of(word)]
    return [word + ("*" if star else "") for word, star in words]


@lru_cache(maxsize=64)
def _phrases(language: str, own: tuple[str, ...] | None) -> tuple[tuple[str, ...], ...]:
    listed = own if own is not None else _usual().get(language, ())
    return tuple(tuple(_words(phrase)) for phrase in listed)


@lru_cache(maxsize=1)
def _usual() -> dict[str, tuple[str, ...]]:
    with (Path(__file__).parent / "urgency_words.toml").open("rb") as file:
        return {language: tuple(phrases) for language, phrases in tomllib.load(file).items()}
