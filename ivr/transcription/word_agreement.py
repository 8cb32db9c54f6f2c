"""Aligns the words of two engines, and tells which of them both have heard.

    found = compare("de", words, others)
    found.alike             # places of the first engine's words that both have heard
    found.differences       # [Difference(3, 4, "Miete", "Mitte")]

Spelling does not count: capitals, accents, words that are written together, numbers in figures or in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rapidfuzz.distance import Levenshtein

from ivr.domain.text_folding import parts_of, plain
from ivr.transcription import spoken_numbers

#: Two engines of which less than this share of words agrees, of at least so many, have not heard the same message.
_AGREEING, _ENOUGH = 0.5, 5


@dataclass(frozen=True)
class Difference:
    """Where two engines differ: words from `first` up to `end` of the first one, both readings, and seconds."""

    first: int
    end: int
    text: str
    other: str
    start: float


@dataclass(frozen=True)
class Agreement:
    """What two engines have heard of one message."""

    alike: frozenset[int]
    differences: tuple[Difference, ...]
    #: The words that both have heard, of those of the engine that has heard more. 1 where neither has heard any.
    share: float
    words: int

    @property
    def is_low(self) -> bool:
        """Whether a person must listen, because the engines have heard quite different words."""
        return self.words >= _ENOUGH and self.share < _AGREEING


def compare(language: str, words: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> Agreement:
    """Compare the words of two engines, which stand in the order in which they were said."""
    mine, theirs = _keys(words), _keys(others)
    alike: set[int] = set()
    differences: list[Difference] = []
    steps = Levenshtein.opcodes([key for _, key in mine], [key for _, key in theirs])
    for equal, some in groupby(steps, lambda step: step.tag == "equal"):
        block = list(some)
        here = [place for place, _ in mine[block[0].src_start : block[-1].src_end]]
        there = [place for place, _ in theirs[block[0].dest_start : block[-1].dest_end]]
        said, other = _text(words, here), _text(others, there)
        if equal or _sounds_alike(language, said, other):
            alike.update(here)
            continue
        at = words[here[0]] if here else others[there[0]]
        first = here[0] if here else _behind(mine, block[0].src_start)
        end = here[-1] + 1 if here else first
        differences.append(Difference(first, end, said, other, float(at["start"])))
    most = max(len(mine), len(theirs))
    return Agreement(frozenset(alike), tuple(differences), len(alike) / most if most else 1.0, most)


def _keys(words: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """The place of each word, and the word as it is compared; what is no word is left out."""
    keys = [(place, "".join(map(plain, parts_of(str(word["word"]))))) for place, word in enumerate(words)]
    return [(place, key) for place, key in keys if key]


def _behind(mine: Sequence[tuple[int, str]], at: int) -> int:
    """The place at which words are missing."""
    return mine[at - 1][0] + 1 if at else 0


def _text(words: Sequence[Mapping[str, Any]], places: Sequence[int]) -> str:
    return " ".join(str(words[place]["word"]).strip() for place in places)


def _sounds_alike(language: str, said: str, other: str) -> bool:
    """Whether two readings are one: words written together or apart, or the same number."""
    if not said or not other:
        return False
    joined, others_joined = ("".join(map(plain, parts_of(text))) for text in (said, other))
    return joined == others_joined or _as_number(language, said) == _as_number(language, other) != ""


def _as_number(language: str, text: str) -> str:
    """The digits of a text that is nothing but numbers; empty for others."""
    words = parts_of(text)
    numbers = spoken_numbers.read(language, words)
    covered = {place for number in numbers for place in range(number.start, number.end)}
    pieces = spoken_numbers.pieces(language, words)
    whole = bool(numbers) and covered == set(range(len(pieces)))
    return "".join(str(number.value) if number.value else number.digits for number in numbers) if whole else ""
