"""Finds times of day in a transcript: "halb neun", "viertel vor acht", "neuf heures et demie"."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.domain.enums import FactKind
from ivr.domain.text_folding import plain
from ivr.transcription.fact_reader import Fact, FactReader
from ivr.transcription.spoken_numbers import Number

#: Minutes that a phrase before an hour adds to it, and one behind it.
_BEFORE = {"quarter_to": -15, "quarter_past": 15, "half_past": 30}
_AFTER = {"and_half": 30, "and_quarter": 15, "less_quarter": -15}
_DAY = 24 * 60


class TimeReader(FactReader):
    """A transcript, and the times in it."""

    def times(self) -> Iterator[Fact]:
        """Times of day."""
        for place, number in enumerate(self._numbers):
            if not 0 <= number.value <= 24 or (found := self._hour(number)) is None:
                continue
            start, end = found
            following = self._numbers[place + 1] if place + 1 < len(self._numbers) else None
            minutes = 0
            if following is not None and following.start == end and following.value < 60:
                minutes, end = following.value, following.end
            if self._texts[number.end : number.end + 1] == [":"] and following is not None:
                minutes = following.value
            hour = number.value
            if self._phrase_before("half_before", number.start, 1) is not None:
                hour, minutes, start = (hour or 24) - 1, 30, start - 1
            if hour < 24 and minutes < 60:
                moved, start, end = self._moved(start, end)
                at = (hour * 60 + minutes + moved) % _DAY
                yield self._fact(FactKind.TIME, f"{at // 60:02}:{at % 60:02}", start, end)

    def _moved(self, start: int, end: int) -> tuple[int, int, int]:
        """The minutes that words beside an hour add to it, and where the time begins and ends with them."""
        moved = 0
        for name, minutes in _AFTER.items():
            if (after := self._phrase_at(name, end)) is not None:
                moved, end = moved + minutes, after
        for name, minutes in _BEFORE.items():
            if length := self._length_before(name, start):
                return moved + minutes, start - length, end
        for name, sign in (("minutes_to", -1), ("minutes_past", 1)):
            counted = next((one for one in self._numbers if one.end == start - 1 and one.value < 60), None)
            if counted is not None and self._phrase_before(name, start, 1) is not None:
                return moved + sign * counted.value, counted.start, end
        return moved, start, end

    def _hour(self, number: Number) -> tuple[int, int] | None:
        """First piece of an hour, and the one behind it, where a number is one."""
        start, end = number.start, number.end
        if any(self._phrase_before(name, start, 1) is not None for name in ("half_before", *_BEFORE)):
            return start, self._phrase_at("hour_after", end) or end
        if (after := self._phrase_at("hour_after", end)) is not None:
            return start, after
        if self._phrase_before("hour_before", start, 1) is not None:
            return start, end
        for before, ends in self._given.get("hour_between", ()):
            named = {plain(one) for one in ends.split("/")}
            if start and self._texts[start - 1] == plain(before) and self._texts[end : end + 1] and (
                self._texts[end] in named
            ):  # fmt: skip
                return start, end + 1
        return None
