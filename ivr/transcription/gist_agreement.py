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
_DENIED, _ONLY, _EITHER = "denied", "only", "either"
#: Words between both words of an "only", at most; and the ways that are kept in which numbers can be meant.
_LONGEST_ONLY, _MOST_READINGS = 5, 64
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
    if not set.intersection(*(_digits(*side) for side in zip(languages, texts, strict=True))):
        yield "numbers"
    if all(any(mark in text for mark in ".?!") for text in texts) and len({"?" in text for text in texts}) > 1:
        yield "question"
    months = [_months(*side) for side in sides]
    if all(months) and months[0] != months[1]:
        yield "month"
    for group in _listed()["en"].keys() - {_DENIED, _EITHER}:
        named = [_named(group, *side) for side in sides]
        if all(named) and named[0] != named[1]:
            yield group


def _denials(language: str, words: Sequence[Word]) -> int:
    """How often something is denied."""
    listed = _listed()[language][_DENIED][0]
    places = [at for at, (word, _) in enumerate(words) if is_one_of(word, listed)]
    places = [at for at in places if not _restricts(language, words, at, places)]
    return sum(not number or at - places[number - 1] > _SAME_DENIAL for number, at in enumerate(places))


def _restricts(language: str, words: Sequence[Word], at: int, denials: Sequence[int]) -> bool:
    """Whether a word that may deny says "only" together with one that follows ("je n'ai que dix euros")."""
    first, second, never = _listed()[language].get(_ONLY, (frozenset(),) * 3)
    if not is_one_of(words[at][0], first):
        return False
    for place in range(at + 1, min(at + 2 + _LONGEST_ONLY, len(words))):
        if place in denials or is_one_of(words[place][0], never):
            return False
        if is_one_of(words[place][0], second):
            return not any(is_one_of(word, never) for word, _ in words[place + 1 : place + 2])
    return False


def _digits(language: str, text: str) -> set[str]:
    """The digits of all numbers, in their order, in each way in which they can be meant.

    A one that stands alone is left out: it may be an article. What may be another word ("sei" is "six" and "you are",
    "neuf" is "nine" and "new") is read both ways, unless the word before tells ("alle sei").
    """
    pieces = spoken_numbers.pieces(language, _UNSAID.sub("", text).split())
    numbers = spoken_numbers.numbers(language, pieces)
    joined = {number.start for number in numbers} & {number.end for number in numbers}
    either, told = _listed()[language].get(_EITHER, (frozenset(), frozenset()))
    found = [""]
    for number in numbers:
        alone = not {number.start, number.end} & joined
        before = pieces[number.start - 1].text if number.start else ""
        ways = [number.digits] if number.value != 1 or not alone else [""]
        if alone and pieces[number.start].text in either and before not in told:
            ways = [*ways, ""]
        found = [digits + way for digits in found for way in ways][:_MOST_READINGS]
    return set(found)


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
