"""The parts of played prompts. Each has a name that fits into a URL, and the text that it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter

from ivr.domain.digits import is_digits
from ivr.prompts import times
from ivr.prompts.catalogue import WRITTEN, Catalogue, catalogue

#: The highest number with a part of its own, for hours, minutes and positions.
HIGHEST = 120
#: The name of the pause between groups of digits, for callers who write them down.
PAUSE = "pause"


@dataclass(frozen=True)
class Part:
    """One piece of audio.

    Names are `closed`, `receipt-1` (the second text of a prompt with placeholders), `digit-7`, `number-24`, `day-23`,
    `month-11`, `hours-other` (the word beside a number) or `pause`.
    """

    language: str
    name: str
    text: str


@lru_cache(maxsize=4096)
def fragments(language: str, prompt: str) -> tuple[Part | str, ...]:
    """Split a prompt into the parts of its text and, between them, the names of its placeholders.

    Raises:
        KeyError: the prompt does not exist.
    """
    found: list[Part | str] = []
    pieces = [(text, name) for text, name, _, _ in Formatter().parse(catalogue(language)[prompt])]
    single = len([text for text, _ in pieces if _has_words(text)]) == 1
    for number, (text, name) in enumerate(pieces):
        if _has_words(text):
            found.append(Part(language, prompt if single else f"{prompt}-{number}", text.strip().lstrip(".,:;،؛ ")))
        if name is not None:
            found.append(name)
    return tuple(found)


def digit(language: str, value: str) -> Part:
    """A single digit (0 to 9)."""
    return Part(language, f"digit-{value}", catalogue(language).digits[int(value)])


def number(language: str, value: int) -> Part:
    """A number from 0 to `HIGHEST`."""
    return Part(language, f"number-{value}", _number(language, value))


def day(language: str, value: int) -> Part:
    """A day of the month (1 to 31)."""
    numerals = catalogue(language).numerals
    return Part(language, f"day-{value}", numerals.day(value) if numerals else str(value))


def month(language: str, value: int) -> Part:
    """A month (1 to 12)."""
    numerals = catalogue(language).numerals
    return Part(language, f"month-{value}", numerals.month(value) if numerals else str(value))


def counted(language: str, unit: str, value: int) -> tuple[Part, ...]:
    """A count of hours or minutes, from 0 to `HIGHEST`: the number where it is said, and its word."""
    text = times.counted(language, unit, value)
    word = Part(language, f"{unit}-{times.category(language, unit, value)}", text.replace("{n}", "").strip())
    return (number(language, value), word) if "{n}" in text else (word,)


def pause(language: str) -> Part:
    """A short silence."""
    return Part(language, PAUSE, "")


def texts_of(words: Catalogue) -> Iterator[Part]:
    """The parts that are texts of the language's prompts."""
    for prompt in words.texts:
        if prompt not in WRITTEN:
            yield from (part for part in fragments(words.language, prompt) if isinstance(part, Part))


def values_of(language: str) -> Iterator[Part]:
    """The parts that say values of placeholders."""
    yield pause(language)
    for value in range(10):
        yield digit(language, str(value))
    for value in range(HIGHEST + 1):
        yield number(language, value)
    for unit in times.UNITS:
        yield from {counted(language, unit, value)[-1]: None for value in range(HIGHEST + 1)}
    for value in range(1, 32):
        yield day(language, value)
    for value in range(1, 13):
        yield month(language, value)


def named(language: str, name: str) -> Part | None:
    """The part with this name, or None if there is none."""
    kind, _, rest = name.rpartition("-")
    if name == PAUSE:
        return pause(language)
    if (kind in ("digit", "number", "day", "month") and is_digits(rest)) or kind in times.UNITS:
        return next((part for part in values_of(language) if part.name == name), None)
    prompt = name if name in catalogue(language).texts else kind
    if prompt not in catalogue(language).texts or prompt in WRITTEN:
        return None
    return next((part for part in fragments(language, prompt) if isinstance(part, Part) and part.name == name), None)


def _number(language: str, value: int) -> str:
    numerals = catalogue(language).numerals
    return numerals.number(value) if numerals else str(value)


def _has_words(text: str) -> bool:
    return re.search(r"\w", text) is not None
