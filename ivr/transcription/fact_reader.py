"""Reads one transcript: its words, the numbers in it, and which phrases stand beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ivr.domain.enums import FactKind
from ivr.domain.text_folding import parts_of, plain
from ivr.transcription.spoken_numbers import Number, fact_words, numbers, pieces

#: What may stand within a number that is read out.
_WITHIN = frozenset("/-–.()")


@dataclass(frozen=True)
class Fact:
    """A key fact: what it is, its value (E.164, ISO date, digits, a name), and its first and last word."""

    kind: FactKind
    value: str
    first: int
    last: int


class FactReader:
    """One transcript, and the numbers in it."""

    def __init__(self, language: str, words: Sequence[str]) -> None:
        self._given = fact_words()[language]
        self._language, self._words = language, words
        self._pieces = pieces(language, words)
        self._texts = [piece.text for piece in self._pieces]
        self._numbers = numbers(language, self._pieces)
        self._runs = list(self._in_runs())

    # -- where things stand

    def _in_runs(self) -> Iterator[list[Number]]:
        """Numbers that follow each other with nothing but signs in between."""
        run: list[Number] = []
        for number in self._numbers:
            between = self._pieces[run[-1].end : number.start] if run else []
            if run and not all(piece.kind == "sign" and piece.text in _WITHIN for piece in between):
                yield run
                run = []
            run.append(number)
        if run:
            yield run

    def _phrase_before(self, name: str, start: int, near: int) -> int | None:
        """How far before a piece one of the phrases ends; None where none does."""
        for distance in range(near):
            for phrase in phrases(self._language, name):
                end = start - distance
                if end >= len(phrase) and tuple(self._texts[end - len(phrase) : end]) == phrase:
                    return distance
        return None

    def _length_before(self, name: str, start: int) -> int:
        """Pieces of the phrase that ends right before a piece; 0 where none does."""
        found = (len(one) for one in phrases(self._language, name) if tuple(self._texts[:start][-len(one) :]) == one)
        return next(found, 0)

    def _phrase_at(self, name: str, at: int) -> int | None:
        """Behind a phrase that begins at a piece."""
        for phrase in phrases(self._language, name):
            if tuple(self._texts[at : at + len(phrase)]) == phrase:
                return at + len(phrase)
        return None

    def _fact(self, kind: FactKind, value: str, start: int, end: int) -> Fact:
        return Fact(kind, value, self._pieces[start].at, self._pieces[end - 1].at)


@lru_cache(maxsize=256)
def phrases(language: str, name: str) -> tuple[tuple[str, ...], ...]:
    """The phrases that a language has under a name, the longest first."""
    given: Any = fact_words()[language].get(name, ())
    listed = (given,) if isinstance(given, str) else given
    found = [tuple(plain(part) for part in parts_of(phrase)) for phrase in listed]
    return tuple(sorted(filter(None, found), key=len, reverse=True))
