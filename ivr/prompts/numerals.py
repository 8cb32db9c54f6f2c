"""Numbers and days as words, for languages whose prompts are always played.

Each language has its own rules. For a language without rules the synthesiser reads the digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@dataclass(frozen=True)
class Numerals:
    """The words of a language for 0 to 99, the days of the month, and the months."""

    below_twenty: tuple[str, ...]
    tens: Mapping[int, str]
    #: The text between tens and ones: "twenty and one".
    joiner: str
    #: The ending of a day after a consonant, after a vowel, and irregular days.
    day_ending: str
    day_ending_after_vowel: str
    irregular_days: Mapping[str, str]
    vowels: str
    #: The months in the form that follows a day.
    months: tuple[str, ...]

    def number(self, value: int) -> str:
        """The cardinal number from 0 to 99."""
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


#: Persian: ones follow tens with "و". A day is an ordinal in "-om" with a spoken ezafe. Vowel signs distinguish words
#: that a synthesiser would confuse (noh, nine; na, no).
PERSIAN = Numerals(
    below_twenty=_words(
        "صِفر یک دو سه چهار پنج شش هفت هشت نُه ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده"
    ),
    tens=dict(zip(range(20, 100, 10), _words("بیست سی چهل پنجاه شصت هفتاد هشتاد نود"), strict=True)),
    joiner=" و ",
    day_ending="مِ",
    day_ending_after_vowel="مِ",
    irregular_days={"سه": "سومِ", "سی": "سی‌اُمِ"},
    vowels="",
    months=_words("ژانویه فوریه مارس آوریل مِه ژوئن جولای آگوست سپتامبر اکتبر نوامبر دسامبر"),
)

#: Kurmanji: ones follow tens with "û". A day takes "-ê" before its month, or "-yê" after a vowel.
KURMANJI = Numerals(
    below_twenty=_words(
        "sifir yek du sê çar pênc şeş heft heşt neh deh yazdeh dazdeh sêzdeh çardeh pazdeh şazdeh hevdeh hejdeh nozdeh"
    ),
    tens=dict(zip(range(20, 100, 10), _words("bîst sî çil pêncî şêst heftê heştê nod"), strict=True)),
    joiner=" û ",
    day_ending="ê",
    day_ending_after_vowel="yê",
    irregular_days={},
    vowels="aeêiîouû",
    months=_words("Çileyê Sibatê Adarê Nîsanê Gulanê Hezîranê Tîrmehê Tebaxê Îlonê Cotmehê Mijdarê Berfanbarê"),
)

NUMERALS: Mapping[str, Numerals] = {"fa": PERSIAN, "kmr": KURMANJI}

#: Digits as words for the carrier's voices. In several languages they would read "die 1." as an ordinal.
DIGITS: Mapping[str, tuple[str, ...]] = {
    language: _words(words)
    for language, words in {
        "de": "null eins zwei drei vier fünf sechs sieben acht neun",
        "en": "zero one two three four five six seven eight nine",
        "tr": "sıfır bir iki üç dört beş altı yedi sekiz dokuz",
        "ar": "صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة",
        "ru": "ноль один два три четыре пять шесть семь восемь девять",
        "uk": "нуль один два три чотири п'ять шість сім вісім дев'ять",
        "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
        "bg": "нула едно две три четири пет шест седем осем девет",
        "ro": "zero unu doi trei patru cinci șase șapte opt nouă",
        "fr": "zéro un deux trois quatre cinq six sept huit neuf",
        "ko": "공 일 이 삼 사 오 육 칠 팔 구",
    }.items()
} | {language: numerals.below_twenty[:10] for language, numerals in NUMERALS.items()}
