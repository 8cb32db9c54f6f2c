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
    "de": ("heute, ab 8 Uhr.", "morgen, spätestens um 10 Uhr.", "Dienstag, spätestens um 9 Uhr 45.",
           "Freitag, 4. Dezember, spätestens um 18 Uhr."),
    "en": ("today, from 8 AM.", "tomorrow, no later than 10 AM.", "Tuesday, no later than 9:45 AM.",
           "Friday, December 4, no later than 6 PM."),
    "tr": ("bugün, saat 8 itibarıyla.", "yarın, en geç saat 10.", "Salı, en geç saat 9 45.",
           "Cuma, 4 Aralık, en geç saat 18."),
    "ar": ("اليوم، من الساعة الثامنة صباحاً.", "غداً، في موعد أقصاه الساعة العاشرة صباحاً.",
           "الثلاثاء، في موعد أقصاه الساعة 9:45.", "4 ديسمبر، في موعد أقصاه الساعة السادسة مساءً."),
    "ru": ("сегодня, с восьми часов.", "завтра, не позднее десяти часов.", "вторник, не позднее 9:45.",
           "пятница, 4 декабря, не позднее восемнадцати часов."),
    "uk": ("сьогодні, з восьмої години.", "завтра, не пізніше десятої години.", "вівторок, не пізніше 9:45.",
           "4 грудня, не пізніше вісімнадцятої години."),
    "fa": ("امروز از ساعت 8.", "فردا حداکثر تا ساعت 10.", "سه‌شنبه حداکثر تا ساعت 9 و 45 دقیقه.",
           "چهارمِ دسامبر حداکثر تا ساعت 18."),
    "kmr": ("îro destpêk saet 8.", "sibê herî dereng saet 10.", "sêşem herî dereng saet 9 û 45 deqe.",
            "çarê Berfanbarê herî dereng saet 18."),
    "pl": ("dzisiaj, o godzinie 8.", "jutro, najpóźniej o godzinie 10.", "wtorek, najpóźniej o godzinie 9 45.",
           "piątek, 4 grudnia, najpóźniej o godzinie 18."),
    "bg": ("днес, от 8 часа.", "утре, най-късно в 10 часа.", "вторник, най-късно в 9:45 часа.",
           "петък, 4 декември, най-късно в 18 часа."),
    "ro": ("astăzi, de la ora 8.", "mâine, cel târziu la ora 10.", "marți, cel târziu la ora 9 și 45.",
           "vineri, 4 decembrie, cel târziu la ora 18."),
    "fr": ("aujourd'hui, à partir de 8 heures.", "demain, au plus tard à 10 heures.",
           "mardi, au plus tard à 9 heures 45.", "vendredi, 4 décembre, au plus tard à 18 heures."),
    "ko": ("오늘, AM 8시부터입니다.", "내일, 늦어도 AM 10시까지 연락드리겠습니다.",
           "화요일, 늦어도 AM 9시 45분까지 연락드리겠습니다.", "금요일, 12월 4일, 늦어도 PM 6시까지 연락드리겠습니다."),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_days_near_and_far_in_every_language(language: str) -> None:
    moments = (
        ("closed", f"{TODAY}T08:00"),
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
    """A weekday alone would be today's. Played languages have a prompt for each."""
    numerals = catalogue(language).numerals
    for days in range(2, 10):
        day = date.fromisoformat(TODAY) + timedelta(days=days)
        said = speaking.text("request_open", language, values(f"{day}T08:00"))
        the_date = numerals.month(day.month) if numerals else str(day.day)
        hour = catalogue(language)["hour"]
        assert (the_date in said.replace(hour, "")) == (days >= 7)


@pytest.mark.parametrize("language", ["ru", "uk", "ar"])
def test_every_full_hour_is_in_words_where_numbers_are_inflected(language: str) -> None:
    words = catalogue(language)
    for hour in range(24):
        said = speaking.text("request_open", language, values(f"2026-11-28T{hour:02}:00"))
        assert words.hours[hour] in said
        assert str(hour) not in said.replace(words.hours[hour], "")
        assert words.hours_at[hour] in speaking.text("request_tried", language, values(f"2026-11-26T{hour:02}:00"))
    assert len(set(words.hours)) == 24


def test_what_is_written_names_the_date() -> None:
    """A text message may be read on another day."""
    appointment = {name: value for name, value in values("2026-11-28T09:00").items() if name != "today"}
    assert speaking.text("sms_appointment", "de", appointment) == "Ihr Termin: Samstag, 28. November, 9 Uhr."


def test_the_day_is_that_on_which_the_prompt_is_spoken(empty_database) -> None:
    """The same deadline is tomorrow's at 23:59 and today's two minutes later, also in a prompt that is kept."""
    due = datetime(2026, 11, 28, 9, 45, tzinfo=BERLIN)
    state = CallState("change_request", "de").knowing(due_at=due)
    before = PromptValues(state, datetime(2026, 11, 27, 23, 59, tzinfo=BERLIN))
    after = PromptValues(state, datetime(2026, 11, 28, 0, 1, tzinfo=BERLIN))
    assert "morgen, spätestens um 9 Uhr 45" in speaking.text("request_open", "de", before)
    assert "heute, spätestens um 9 Uhr 45" in speaking.text("request_open", "de", after)
    assert "today" in (speaking.shared_values(catalogue("de")["request_open"]) or ())


@pytest.mark.parametrize("language", [code for code in LANGUAGES if catalogue(code).numerals])
def test_played_languages_say_days_in_parts_of_their_own(language: str, empty_database) -> None:
    for at, part in ((f"{TODAY}T08:00", "today"), ("2026-11-28T08:00", "tomorrow"), ("2026-12-01T08:00", "tuesday")):
        pieces = prompts.spoken("closed", language, values(at))
        assert part in [piece.part.name for piece in pieces]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-11-27T06:10", "heute, ab 8 Uhr."),
        ("2026-11-27T18:30", "morgen, ab 8 Uhr."),
        ("2026-11-27T23:59", "morgen, ab 8 Uhr."),
        ("2026-11-28T00:01", "heute, ab 8 Uhr."),
        ("2026-10-25T02:30", "heute, ab 8 Uhr."),
        ("2027-03-27T18:00", "morgen, ab 8 Uhr."),
    ],
)
def test_when_the_hotline_opens_again(now: str, said: str, empty_database) -> None:
    spoken = PromptValues(CallState("consent", "de"), datetime.fromisoformat(now).replace(tzinfo=BERLIN))
    assert speaking.text("closed", "de", spoken).endswith(said)
