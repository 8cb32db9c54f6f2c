"""Times of day and counts in every language: each five minutes of a day, each count to 120, and the hard cases."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from ivr import prompts
from ivr.domain.languages import LANGUAGES
from ivr.flows.state import CallState
from ivr.prompts import parts, script, speaking, times
from ivr.prompts.catalogue import catalogue
from ivr.prompts.speaking import Audio
from ivr.prompts.times import Form, rounded, spoken_times
from ivr.telephony.prompt_values import PromptValues
from tests.support.environment import forget_settings
from tests.support.prompts import PLAYED

BERLIN = ZoneInfo("Europe/Berlin")
SPOKEN = [code for code in LANGUAGES if code not in PLAYED]
#: What callers must never hear: a placeholder, figures, "one hours", a missing or doubled space.
SPOILT = re.compile(r"[{}0-9]|  |^ | $|\bNone\b")

#: Form, hour, minute -> what is said.
GOLDEN = [
    ("de", "from", 1, 0, "ab ein Uhr"), ("de", "by", 0, 0, "bis Mitternacht"), ("de", "at", 0, 5, "um null Uhr fünf"),
    ("de", "at", 21, 25, "um einundzwanzig Uhr fünfundzwanzig"), ("de", "by", 12, 0, "bis zwölf Uhr"),
    ("en", "at", 9, 5, "at nine oh five in the morning"), ("en", "by", 12, 0, "by noon"),
    ("en", "from", 0, 0, "from midnight"), ("en", "at", 12, 15, "at twelve fifteen in the afternoon"),
    ("en", "at", 0, 10, "at twelve ten at night"), ("en", "by", 18, 0, "by six in the evening"),
    ("tr", "from", 8, 0, "saat sekizden itibaren"), ("tr", "from", 9, 0, "saat dokuzdan itibaren"),
    ("tr", "from", 3, 0, "saat üçten itibaren"), ("tr", "by", 4, 0, "saat dörde kadar"),
    ("tr", "by", 6, 0, "saat altıya kadar"), ("tr", "by", 20, 0, "saat yirmiye kadar"),
    ("tr", "at", 14, 40, "saat on dört kırkta"), ("tr", "by", 0, 0, "gece yarısına kadar"),
    ("tr", "from", 9, 5, "saat dokuz sıfır beşten itibaren"), ("tr", "from", 10, 10, "saat on ondan itibaren"),
    ("ar", "at", 21, 5, "في الساعة التاسعة وخمس دقائق مساءً"), ("ar", "by", 12, 0, "قبل الساعة الثانية عشرة ظهراً"),
    ("ar", "from", 0, 0, "من منتصف الليل"), ("ar", "at", 11, 20, "في الساعة الحادية عشرة وعشرين دقيقة صباحاً"),
    ("ru", "at", 1, 0, "в час"), ("ru", "at", 2, 0, "в два часа"), ("ru", "at", 21, 0, "в двадцать один час"),
    ("ru", "at", 22, 0, "в двадцать два часа"), ("ru", "at", 11, 0, "в одиннадцать часов"),
    ("ru", "by", 21, 30, "до двадцати одного часа тридцати минут"), ("ru", "from", 1, 0, "с одного часа"),
    ("ru", "at", 0, 0, "в полночь"), ("ru", "by", 0, 0, "до полуночи"), ("ru", "from", 22, 0, "с двадцати двух часов"),
    ("uk", "at", 11, 0, "об одинадцятій годині"), ("uk", "at", 3, 0, "о третій годині"),
    ("uk", "at", 0, 0, "опівночі"), ("uk", "by", 23, 45, "до двадцять третьої години сорока п'яти хвилин"),
    ("pl", "at", 8, 0, "o godzinie ósmej"), ("pl", "from", 9, 5, "od godziny dziewiątej zero pięć"),
    ("pl", "at", 0, 0, "o północy"), ("pl", "by", 22, 0, "do godziny dwudziestej drugiej"),
    ("bg", "at", 1, 0, "в един час"), ("bg", "at", 2, 0, "в два часа"), ("bg", "by", 0, 0, "до полунощ"),
    ("ro", "at", 2, 0, "la ora două"), ("ro", "at", 12, 0, "la ora douăsprezece"),
    ("ro", "by", 9, 20, "până la ora nouă și douăzeci de minute"),
    ("ro", "at", 9, 15, "la ora nouă și cincisprezece minute"),
    ("ro", "from", 0, 0, "de la miezul nopții"),
    ("fr", "from", 1, 0, "dès une heure"), ("fr", "at", 21, 0, "à vingt et une heures"),
    ("fr", "by", 12, 0, "avant midi"),
    ("fr", "at", 0, 0, "à minuit"), ("fr", "at", 13, 5, "à treize heures cinq"), ("fr", "at", 2, 0, "à deux heures"),
    ("ko", "from", 12, 0, "정오부터"), ("ko", "by", 13, 10, "오후 한 시 십 분까지"), ("ko", "at", 0, 0, "자정"),
]  # fmt: skip

#: Unit, count -> what is said: the plural, and the case that its prompt needs.
COUNTS = [
    ("de", "hours", 1, "einer Stunde"), ("de", "minutes", 1, "eine Minute"), ("de", "hours", 24, "24 Stunden"),
    ("en", "minutes", 1, "one minute"), ("en", "hours", 2, "2 hours"), ("tr", "minutes", 12, "12 dakika"),
    ("ar", "minutes", 1, "دقيقة واحدة"), ("ar", "minutes", 2, "دقيقتين"), ("ar", "minutes", 3, "3 دقائق"),
    ("ar", "minutes", 10, "10 دقائق"), ("ar", "minutes", 11, "11 دقيقة"), ("ar", "hours", 100, "100 ساعة"),
    ("ar", "hours", 103, "103 ساعات"), ("ar", "hours", 24, "24 ساعة"),
    ("ru", "minutes", 1, "одну минуту"), ("ru", "minutes", 21, "21 минуту"), ("ru", "minutes", 22, "22 минуты"),
    ("ru", "minutes", 11, "11 минут"), ("ru", "minutes", 112, "112 минут"), ("ru", "hours", 24, "24 часов"),
    ("ru", "hours", 21, "21 часа"), ("uk", "minutes", 3, "3 хвилини"), ("uk", "minutes", 14, "14 хвилин"),
    ("uk", "hours", 24, "24 годин"), ("uk", "minutes", 2, "дві хвилини"),
    ("pl", "minutes", 1, "jednej minuty"), ("pl", "minutes", 22, "22 minut"), ("pl", "hours", 24, "24 godzin"),
    ("bg", "hours", 1, "един час"), ("bg", "minutes", 5, "5 минути"),
    ("ro", "minutes", 1, "un minut"), ("ro", "minutes", 19, "19 minute"), ("ro", "minutes", 20, "20 de minute"),
    ("ro", "minutes", 101, "101 minute"), ("ro", "hours", 24, "24 de ore"), ("ro", "hours", 2, "două ore"),
    ("fr", "hours", 1, "l'heure"), ("fr", "hours", 24, "les 24 heures"), ("fr", "minutes", 1, "une minute"),
    ("fa", "minutes", 5, "5 دقیقه"), ("kmr", "hours", 1, "saetekê"), ("kmr", "hours", 24, "24 saetan"),
    ("ko", "minutes", 5, "5분"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "form", "hour", "minute", "said"), GOLDEN)
def test_the_hard_hours(language: str, form: Form, hour: int, minute: int, said: str) -> None:
    forms = spoken_times(language).forms
    assert forms is not None
    assert forms[form].said(hour, minute) == said


@pytest.mark.parametrize("language", SPOKEN)
def test_each_five_minutes_of_a_day_sound_different(language: str) -> None:
    """Three forms of 288 times: all in words, none like another of its form."""
    forms = spoken_times(language).forms
    assert forms is not None
    for form in get_args(Form):
        told = [forms[form].said(hour, minute) for hour in range(24) for minute in range(0, 60, times.STEP)]
        assert len(set(told)) == 288
        assert [text for text in told if SPOILT.search(text)] == []


@pytest.mark.parametrize("language", PLAYED)
def test_each_five_minutes_are_played(studio, language: str) -> None:
    told = set()
    for hour in range(24):
        for minute in range(0, 60, times.STEP):
            at = datetime(2026, 11, 28, hour, minute, tzinfo=BERLIN).isoformat()
            pieces = prompts.spoken("request_tried", language, {"tried_at": at, "today": "2026-11-28"})
            told.add(tuple(piece.part.name for piece in pieces if isinstance(piece, Audio)))
    assert len(told) == 288


@pytest.mark.parametrize(("language", "unit", "count", "said"), COUNTS)
def test_the_hard_counts(language: str, unit: str, count: int, said: str) -> None:
    prompt, name = ("callback_usual", "hours") if unit == "hours" else ("line_wait", "wait_minutes")
    assert said in speaking.text(prompt, language, {name: str(count)})
    assert times.counted(language, unit, count).format(n=count) == said


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_count_to_120_has_its_number_once(language: str) -> None:
    """By figures, or by a word for one and two."""
    for prompt, name, unit in (
        ("callback_usual", "hours", "hours"),
        ("not_noted", "hours", "hours"),
        ("line_wait", "wait_minutes", "minutes"),
    ):
        for count in range(parts.HIGHEST + 1):
            text = speaking.text(prompt, language, {name: str(count)})
            assert re.findall(r"\d+", text) == [str(count)] or count <= 2
            assert "{" not in text
        counts = [speaking.text(prompt, language, {name: str(count)}) for count in range(1, parts.HIGHEST + 1)]
        assert len(set(counts)) == parts.HIGHEST
        assert times.counted(language, unit, 1) != "" != catalogue(language)[prompt]


@pytest.mark.parametrize("language", PLAYED)
def test_each_count_and_place_is_played(studio, language: str) -> None:
    """A hundred and twenty is not told as ninety-nine."""
    known = {part.name for part in parts.values_of(language)}
    for prompt, name in (("callback_usual", "hours"), ("line_wait", "wait_minutes"), ("line_position", "place")):
        heard = [
            [piece.part.name for piece in prompts.spoken(prompt, language, {name: str(count)})]
            for count in range(1, parts.HIGHEST + 1)
        ]
        assert len({tuple(names) for names in heard}) == parts.HIGHEST
        assert "number-120" in heard[-1]
        values = {value for names in heard for value in names if value.startswith(("number-", "hours-", "minutes-"))}
        assert values <= known, "each can be recorded"
        assert all(parts.named(language, value) for value in values)


@pytest.mark.parametrize("language", PLAYED)
def test_a_longer_count_is_played_digit_by_digit(studio, language: str) -> None:
    heard = [piece.part.name for piece in prompts.spoken("callback_usual", language, {"hours": "336"})]
    assert [name for name in heard if name.startswith("digit-")] == ["digit-3", "digit-3", "digit-6"]
    assert any(name.startswith("hours-") for name in heard)


@pytest.mark.parametrize("hours", [24, 100, 336])
def test_no_promise_is_told_shorter_than_it_is(studio, monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    policies = [{"tried_hours": hours, "reached_hours": 2 * hours}]
    monkeypatch.setenv("SLA_POLICIES", json.dumps(policies))
    forget_settings()
    now = datetime(2026, 11, 23, 9, tzinfo=BERLIN)
    assert PromptValues(CallState("receipt", "de"), now)["hours"] == str(hours)


def test_no_minute_that_is_not_a_multiple_of_five() -> None:
    for minute in range(60):
        real = datetime(2026, 11, 28, 17, minute, 20, tzinfo=BERLIN)
        assert {rounded(real, form).minute % 5 for form in get_args(Form)} == {0}
        assert rounded(real, "by") <= real <= rounded(real, "from"), "no promise is told longer, no opening earlier"
        assert rounded(real, "at") <= real, "nobody comes too late"
    assert rounded(datetime(2026, 11, 28, 8, 0, tzinfo=BERLIN), "from").hour == 8


def test_an_opening_just_before_midnight_is_told_with_the_day_that_it_is_rounded_to() -> None:
    said = speaking.text("opening_again", "de", {"opening_at": "2026-11-28T22:58:00Z", "today": "2026-11-28"})
    assert said.endswith("morgen ab Mitternacht.")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "heute bis Mitternacht."), ("en", "today by midnight."), ("ru", "сегодня до полуночи."),
        ("fa", "امروز تا ساعت 24."), ("kmr", "îro heta saet 24."),
    ],
)  # fmt: skip
def test_a_deadline_at_midnight_belongs_to_the_day_that_ends(studio, language: str, said: str) -> None:
    """ "Tomorrow until midnight" would be heard as a day later than promised."""
    values = {"due_at": "2026-11-28T23:00:00Z", "today": "2026-11-28"}
    assert speaking.text("request_open", language, values).endswith(said)
    appointment = {"appointment_at": "2026-11-28T23:00:00Z", "today": "2026-11-28"}
    assert catalogue(language)["tomorrow"] in speaking.text("request_granted", language, appointment)
    if language in PLAYED:
        pieces = [piece.part.name for piece in prompts.spoken("request_open", language, values)]
        assert "number-24" in pieces and "number-0" not in pieces and any("today" in name for name in pieces)


@pytest.mark.parametrize(("language", "prompt"), [("en", "Saturday, 28 November"), ("ru", "двадцать восьмого ноября")])
def test_dates_as_people_say_them(language: str, prompt: str) -> None:
    assert prompt in speaking.text("request_open", language, {"due_at": "2026-11-28T12:00:00Z"})


@pytest.mark.parametrize(
    ("language", "first"), [("fr", "dimanche premier novembre"), ("ro", "duminică, întâi noiembrie")]
)
def test_the_first_of_a_month(language: str, first: str) -> None:
    assert first in speaking.text("request_open", language, {"due_at": "2026-11-01T12:00:00Z"})


def test_every_language_is_finished_in_its_times(monkeypatch, tmp_path) -> None:
    assert [lack for language in LANGUAGES for lack in script.unfinished(language) if "times" in lack] == []
    for text, lack in (
        ("", "counts.hours lacks other"),
        ('[forms]\nby = "{time}"', "hours has 0 entries, not 24"),
        ('days = ["first"]', "days has 1 entries, not 31"),
    ):
        (tmp_path / "times").mkdir(exist_ok=True)
        (tmp_path / "times" / "en.toml").write_text(text, encoding="utf-8")
        monkeypatch.setattr(times, "file_of", lambda language: tmp_path / f"{language}.toml")
        spoken_times.cache_clear()
        assert list(script._lacking_times("en")) == [f"voice_prompts/times/en.toml: {lack}"]
    monkeypatch.undo()
    spoken_times.cache_clear()


@pytest.mark.parametrize(("language", "said"), [("ar", "واحد اثنان، ثلاثة أربعة"), ("uk", "один два, три чотири")])
def test_groups_of_digits_are_parted_by_the_comma_of_the_language(language: str, said: str) -> None:
    assert speaking.digit_by_digit("1234", language) == said
