"""Reads numbers that are spoken or written in a transcript, in the words of each language.

    read("de", ["null", "vier", "zwei", "eins", "zweihundertzwölf"])     # 0, 4, 2, 1, 212

One grammar serves all languages: hundreds, tens and units, in the order and with the joining word of the language.
A word that is put together (`einundzwanzig`, `ikiyüz`) is taken apart into the same words.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from ivr.domain.digits import is_digits
from ivr.domain.text_folding import parts_of, plain, prepared

_WITH_DIGITS = re.compile(r"\d+|[^\W\d_]+|[^\w\s]")
#: The longest word that is taken apart, in characters.
_LONGEST = 60
#: How often a digit comes behind a word of a language.
_REPEATED = {"twice": 2, "thrice": 3}


@dataclass(frozen=True)
class Piece:
    """A part of a word: its number, its text, and the place of its word in the transcript."""

    #: unit, tens, hundreds, hundred, thousand, joiner, digits, sign or word
    kind: str
    value: int
    text: str
    at: int
    ordinal: bool = False


@dataclass(frozen=True)
class Number:
    """A number: its value, its digits as they were said (`007`), its first piece, and the one behind its last."""

    value: int
    digits: str
    start: int
    end: int
    ordinal: bool


@dataclass
class Numerals:
    """The words of a language that numbers are made of."""

    words: dict[tuple[str, ...], tuple[str, int]] = field(default_factory=dict)
    ordinals: dict[str, int] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def longest(self) -> int:
        """The most parts a word of it has."""
        return max((len(word) for word in self.words), default=1)


@lru_cache(maxsize=1)
def fact_words() -> dict[str, dict[str, Any]]:
    """The words around key facts, by language."""
    with (Path(__file__).parent / "fact_words.toml").open("rb") as file:
        return tomllib.load(file)


def _variants(written: str) -> Iterator[tuple[str, ...]]:
    for variant in written.split("/"):
        yield tuple(plain(part) for part in parts_of(variant))


@lru_cache(maxsize=32)
def numerals(language: str) -> Numerals:
    """The numerals of a language; none of one that nobody has written down."""
    given = fact_words().get(language, {})
    found = Numerals(settings=given)
    ranks = {"units": 1, "tens": 10, "hundreds": 100}
    for name, rank in ranks.items():
        first = 2 if name == "tens" else 0 if name == "units" else 1
        # Huitante and nonante share the list of the tens with those of France, which have none of their own.
        for number, written in enumerate(str(given.get(name, "")).split(), first):
            for word in _variants(written):
                found.words[word] = ("unit" if name == "units" else name, number * rank)
    for number, written in enumerate(str(given.get("native_hours", "")).split(), 1):
        found.words.setdefault((plain(written),), ("unit", number))
    for phrase in given.get("eighty", ()):
        found.words[tuple(plain(part) for part in parts_of(phrase))] = ("tens", 80)
    for phrase in given.get("no_numbers", ()):
        found.words[tuple(plain(part) for part in parts_of(phrase))] = ("word", 0)
    for name in ("hundred", "thousand", "joiner"):
        for word in _variants(str(given.get(name, ""))):
            if word:
                found.words[word] = (name, 0)
    for number, written in enumerate(given.get("ordinals", ()), 1):
        found.ordinals.update({_pattern(variant): number for variant in written.split("/")})
    for number, written in enumerate(given.get("ordinal_tens", ()), 2):
        found.ordinals.update({_pattern(variant): number * 10 for variant in written.split("/")})
    return found


def _pattern(written: str) -> str:
    return "".join(plain(part) for part in parts_of(written)) + ("*" if written.endswith("*") else "")


def pieces(language: str, words: Sequence[str]) -> list[Piece]:
    """The parts of words, each known as a numeral, as digits, or as any other word."""
    known, parts = numerals(language), list[tuple[str, int]]()
    for at, word in enumerate(words):
        written = prepared(word)
        if any(map(is_digits, written)):
            parts += [(plain(part) or part, at) for part in _WITH_DIGITS.findall(written)]
        else:
            parts += [(plain(part), at) for part in parts_of(word)]
    found: list[Piece] = []
    number = 0
    while number < len(parts):
        text, at = parts[number]
        for length in range(min(known.longest, len(parts) - number), 0, -1):
            named = known.words.get(tuple(part for part, _ in parts[number : number + length]))
            if named is not None:
                found.append(Piece(*named, " ".join(part for part, _ in parts[number : number + length]), at))
                number += length
                break
        else:
            found += _taken_apart(known, text, at)
            number += 1
    return list(_told_once(known, found))


def _told_once(known: Numerals, found: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces, with a digit that is said to come twice or thrice ("double two") as often as it comes."""
    times = {plain(str(known.settings[name])): count for name, count in _REPEATED.items() if name in known.settings}
    count = 1
    for piece, following in zip(found, [*found[1:], None], strict=False):
        is_digit = following is not None and following.kind == "unit" and following.value < 10
        if piece.text in times and is_digit:
            count = times[piece.text]
            continue
        yield from [piece] * count
        count = 1


def _taken_apart(known: Numerals, text: str, at: int) -> list[Piece]:
    """What one part of a word is: digits, a sign, an ordinal, numerals that are written together, or a word."""
    if is_digits(text):
        return [Piece("digits", int(text[:18]), text, at)]
    if not any(letter.isalnum() for letter in text):
        return [Piece("sign", 0, text, at)]
    if (number := _ordinal(known, text)) is not None:
        return [Piece("tens" if number >= 20 else "unit", number, text, at, ordinal=True)]
    for stem, ordinal in _stems(known, text):
        if named := known.words.get((stem,)):
            return [Piece(*named, stem, at, ordinal=ordinal)]
        if known.settings.get("glued") and (split := _split(known, stem, at)):
            last = split[-1]
            return [*split[:-1], Piece(last.kind, last.value, last.text, at, ordinal=ordinal)]
    joined = plain(str(known.settings.get("joined", "")))
    if joined and text.startswith(joined) and (named := known.words.get((text.removeprefix(joined),))):
        return [Piece("joiner", 0, joined, at), Piece(*named, text.removeprefix(joined), at)]
    return [Piece("word", 0, text, at)]


def _ordinal(known: Numerals, text: str) -> int | None:
    if text in known.ordinals:
        return known.ordinals[text]
    for pattern, number in known.ordinals.items():
        if pattern.endswith("*") and text.startswith(pattern[:-1]) and len(text) <= len(pattern) + 3:
            return number
    return None


def _stems(known: Numerals, text: str) -> Iterator[tuple[str, bool]]:
    """A word, and what is left of it without an ending; whether that ending makes it an ordinal."""
    yield text, False
    for name, ordinal in (("ordinal_ends", True), ("endings", False)):
        for ending in known.settings.get(name, ()):
            if text.endswith(plain(ending)) and len(text) > len(ending) + 1:
                yield text.removesuffix(plain(ending)), ordinal


def _split(known: Numerals, text: str, at: int) -> list[Piece] | None:
    """A word as numerals that are written together, the longest ones first; None where something is left."""
    if not text:
        return []
    for length in range(min(len(text), _LONGEST), 0, -1):
        named = known.words.get((text[:length],))
        if named is not None and (rest := _split(known, text[length:], at)) is not None:
            return [Piece(*named, text[:length], at), *rest]
    return None


def read(language: str, words: Sequence[str]) -> list[Number]:
    """All numbers in words, in their order."""
    return numbers(language, pieces(language, words))


def numbers(language: str, found: Sequence[Piece]) -> list[Number]:
    """All numbers in pieces, in their order."""
    grammar, result, at = _Grammar(numerals(language).settings, found), list[Number](), 0
    while at < len(found):
        number = grammar.number(at)
        if number is None:
            at += 1
        else:
            result.append(number)
            at = number.end
    return result


class _Grammar:
    """How a language puts numbers together."""

    def __init__(self, settings: Mapping[str, Any], found: Sequence[Piece]) -> None:
        self._units_first = bool(settings.get("units_first"))
        self._has_joiner = bool(settings.get("joiner"))
        self._joiner_optional = bool(settings.get("joiner_optional")) or not self._has_joiner
        self._teens_after = frozenset(settings.get("teens_after", ()))
        self._ten_first, self._late_ten = bool(settings.get("ten_first")), bool(settings.get("unit_first_teens"))
        self._found = found

    def number(self, at: int) -> Number | None:
        """The number that begins at a piece."""
        if self._kind(at) == "digits":
            piece = self._found[at]
            dotted = self._kind(at + 1) == "sign" and self._found[at + 1].text == "."
            return Number(piece.value, piece.text, at, at + 1, dotted)
        value, end = self._group(at)
        if self._kind(end) == "thousand" and (value is not None or end == at):
            value, rest = (value if value is not None else 1) * 1000, end + 1
            more, after = self._group(rest + (self._kind(rest) == "joiner"))
            value, end = (value + more, after) if more is not None else (value, rest)
        if value is None:
            return None
        ordinal = any(piece.ordinal for piece in self._found[at:end])
        return Number(value, str(value), at, end, ordinal)

    def _kind(self, at: int) -> str:
        return self._found[at].kind if 0 <= at < len(self._found) else ""

    def _value(self, at: int) -> int:
        return self._found[at].value

    def _group(self, at: int) -> tuple[int | None, int]:
        """A number below a thousand (or hundreds up to 19), and where it ends."""
        if self._kind(at) == "hundreds":
            hundreds, end = self._value(at), at + 1
        elif self._kind(at) == "unit" and 1 <= self._value(at) <= 19 and self._kind(at + 1) == "hundred":
            hundreds, end = self._value(at) * 100, at + 2
        elif self._kind(at) == "hundred":
            hundreds, end = 100, at + 1
        else:
            return self._below_hundred(at)
        more, after = self._below_hundred(end + (self._kind(end) == "joiner"))
        return (hundreds + more, after) if more else (hundreds, end)

    def _below_hundred(self, at: int) -> tuple[int | None, int]:
        kind = self._kind(at)
        if kind == "tens":
            return self._tens(at)
        if kind != "unit":
            return None, at
        value = self._value(at)
        if self._units_first and 1 <= value <= 9 and self._kind(at + 1) == "joiner" and self._kind(at + 2) == "tens":
            return value + self._value(at + 2), at + 3
        if self._late_ten and 1 <= value <= 9 and self._kind(at + 1) == "unit" and self._value(at + 1) == 10:
            return value + 10, at + 2
        if self._ten_first and value == 10 and self._kind(at + 1) == "unit" and 1 <= self._value(at + 1) <= 9:
            return 10 + self._value(at + 1), at + 2
        return value, at + 1

    def _tens(self, at: int) -> tuple[int, int]:
        tens = self._value(at)
        joined = self._kind(at + 1) == "joiner"
        after = at + 2 if joined else at + 1
        most = 19 if tens in self._teens_after else 9
        if not self._units_first and (joined or self._joiner_optional) and self._kind(after) == "unit":
            unit = self._value(after)
            if 1 <= unit <= most:
                return tens + unit, after + 1
        return tens, at + 1
