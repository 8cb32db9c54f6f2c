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
    phrases = _phrases(language, settings().urgency_words.get(language))
    firsts, beginnings = _first_words(phrases)
    # Most words begin no phrase.
    starts = [at for at, (word, _) in enumerate(spoken) if word in firsts or word.startswith(beginnings)]
    hits: list[str] = []
    for phrase in phrases if starts else ():
        for start in starts:
            if start > len(spoken) - len(phrase):
                break
            part = spoken[start : start + len(phrase)]
            if all(_matches(pattern, plain) for pattern, (plain, _) in zip(phrase, part, strict=True)):
                hit = " ".join(dict.fromkeys(word for _, word in part))
                if hit not in hits:
                    hits.append(hit)
    return hits


@lru_cache(maxsize=64)
def _first_words(phrases: tuple[tuple[str, ...], ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """The first words of phrases, and the beginnings of those that may end in any way."""
    firsts = {phrase[0] for phrase in phrases if phrase}
    beginnings = {word for word in firsts if word.endswith("*")}
    return frozenset(firsts - beginnings), tuple(word[:-1] for word in beginnings)


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
