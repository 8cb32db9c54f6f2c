"""Finds phrases in a transcript, except where the speaker denies them or says that they are over.

A phrase is words that follow each other. A star at either end of a word stands for any letters, `…` for up to four
words. Words are compared folded: accents, capitals and vowel signs make no difference.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ivr.domain.text_folding import parts_of, plain

#: A word as it is compared, and as it stands in the text.
Word = tuple[str, str]
#: The words of a phrase, as they are compared.
Phrase = tuple[str, ...]

#: What may stand around a word.
_PUNCTUATION = ".,;:!?¿¡…()[]\"'„“”‚‘’«»<>-–—،؛؟ "
_GAP = "…"
#: Words that a gap may hold; words after a phrase in which it may be denied, and in which it may be said to be over.
_LONGEST_GAP, _DENIED_WITHIN, _OVER_WITHIN = 4, 2, 7
#: Words between a denial and what it denies, at most.
_FILLERS = 4


@dataclass(frozen=True)
class Denials:
    """How a language denies what was said, and says that it is over."""

    #: Words that deny what follows them, and words that may stand in between.
    before: frozenset[str] = frozenset()
    fillers: frozenset[str] = frozenset()
    #: Words that deny what they follow.
    after: frozenset[str] = frozenset()
    #: Forms of words that say the opposite.
    words: frozenset[str] = frozenset()
    #: Phrases after which something is over.
    over: tuple[Phrase, ...] = ()


def spoken(text: str) -> list[Word]:
    """The words of a text."""
    return [(plain(part), word.strip(_PUNCTUATION)) for word in text.split() for part in parts_of(word)]


def read(phrases: Iterable[str]) -> tuple[Phrase, ...]:
    """Phrases as they are compared."""
    return tuple(tuple(_folded(phrase)) for phrase in phrases)


def _folded(phrase: str) -> Iterator[str]:
    for word in phrase.split():
        if word == _GAP:
            yield _GAP
            continue
        parts = [plain(part) for part in parts_of(word)]
        for number, part in enumerate(parts):
            first = "*" if word.startswith("*") and number == 0 else ""
            last = "*" if word.endswith("*") and number == len(parts) - 1 else ""
            yield first + part + last


def found(
    words: Sequence[Word], phrases: Sequence[Phrase], language: str, *, may_be_over: bool = True
) -> list[tuple[int, int]]:
    """Where phrases stand that are not denied: first word, and the one behind the last; each place once.

    `may_be_over`: a phrase does not count where the speaker goes on to say that it is over.
    """
    denials, hits = _denials().get(language, Denials()), list[tuple[int, int]]()
    starts = _starts(words, tuple(phrases))
    for phrase in phrases if starts else ():
        negative = any(is_one_of(word, denials.before) for word in phrase)
        for start in starts:
            end = _end(words, phrase, start)
            if end is None or (start, end) in hits or _is_denied(words, phrase, start, end, denials, negative):
                continue
            if not (may_be_over and _is_over(words, end, denials)):
                hits.append((start, end))
    return hits


def shown(words: Sequence[Word], hits: Iterable[tuple[int, int]]) -> list[str]:
    """The words of places as they stand in the text, each once."""
    texts = (" ".join(dict.fromkeys(word for _, word in words[start:end])) for start, end in hits)
    return list(dict.fromkeys(texts))


def _starts(words: Sequence[Word], phrases: tuple[Phrase, ...]) -> list[int]:
    """Where a phrase can begin: most words begin none."""
    firsts, beginnings, endings = _first_words(phrases)
    return [
        at
        for at, (word, _) in enumerate(words)
        if word in firsts or word.startswith(beginnings) or any(_matches(ending, word) for ending in endings)
    ]


@lru_cache(maxsize=128)
def _first_words(phrases: tuple[Phrase, ...]) -> tuple[frozenset[str], tuple[str, ...], tuple[str, ...]]:
    """First words of phrases; the beginnings of those that may end in any way; those that may begin in any way."""
    firsts = {phrase[0] for phrase in phrases if phrase}
    endings = {word for word in firsts if word.startswith("*")}
    beginnings = {word for word in firsts - endings if word.endswith("*")}
    return frozenset(firsts - beginnings - endings), tuple(word[:-1] for word in beginnings), tuple(endings)


def _end(words: Sequence[Word], phrase: Phrase, start: int) -> int | None:
    """Behind the last word of a phrase that begins at a word; None where it does not."""
    at = start
    for number, pattern in enumerate(phrase):
        if pattern == _GAP:
            rest = phrase[number + 1 :]
            ends = (_end(words, rest, there) for there in range(at, min(at + _LONGEST_GAP + 1, len(words))))
            return next((end for end in ends if end is not None), None)
        if at >= len(words) or not _matches(pattern, words[at][0]):
            return None
        at += 1
    return at


def _is_denied(words: Sequence[Word], phrase: Phrase, start: int, end: int, denials: Denials, negative: bool) -> bool:
    """Whether the speaker denies a phrase. `negative`: it is a denial itself ("no power")."""
    if any(is_one_of(word, denials.words) for word, _ in words[start:end]):
        return True
    if any(is_one_of(word, denials.after) for word, _ in words[end : end + _DENIED_WITHIN]):
        return True
    if negative:
        return False
    within = words[start:end] if _GAP in phrase else ()
    return any(is_one_of(word, denials.before) for word, _ in within) or _is_denied_before(words, start, denials)


def _is_denied_before(words: Sequence[Word], start: int, denials: Denials) -> bool:
    for at in range(start - 1, max(-1, start - 2 - _FILLERS), -1):
        if is_one_of(words[at][0], denials.before):
            return True
        if not is_one_of(words[at][0], denials.fillers):
            return False
    return False


def _is_over(words: Sequence[Word], end: int, denials: Denials) -> bool:
    return any(
        _end(words, phrase, at) is not None and not _is_denied_before(words, at, denials)
        for at in range(end, min(end + _OVER_WITHIN, len(words)))
        for phrase in denials.over
    )


def is_one_of(word: str, patterns: frozenset[str]) -> bool:
    """Whether a folded word is one of those listed; a star stands for any letters."""
    return word in patterns or any(_matches(pattern, word) for pattern in patterns if "*" in pattern)


def _matches(pattern: str, word: str) -> bool:
    inner = pattern.strip("*")
    if pattern.startswith("*"):
        return inner in word if pattern.endswith("*") else word.endswith(inner)
    return word.startswith(inner) if pattern.endswith("*") else word == pattern


@lru_cache(maxsize=1)
def _denials() -> dict[str, Denials]:
    with (Path(__file__).parent / "denials.toml").open("rb") as file:
        listed = tomllib.load(file)
    return {language: _of(lists) for language, lists in listed.items()}


def _of(lists: Mapping[str, Sequence[str]]) -> Denials:
    def named(name: str) -> frozenset[str]:
        return frozenset(word for phrase in read(lists.get(name, ())) for word in phrase)

    over = read(lists.get("over", ()))
    return Denials(named("before"), named("fillers"), named("after"), named("words"), over)
