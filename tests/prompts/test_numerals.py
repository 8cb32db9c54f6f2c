"""Numbers, receipt codes, days and hours in the languages without a voice of the carrier."""

from __future__ import annotations

import pytest

from ivr import prompts
from ivr.prompts import catalogue
from ivr.prompts.speaking import Audio
from tests.support.prompts import PLAYED

PERSIAN, KURMANJI = catalogue("fa").numerals, catalogue("kmr").numerals


def test_persian_and_kurmanji_numbers() -> None:
    assert [PERSIAN.number(n) for n in (0, 9, 13, 20, 24, 99)] == [
        "صِفر",
        "نُه",
        "سیزده",
        "بیست",
        "بیست و چهار",
        "نود و نُه",
    ]
    assert [KURMANJI.number(n) for n in (0, 9, 13, 20, 24, 99)] == [
        "sifir",
        "neh",
        "sêzdeh",
        "bîst",
        "bîst û çar",
        "nod û neh",
    ]
    assert [PERSIAN.day(n) for n in (1, 3, 23, 30)] == ["یکمِ", "سومِ", "بیست و سومِ", "سی‌اُمِ"]
    assert [KURMANJI.day(n) for n in (1, 2, 3, 23, 30)] == [
        "yekê",
        "duyê",
        "sêyê",
        "bîst û sêyê",
        "sîyê",
    ]
    assert (PERSIAN.number(100), KURMANJI.number(120)) == ("صد", "sed û bîst")
    assert (PERSIAN.month(11), KURMANJI.month(11)) == ("نوامبر", "Mijdarê")


def names(language: str, prompt: str, **values: str) -> list[str]:
    pieces = prompts.spoken(prompt, language, values)
    assert all(isinstance(piece, Audio) for piece in pieces), "everything is played"
    return [piece.part.name for piece in pieces]


@pytest.mark.parametrize("language", PLAYED)
def test_a_receipt_code_is_played_digit_by_digit(studio, language: str) -> None:
    assert names(language, "receipt", receipt_code="27384950") == [
        "receipt", "digit-2", "digit-7", "pause", "digit-3", "digit-8", "pause", "digit-4", "digit-9", "pause",
        "digit-5", "digit-0",
    ]  # fmt: skip


@pytest.mark.parametrize("language", PLAYED)
def test_days_and_hours_are_played_in_local_time(studio, language: str) -> None:
    heard = names(language, "opening_again", opening_at="2026-11-23T07:30:00Z")
    assert heard[0] == "opening_again-0"
    assert heard[1:5] == ["monday", "day-23", "month-11", "opening_again-1"]
    assert {"number-8", "number-30"} <= set(heard), "08:30 in Bremen"
    summer = names(language, "opening_again", opening_at="2026-07-01T06:00:00Z")
    assert {"day-1", "month-7", "number-8"} <= set(summer)
    assert "number-0" not in summer, "eight o'clock sharp"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "Montag, dreiundzwanzigster November ab acht Uhr dreißig."),
        ("en", "Monday, 23 November from eight thirty in the morning."),
        ("tr", "Pazartesi, 23 Kasım saat sekiz otuzdan itibaren."),
        ("uk", "понеділок, двадцять третього листопада від восьмої години тридцяти хвилин."),
        ("fr", "lundi 23 novembre dès huit heures trente."),
    ],
)
def test_days_and_hours_are_said_in_the_callers_language(studio, language: str, said: str) -> None:
    assert prompts.text("opening_again", language, {"opening_at": "2026-11-23T07:30:00Z"}).endswith(said)
