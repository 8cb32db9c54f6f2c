"""Finds what a member would write down from a message: numbers to call, dates, times, amounts, file numbers, names.

    for fact in find("de", words): fact.kind, fact.value, fact.first, fact.last

Nothing is stored: facts are found when a page shows the transcript, and are gone with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from ivr.domain import phone_numbers
from ivr.domain.enums import FactKind
from ivr.domain.text_folding import parts_of, plain
from ivr.transcription.fact_reader import Fact, phrases
from ivr.transcription.spoken_numbers import Number, Piece, fact_words
from ivr.transcription.spoken_times import TimeReader

#: Pieces before a number in which a word says what it is.
_NEAR, _BESIDE = 8, 3
#: Digits of a file number, and of one that may be told by a telephone context alone.
_SHORTEST_FILE, _SHORTEST_PHONE = 4, 6
#: Words of a name, at most.
_LONGEST_NAME = 3
_POSTAL_DIGITS = 5
#: CLDR's code of a language, where it is another one; further places whose months have other names.
_LOCALES = {"kmr": ("ku",), "ar": ("ar", "ar_SY")}


def find(language: str, words: Sequence[str]) -> list[Fact]:
    """The key facts in the words of a transcript, in their order; no word belongs to two of them."""
    if language not in fact_words():
        return []
    reader = _Reader(language, words)
    taken: list[Fact] = []
    for facts in (
        reader.files(),
        reader.postal(),
        reader.phones(),
        reader.dates(),
        reader.times(),
        reader.amounts(),
        reader.names(),
    ):
        for fact in facts:
            if not any(fact.first <= other.last and other.first <= fact.last for other in taken):
                taken.append(fact)
    return sorted(taken, key=lambda fact: fact.first)  # fmt: skip


class _Reader(TimeReader):
    """One transcript, and its facts."""

    def files(self) -> Iterator[Fact]:
        """Numbers of files, communities of need (BG) and customers: named before, with letters perhaps."""
        for run, following in zip(self._runs, [*self._runs[1:], None], strict=False):
            digits = "".join(number.digits for number in run)
            if following is not None and self._phrase_at("bg", run[-1].end) == following[0].start:
                after = "".join(number.digits for number in following)
                yield self._fact(FactKind.FILE, f"{digits}BG{after}", run[0].start, following[-1].end)
            elif len(digits) >= _SHORTEST_FILE and self._phrase_before("file", run[0].start, _BESIDE) is not None:
                yield self._fact(FactKind.FILE, digits, run[0].start, run[-1].end)

    def postal(self) -> Iterator[Fact]:
        """Postal codes: named before, or of Bremen and before its name."""
        for run in self._runs:
            digits = "".join(number.digits for number in run)
            town = self._texts[run[-1].end] if run[-1].end < len(self._texts) else ""
            named = self._phrase_before("postal", run[0].start, _BESIDE) is not None
            ours = digits.startswith(("28", "275")) and town in _TOWNS
            if len(digits) == _POSTAL_DIGITS and (named or ours):
                yield self._fact(FactKind.POSTAL_CODE, digits, run[0].start, run[-1].end)

    def phones(self) -> Iterator[Fact]:
        """Telephone numbers that can be called: they begin with a zero or plus, or a word says what they are."""
        for run in self._runs:
            digits = "".join(number.digits for number in run)
            start = run[0].start
            before = self._phrase_before("plus", start, 1)
            if before is not None or (start and self._texts[start - 1] == "+"):
                digits, start = f"+{digits}", start - 1
            named = self._phrase_before("phone", start, _NEAR) is not None
            if len(digits) < _SHORTEST_PHONE or not (named or digits.startswith(("0", "+"))):
                continue
            if (number := phone_numbers.dialable(digits)) is not None:
                yield self._fact(FactKind.PHONE, number, start, run[-1].end)

    def dates(self) -> Iterator[Fact]:
        """Days of a month, with the year where it was said."""
        for place, number in enumerate(self._numbers):
            if not 1 <= number.value <= 31 or len(number.digits) > 2:
                continue
            following = self._numbers[place + 1] if place + 1 < len(self._numbers) else None
            month, end = self._month_after(number.end)
            if month is None and (number.ordinal and following is not None and following.ordinal):
                gap = self._texts[number.end : following.start]
                if 1 <= following.value <= 12 and all(text == "." for text in gap) and len(following.digits) <= 2:
                    month, end = following.value, following.end
            if month is None:
                month, start = self._month_before(number.start)
                end = number.end
                if month is None or (not number.ordinal and not self._given.get("month_first")):
                    continue
                end = self._phrase_at("day_after", end) or end
            else:
                start = number.start
            year, end = self._year_after(end)
            if _exists(number.value, month, year):
                value = f"{year:04}-{month:02}-{number.value:02}" if year else f"--{month:02}-{number.value:02}"
                yield self._fact(FactKind.DATE, value, start, end)

    def _month_after(self, at: int) -> tuple[int | None, int]:
        at = at + 1 if at < len(self._texts) and self._texts[at] in (".", "of") else at
        named = months(self._language)
        for length in (2, 1):
            month = named.get(tuple(self._texts[at : at + length]))
            if month is not None and at + length <= len(self._texts):
                return month, at + length
        return None, at

    def _month_before(self, start: int) -> tuple[int | None, int]:
        begins = start - 1 if start and self._texts[start - 1] in ("the", ".") else start
        named = months(self._language)
        for length in (2, 1):
            month = named.get(tuple(self._texts[max(0, begins - length) : begins]))
            if month is not None:
                return month, begins - length
        return None, start

    def _year_after(self, at: int) -> tuple[int, int]:
        at = at + 1 if at < len(self._texts) and self._texts[at] == "." else at
        for run in self._runs:
            for place, number in enumerate(run):
                if number.start != at:
                    continue
                if 1900 <= number.value <= 2099:
                    return number.value, number.end
                after = run[place + 1] if place + 1 < len(run) else None
                if number.value in (19, 20) and after is not None and after.start == number.end and after.value < 100:
                    return number.value * 100 + after.value, after.end
        return 0, at

    def amounts(self) -> Iterator[Fact]:
        """Amounts in euros."""
        for place, number in enumerate(self._numbers):
            end = self._phrase_at("euro", number.end)
            signed = self._texts[number.end : number.end + 1] == ["€"]
            if end is None and not signed:
                continue
            before, start, value = self._numbers[place - 1] if place else None, number.start, str(number.value)
            end = end or number.end + 1
            commas = (",", ".", *(one for phrase in phrases(self._language, "comma") for one in phrase))
            if before is not None and before.end + 1 == start and self._texts[before.end] in commas:
                start, value = before.start, f"{before.value},{number.digits}"
            elif (cents := self._cents(place, end)) is not None:
                value, end = f"{value},{cents.value:02}", cents.end
            yield self._fact(FactKind.AMOUNT, value, start, end)

    def _cents(self, place: int, end: int) -> Number | None:
        """The cents that are said behind an amount of euros: nothing else follows that they could be a count of."""
        cents = self._numbers[place + 1] if place + 1 < len(self._numbers) else None
        if cents is None or cents.start != end or not 10 <= cents.value < 100:
            return None
        following = self._pieces[cents.end] if cents.end < len(self._pieces) else None
        counts = following is not None and following.kind == "word" and self._phrase_at("cent", cents.end) is None
        return None if counts else cents

    def names(self) -> Iterator[Fact]:
        """Names behind the words with which callers say theirs."""
        stops = {plain(word) for word in (*self._given.get("stop", ()), *self._given.get("euro", ()))}
        titles = {plain(word) for word in self._given.get("titles", ())}
        ends = tuple(plain(ending) for ending in self._given.get("name_ends", ())) or ("\n",)
        at = 0
        while at < len(self._pieces):
            end = self._phrase_at("name", at)
            if end is None:
                at += 1
                continue
            while end < len(self._pieces) and self._pieces[end].text in titles:
                end += 1
            last = end
            while last < len(self._pieces) and last - end < _LONGEST_NAME and self._is_name(self._pieces[last], stops):
                last += 1
                if self._pieces[last - 1].text.endswith(ends):
                    break
            if last > end:
                value = self._name(end, last)
                if len(value) > 1:
                    yield self._fact(FactKind.NAME, value, end, last)
            at = max(last, at + 1)

    def _is_name(self, piece: Piece, stops: set[str]) -> bool:
        return piece.kind == "word" and piece.text not in stops

    def _name(self, start: int, end: int) -> str:
        words = [self._words[at] for at in dict.fromkeys(piece.at for piece in self._pieces[start:end])]
        name = " ".join(word.strip(".,;:!?،؛ ") for word in words)
        for ending in self._given.get("name_ends", ()):
            name = name.removesuffix(ending)
        return " ".join(part[:1].upper() + part[1:] for part in name.split())


#: Towns of the Jobcenter, behind whose postal code they are named.
_TOWNS = frozenset(("bremen", "bremerhaven", "бремен", "бремені", "بریمن", "برمن", "브레멘"))


@lru_cache(maxsize=32)
def months(language: str) -> dict[tuple[str, ...], int]:
    """The months by the words of their names: as a date has them, by themselves, and what else people say."""
    found: dict[tuple[str, ...], int] = {}
    for code in _LOCALES.get(language, (language,)):
        try:
            months = Locale.parse(code).months
        except (UnknownLocaleError, ValueError):
            continue
        for context in ("format", "stand-alone"):
            for number, name in months[context]["wide"].items():
                found.setdefault(tuple(plain(part) for part in parts_of(name)), number)
    extra = fact_words()[language].get("months", ())
    for number, written in enumerate(extra, 1):
        for variant in written.split("/"):
            found[tuple(plain(part) for part in parts_of(variant))] = number
    return {name: number for name, number in found.items() if name}


def _exists(day: int, month: int, year: int) -> bool:
    longest = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
    return day <= (28 if month == 2 and year % 4 and year else longest)
