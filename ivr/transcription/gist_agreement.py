"""Tells whether a rendering of a message says what its transcript says, as far as single words can tell.

    differences("fr", "la porte n'est pas ouverte", "the door is open")     # ("denied",)

A rendering may say the opposite and read well. Both sides must deny as often, name the same numbers, and mean the same
of what is one or the other (locked, unlocked; Monday, Tuesday; wife, sister). A language whose words nobody has listed
cannot be compared, so that nothing of it agrees.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from ivr.transcription import key_facts, spoken_numbers
from ivr.transcription.spoken_phrases import Word, is_one_of, read, spoken

#: A denial at most so many words behind another one is the same ("n'est pas", "никто не").
_SAME_DENIAL = 3
#: The words of a rendering for each word of the transcript: at least, and at most.
_SHORTEST, _LONGEST = 0.5, 3.5
_DENIED = "denied"
#: What stands within a number and is not said; and the "o" that is no zero.
_UNSAID = re.compile(r"(?<=\d)[.,:/](?=\d)|\bo.?clock\b", re.IGNORECASE)


def differences(language: str, said: str, rendered: str, target: str = "en") -> tuple[str, ...]:
    """What a rendering into a language says in another way than the transcript; empty where nothing was found."""
    if not {language, target} <= _listed().keys():
        return ("language",)
    return tuple(_differences((language, target), (said, rendered)))


def _differences(languages: tuple[str, str], texts: tuple[str, str]) -> Iterator[str]:
    words = [spoken(text) for text in texts]
    sides = list(zip(languages, words, strict=True))
    if not words[0] or not _SHORTEST <= len(words[1]) / len(words[0]) <= _LONGEST:
        yield "length"
    if len({_denials(*side) for side in sides}) > 1:
        yield _DENIED
    if len({_digits(*side) for side in zip(languages, texts, strict=True)}) > 1:
        yield "numbers"
    if all(any(mark in text for mark in ".?!") for text in texts) and len({"?" in text for text in texts}) > 1:
        yield "question"
    months = [_months(*side) for side in sides]
    if all(months) and months[0] != months[1]:
        yield "month"
    for group in _listed()["en"].keys() - {_DENIED}:
        named = [_named(group, *side) for side in sides]
        if all(named) and named[0] != named[1]:
            yield group


def _denials(language: str, words: Sequence[Word]) -> int:
    """How often something is denied."""
    listed = _listed()[language][_DENIED][0]
    places = [at for at, (word, _) in enumerate(words) if is_one_of(word, listed)]
    return sum(not number or at - places[number - 1] > _SAME_DENIAL for number, at in enumerate(places))


def _digits(language: str, text: str) -> str:
    """The digits of all numbers, in their order. A one that stands alone is left out: it may be an article."""
    numbers = spoken_numbers.read(language, _UNSAID.sub("", text).split())
    joined = {number.start for number in numbers} & {number.end for number in numbers}
    return "".join(
        number.digits for number in numbers if number.value != 1 or number.start in joined or number.end in joined
    )


def _months(language: str, words: Sequence[Word]) -> frozenset[int]:
    months = key_facts.months(language)
    return frozenset(months[word,] for word, _ in words if (word,) in months)


def _named(group: str, language: str, words: Sequence[Word]) -> frozenset[int]:
    """Which of a group are named."""
    places = enumerate(_listed()[language].get(group, ()))
    return frozenset(place for place, listed in places if any(is_one_of(word, listed) for word, _ in words))


@lru_cache(maxsize=1)
def _listed() -> dict[str, dict[str, tuple[frozenset[str], ...]]]:
    with (Path(__file__).parent / "gist_words.toml").open("rb") as file:
        listed = tomllib.load(file)
    return {
        language: {group: tuple(map(_patterns, written.split("/"))) for group, written in groups.items()}
        for language, groups in listed.items()
    }


def _patterns(written: str) -> frozenset[str]:
    return frozenset(word for phrase in read(written.split()) for word in phrase)
