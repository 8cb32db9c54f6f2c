"""Days and times of day as callers hear them: today, tomorrow, the weekday within a week, the date beyond."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ivr import prompts
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import iso
from ivr.flows.state import CallState
from ivr.prompts import speaking
from ivr.prompts.catalogue import catalogue
from ivr.telephony.prompt_values import PromptValues

BERLIN = ZoneInfo("Europe/Berlin")
#: A Friday.
TODAY = "2026-11-27"


def values(at: str, today: str = TODAY) -> Mapping[str, str]:
    instant = iso(datetime.fromisoformat(at).replace(tzinfo=BERLIN)) or ""
    return {"today": today, "opening_at": instant, "due_at": instant, "tried_at": instant, "appointment_at": instant}


#: Language -> what is said of: the same day at eight, the next by ten, Tuesday by 9:45, Friday in a week by six.
TABLE = {
    "de": ("heute ab acht Uhr.", "morgen bis zehn Uhr.", "Dienstag bis neun Uhr fünfundvierzig.",
           "Freitag, vierter Dezember bis achtzehn Uhr."),
    "en": ("today from eight in the morning.", "tomorrow by ten in the morning.",
           "Tuesday by nine forty-five in the morning.", "Friday, 4 December by six in the evening."),
    "tr": ("bugün saat sekizden itibaren.", "yarın saat ona kadar.", "Salı saat dokuz kırk beşe kadar.",
           "Cuma, 4 Aralık saat on sekize kadar."),
    "ar": ("اليوم من الساعة الثامنة صباحاً.", "غداً قبل الساعة العاشرة صباحاً.",
           "الثلاثاء قبل الساعة التاسعة وخمس وأربعين دقيقة صباحاً.",
           "الجمعة، 4 ديسمبر قبل الساعة السادسة مساءً."),
    "ru": ("сегодня с восьми часов.", "завтра до десяти часов.", "вторник до девяти часов сорока пяти минут.",
           "пятница, четвёртого декабря до восемнадцати часов."),
    "uk": ("сьогодні від восьмої години.", "завтра до десятої години.",
           "вівторок до дев'ятої години сорока п'яти хвилин.",
           "пʼятниця, четвертого грудня до вісімнадцятої години."),
    "fa": ("امروز از ساعت 8.", "فردا تا ساعت 10.", "سه‌شنبه تا ساعت 9 و 45 دقیقه.",
           "جمعه چهارمِ دسامبر تا ساعت 18."),
    "kmr": ("îro ji saet 8 pê ve.", "sibê heta saet 10.", "sêşem heta saet 9 û 45 deqe.",
            "în çarê Berfanbarê heta saet 18."),
    "pl": ("dzisiaj od godziny ósmej.", "jutro do godziny dziesiątej.",
           "wtorek do godziny dziewiątej czterdzieści pięć.", "piątek, czwartego grudnia do godziny osiemnastej."),
    "bg": ("днес от осем часа.", "утре до десет часа.", "вторник до девет часа и четиридесет и пет минути.",
           "петък, четвърти декември до осемнадесет часа."),
    "ro": ("astăzi de la ora opt.", "mâine până la ora zece.",
           "marți până la ora nouă și patruzeci și cinci de minute.",
           "vineri, 4 decembrie până la ora optsprezece."),
    "fr": ("aujourd'hui dès huit heures.", "demain avant dix heures.", "mardi avant neuf heures quarante-cinq.",
           "vendredi 4 décembre avant dix-huit heures."),
    "ko": ("오늘 오전 여덟 시부터입니다.", "내일 오전 열 시까지 연락드리겠습니다.",
           "화요일 오전 아홉 시 사십오 분까지 연락드리겠습니다.",
           "금요일 12월 4일 오후 여섯 시까지 연락드리겠습니다."),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_days_near_and_far_in_every_language(language: str) -> None:
    moments = (
        ("opening_again", f"{TODAY}T08:00"),
        ("request_open", "2026-11-28T10:00"),
        ("request_open", "2026-12-01T09:45"),
        ("request_open", "2026-12-04T18:00"),
    )
    for (prompt, at), said in zip(moments, TABLE[language], strict=True):
        assert speaking.text(prompt, language, values(at)).endswith(said)


@pytest.mark.parametrize(("days", "word"), [(-1, "yesterday"), (0, "today"), (1, "tomorrow")])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_nearest_days_have_words_of_their_own(language: str, days: int, word: str) -> None:
    day = date.fromisoformat(TODAY) + timedelta(days=days)
    assert catalogue(language)[word] in speaking.text("request_tried", language, values(f"{day}T09:00"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_date_is_told_from_a_week_on(language: str) -> None:
    """A weekday alone would be today's."""
    for days in range(2, 10):
        day = date.fromisoformat(TODAY) + timedelta(days=days)
        near = speaking.text("request_open", language, values(f"{day}T08:00"))
        dated = speaking.text("request_open", language, values(f"{day}T08:00") | {"today": "2026-06-01"})
        assert (near == dated) == (days >= 7)
        assert len(near) < len(dated) or days >= 7, "the day of the week comes with the date"


def test_what_is_written_names_the_date() -> None:
    """A text message may be read on another day, and tells the exact time in figures."""
    appointment = {name: value for name, value in values("2026-11-28T09:07").items() if name != "today"}
    assert speaking.text("sms_appointment", "de", appointment) == "Ihr Termin: Samstag, 28. November, 09:07 Uhr."


def test_the_day_is_that_on_which_the_prompt_is_spoken(empty_database) -> None:
    """The same deadline is tomorrow's at 23:59 and today's two minutes later, also in a prompt that is kept."""
    due = datetime(2026, 11, 28, 9, 45, tzinfo=BERLIN)
    state = CallState("change_request", "de").knowing(due_at=due)
    before = PromptValues(state, datetime(2026, 11, 27, 23, 59, tzinfo=BERLIN))
    after = PromptValues(state, datetime(2026, 11, 28, 0, 1, tzinfo=BERLIN))
    assert "morgen bis neun Uhr fünfundvierzig" in speaking.text("request_open", "de", before)
    assert "heute bis neun Uhr fünfundvierzig" in speaking.text("request_open", "de", after)
    assert "today" in (speaking.shared_values(catalogue("de")["request_open"]) or ())


@pytest.mark.parametrize("language", [code for code in LANGUAGES if catalogue(code).numerals])
def test_played_languages_say_days_in_parts_of_their_own(language: str, empty_database) -> None:
    for at, part in ((f"{TODAY}T08:00", "today"), ("2026-11-28T08:00", "tomorrow"), ("2026-12-01T08:00", "tuesday")):
        pieces = prompts.spoken("opening_again", language, values(at))
        assert part in [piece.part.name for piece in pieces]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-11-27T06:10", "heute ab acht Uhr."),
        ("2026-11-27T18:30", "morgen ab acht Uhr."),
        ("2026-11-27T23:59", "morgen ab acht Uhr."),
        ("2026-11-28T00:01", "heute ab acht Uhr."),
        ("2026-10-25T02:30", "heute ab acht Uhr."),
        ("2027-03-27T18:00", "morgen ab acht Uhr."),
    ],
)
def test_when_the_hotline_opens_again(now: str, said: str, empty_database) -> None:
    spoken = PromptValues(CallState("consent", "de"), datetime.fromisoformat(now).replace(tzinfo=BERLIN))
    assert speaking.text("opening_again", "de", spoken).endswith(said)
