"""What a text can be found by, and what a search asks for: words in all spellings, parts joined, numbers as pasted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from ivr.domain.text_folding import JOIN, parts_of, plain, prepared, spellings, split

#: Characters of a word that are kept.
LONGEST = 60
#: The end of a number is looked for from its last digit.
FROM_BEHIND = "…"
#: Words of a search that are looked for, and in how many ways they are joined.
_MOST_ASKED, _MOST_WAYS = 8, 12
#: Digits of a number that stands in a text, and of one that is searched as a whole everywhere.
_NUMBER, _WHOLE_NUMBER = 5, 8
#: Digits of a number that says enough without the words beside it ("Büro", "mobil, abends"); a date has eight.
_ENOUGH = 9
#: Small words before a name that are written apart, hyphenated or joined.
_PARTICLES = frozenset(
    {
        "ad", "al", "as", "ash", "at", "el", "ul", "abd", "abu", "abou", "ait", "ben", "bin", "bint", "hadj", "haj",
        "ibn", "oulad", "ould", "umm", "ab", "af", "av", "d", "da", "das", "de", "del", "della", "den", "der", "des",
        "di", "do", "dos", "du", "fitz", "l", "la", "le", "les", "mac", "mc", "o", "saint", "san", "santa", "st",
        "ten", "ter", "van", "vom", "von", "zu", "zum", "zur",
        "ال", "ابن", "ابو", "ام", "بن", "بنت", "پور", "زاده", "ذو", "عبد",
    }
)  # fmt: skip
#: Digits with what people write between them.
_DIGITS = re.compile(r"\+?\s*\(?\s*\d(?:[\d\s()\[\]./,~:|\\\u2022-]*\d)?")
#: What stands between two whole numbers, and not within one.
_TWO = re.compile(r"(?:\s[/|,~-]\s|[,|]\s?)(?=[\s(]*(?:\+|0))")
#: What may stand between a number and another one that is none, such as a postal code; or within a number.
_PERHAPS_TWO = re.compile(r"[,|]\s|\s[/|,~-]\s")
#: What stands before and behind a pasted number.
_BEFORE = re.compile(
    r"\b(?:tel|telefon|(?:telefon|ruf|handy|mobil|fax)?nummer|rufnr|telefonnr|nr|fon|phone|mobil|mobile|mob|handy|fax|callto"
    r"|sips?|sms|whatsapp|t|m|https?://(?:wa\.me|api\.whatsapp\.com/send\?phone=))(?!\w)[\s.:/-]*(?=[+(\d])"
)
_BEHIND = re.compile(
    r"(?<=\d{7}),+\d{1,6}\b|(?<=\d)(?:[;@]\S*|\s*(?:ext|extension|durchwahl|dw|app|apparat)\b[\s.:]*\d{1,5}\b"
    r"|\s*/\s*-\s*\d{1,4}\b|\s*\((?:privat|mobil|handy|festnetz|dienstlich|gesch[äa]ftlich|private|mobile|home|work)\))"
)
#: A space, a plus sign or a colon in an address that was copied.
_ESCAPED = re.compile(r"%(?:20|2b|3a)(?=[\d(+%])", re.IGNORECASE)
#: What is keyed before a number to withhold one's own or to show it.
_SERVICE = re.compile(r"[*#]3[01]#(?=\s*[+\d])")
#: Digits and letters in one word, as in a file number.
_IN_A_WORD = re.compile(r"\d[^\W\d_]|[^\W\d_]\d")
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")

#: One of several words, each at the beginning of a word that is looked for.
Term = frozenset[str]


@dataclass(frozen=True)
class Search:
    """What a search asks for: one of several ways, each with terms of which all are wanted."""

    ways: tuple[tuple[Term, ...], ...]
    #: It is a whole receipt code or telephone number, and nothing else.
    is_number: bool = False


def words_of(text: str, *, name: bool = False) -> Iterator[str]:
    """The words by which a text is found.

    Its parts in all spellings, what is joined in it as one word, too, and its numbers. In a `name` all neighbours are
    joined, elsewhere small words with what follows them.
    """
    whole = list(split(text))
    for parts in whole:
        for part in parts:
            yield from _cut(spellings(part))
        if len(parts) > 1:
            yield from _cut(_joined(parts))
    words = [part for parts in whole for part in parts]
    for start in range(len(words) - 1):
        for end in (start + 2, start + 3):
            joined = words[start:end]
            if len(joined) == end - start and (name or _are_particles(joined)):
                yield from _cut(_joined(joined))
    for written in _DIGITS.findall(prepared(text)):
        if len(digits := re.sub(r"\D", "", written)) >= _NUMBER:
            yield from _cut(_as_dialled(written) | {FROM_BEHIND + _local(digits)[::-1]})


def words_of_number(number: str) -> Iterator[str]:
    """The words by which a telephone number in E.164, or as it was shown, is found."""
    digits = re.sub(r"\D", "", number)
    if digits:
        yield from _cut({digits, digits.removeprefix("49"), FROM_BEHIND + digits[::-1]})


def asked(text: str) -> Search:
    """What somebody looks for, however it was typed or pasted."""
    text = _ESCAPED.sub(lambda found: unquote(found[0]), _SERVICE.sub(" ", prepared(text)))
    text = _BEHIND.sub(" ", _BEFORE.sub(" ; ", text))  # what has such a word before it begins there
    numbers = [written for written in _numbers_in(text) if _count(written) >= 4]
    rest = _DIGITS.sub(lambda found: " " if _count(found[0]) >= 4 else found[0], text)
    words = parts_of(rest)[:_MOST_ASKED]
    terms = [_number_term(written) for written in numbers[:_MOST_ASKED]]
    ways = [(*terms, *way) for way in _ways(words)]
    if numbers and (_IN_A_WORD.search(text) or any(JOIN in one or re.search(r"\s", one) for one in numbers)):
        # Perhaps these are several numbers (a house and a postal code), or a word with digits (a file number).
        ways += [tuple(map(_spelled, parts_of(text)[:_MOST_ASKED]))]
    alone = (part for written in numbers[:_MOST_ASKED] for part in (written, *_PERHAPS_TWO.split(written)))
    enough = [_number_term(part) for part in alone if _count(part) >= _ENOUGH]
    ways += [(term,) for term in enough]
    whole = len(numbers) == 1 and not words and _count(numbers[0]) >= _WHOLE_NUMBER
    return Search(tuple(dict.fromkeys(way for way in ways if way)), whole or bool(enough))


def _numbers_in(text: str) -> Iterator[str]:
    """What is written with digits; two whole numbers beside each other are two."""
    for written in _DIGITS.findall(text):
        several = _TWO.split(written)
        yield from several if all(_count(one) >= _WHOLE_NUMBER for one in several) else [written]


def _count(written: str) -> int:
    """Digits in what is written."""
    return sum(letter.isdecimal() for letter in written)


def _ways(words: Sequence[str]) -> Iterator[tuple[Term, ...]]:
    """The words, and the words with neighbours joined."""
    yield tuple(_spelled(word) for word in words)
    ways = 1
    for size in (2, 3):
        for start in range(len(words) - size + 1):
            joined = words[start : start + size]
            if ways < _MOST_WAYS and (len(words) <= 4 or _are_particles(joined)):
                ways += 1
                one = frozenset(_cut(_joined(joined)))
                before, behind = words[:start], words[start + size :]
                yield (*map(_spelled, before), one, *map(_spelled, behind))


def _are_particles(words: Sequence[str]) -> bool:
    """Whether all words but the last are small words before a name."""
    return all(plain(word) in _PARTICLES for word in words[:-1])


def _spelled(word: str) -> Term:
    return frozenset(_cut(spellings(word)))


def _joined(parts: Sequence[str]) -> frozenset[str]:
    return spellings("".join(parts))


def _cut(words: frozenset[str] | set[str]) -> Iterator[str]:
    return (word[:LONGEST] for word in words if word)


def _number_term(written: str) -> Term:
    digits = re.sub(r"\D", "", written)
    return frozenset(_cut(_as_dialled(written) | {digits, FROM_BEHIND + digits[::-1]}))


def _as_dialled(written: str) -> set[str]:
    """The digits as they are written, without country and trunk code, and with the foreign country's."""
    digits = re.sub(r"\D", "", _TRUNK_ZERO.sub("", written))
    return {digits, _local(digits), re.sub(r"^00", "", digits)} - {""}


def _local(digits: str) -> str:
    return re.sub(r"^(00)?(49)?0?", "", digits) or digits
