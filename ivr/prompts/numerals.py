"""Numbers and days as words, for languages whose prompts are always played.

The words stand in `voice_prompts/<language>.toml`. For a language without them the synthesiser reads the digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@dataclass(frozen=True)
class Numerals:
    """The words of a language for 0 to 199, the days of the month, and the months."""

    below_twenty: tuple[str, ...]
    tens: Mapping[int, str]
    hundred: str
    #: The text between hundred, tens and ones: "twenty and one".
    joiner: str
    #: The ending of a day after a consonant, after a vowel, and irregular days.
    day_ending: str
    day_ending_after_vowel: str
    irregular_days: Mapping[str, str]
    vowels: str
    #: The months in the form that follows a day.
    months: tuple[str, ...]

    def number(self, value: int) -> str:
        """The cardinal number from 0 to 199."""
        if value >= 100:
            return self.hundred + (self.joiner + self.number(value - 100) if value > 100 else "")
        if value < 20:
            return self.below_twenty[value]
        tens, ones = value // 10 * 10, value % 10
        return self.tens[tens] + (self.joiner + self.below_twenty[ones] if ones else "")

    def day(self, day: int) -> str:
        """The day of the month (1 to 31) in the form that precedes the month."""
        words = self.number(day)
        head, space, last = words.rpartition(" ")
        if last in self.irregular_days:
            return head + space + self.irregular_days[last]
        return words + (self.day_ending_after_vowel if last[-1] in self.vowels else self.day_ending)

    def month(self, month: int) -> str:
        """The month (1 to 12)."""
        return self.months[month - 1]


def from_table(table: Mapping[str, Any]) -> Numerals:
    """The numerals of a `[numerals]` table in `voice_prompts/<language>.toml`.

    Words are separated by spaces: 20 for `below_twenty`, 8 for `tens` (20 to 90), 12 for `months`.

    Raises:
        ValueError: naming the key that is missing or has another number of words.
    """
    texts = {}
    for key in (
        "below_twenty",
        "tens",
        "hundred",
        "joiner",
        "day_ending",
        "day_ending_after_vowel",
        "vowels",
        "months",
    ):
        if not isinstance(table.get(key), str):
            raise ValueError(f"numerals.{key} is missing")
        texts[key] = str(table[key])
    for key, wanted in (("below_twenty", 20), ("tens", 8), ("months", 12)):
        if len(_words(texts[key])) != wanted:
            raise ValueError(f"numerals.{key} has {len(_words(texts[key]))} words, not {wanted}")
    return Numerals(
        below_twenty=_words(texts["below_twenty"]),
        tens=dict(zip(range(20, 100, 10), _words(texts["tens"]), strict=True)),
        hundred=texts["hundred"],
        joiner=texts["joiner"],
        day_ending=texts["day_ending"],
        day_ending_after_vowel=texts["day_ending_after_vowel"],
        irregular_days=dict(table.get("irregular_days", {})),
        vowels=texts["vowels"],
        months=_words(texts["months"]),
    )
