"""What the sentences must say in every language, and what none of them may."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ivr.domain.languages import LANGUAGES
from ivr.prompts import catalogue
from ivr.telephony.waiting_times import in_fives

#: How each language says that the caller's voice is recorded, and not only that something is written down.
RECORDS_THE_VOICE = {
    "de": r"nehmen (wir )?Ihre Stimme auf",
    "en": r"record your voice",
    "tr": r"[Ss]esinizi kayde",
    "ar": r"تسجيل الصوت|نسجل صوتكم",
    "ru": r"аудиозапись",
    "uk": r"аудіозапис",
    "fa": r"صدای شما ضبط",
    "kmr": r"dengê we qeyd",
    "pl": r"[Nn]agrywamy głos",
    "bg": r"аудиозапис",
    "ro": r"înregistrare audio|înregistrăm vocea",
    "fr": r"enregistrons votre voix",
    "ko": r"목소리를 녹음",
}
#: The prompts after which the caller agrees by key, or says a word.
BEFORE_A_RECORDING = (
    "speak_instead",
    "consent",
    "consent_emergency",
    "appointment_consent",
    "send_where",
    "change_request",
)
#: Words that callers took for something else, or that are above B1: writing down in place of recording, a meeting in
#: place of an appointment, an age with the birthday itself.
OUT_OF_USE = {
    "de": r"Unter 25|eiliges Angebot|Eingangsnummer|zurückziehen|alle im Gespräch|noch ungefähr",
    "en": r"which we record",
    "tr": r"\bkaydediyoruz\b(?<![Ss]esinizi kaydediyoruz)|saat [0-9]",
    "ar": r"أغلق|واتصل على|اسأل|ابق |فقل ",  # orders to a man alone
    "ru": r"[Мм]ы запишем|встреч",
    "uk": r"[Мм]и запишемо|зустріч",
    "bg": r"[Зз]аписваме го|среща|SMS",
    "ro": r"o înregistrăm",
    "fr": r"nous l'enregistrons",
    "kmr": r"em qeyd dikin",
    "pl": r"\bDo 25 lat|spotkani|[Rr]ozmowa przez|[Tt]ermin(y|u|ie)?\b",
}
#: Sentences that are said at any hour, also when nobody is there.
AT_ANY_HOUR = ("not_understood", "code_locked", "request_refused", "nobody_answered")


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_whoever_is_asked_hears_that_the_voice_is_recorded(language: str) -> None:
    for prompt in BEFORE_A_RECORDING:
        assert re.search(RECORDS_THE_VOICE[language], catalogue(language)[prompt]), prompt


@pytest.mark.parametrize("language", sorted(OUT_OF_USE))
def test_words_that_were_misleading_are_not_used_again(language: str) -> None:
    found = {name: text for name, text in catalogue(language).texts.items() if re.search(OUT_OF_USE[language], text)}
    assert found == {}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_nobody_is_sent_to_people_who_are_not_there(language: str) -> None:
    words = catalogue(language)
    zero = words.digits[0][:4]
    for prompt in AT_ANY_HOUR:
        assert zero not in words[prompt].lower() and "0" not in words[prompt], prompt
    assert zero in words["speak_to_us"].lower() or "0" in words["speak_to_us"]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_one_word_is_used_for_the_number_of_a_request(language: str) -> None:
    """The word before the code is the one by which it is asked for later."""
    receipt, asked = (catalogue(language)[prompt] for prompt in ("receipt", "enter_code"))
    words = {
        "de": "Anfragenummer", "en": "reference number", "tr": "alep numaran", "ar": "رقم الطلب",
        "ru": "омер обращения", "uk": "омер звернення", "fa": "شماره درخواست", "kmr": "ejmara daxwaza",
        "pl": "umer", "bg": "омер", "ro": "umărul solicitării", "fr": "numéro de suivi", "ko": "접수 번호",
    }  # fmt: skip
    assert words[language] in receipt and words[language] in asked


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_nobody_who_wants_an_answer_in_writing_is_told_of_a_call(language: str) -> None:
    """These are told to everybody who asks for their request, also to who wants a text message or a letter."""
    call = {
        "de": "rufen Sie|anrufen", "en": "call you", "tr": "[Aa]ray|[Aa]ramaz", "ar": "سنتصل|نتصل",
        "ru": "[Пп]озвоним", "uk": "[Зз]ателефонуємо", "fa": "زنگ می", "kmr": "em ê telefon|telefonî we",
        "pl": "[Zz]adzwonimy", "bg": "обадим", "ro": "[Ss]unăm", "fr": "rappel+ons|appellerons", "ko": "전화드리겠",
    }[language]  # fmt: skip
    for prompt in ("request_open", "request_claimed", "request_late"):
        assert not re.search(call, catalogue(language)[prompt]), prompt


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_who_looks_for_a_bed_is_sent_to_the_main_station(language: str) -> None:
    main = {
        "de": "Hauptbahnhof", "en": "main station", "tr": "ana tren istasyonu", "ar": "الرئيسية", "ru": "главном",
        "uk": "головному", "fa": "ایستگاه اصلی", "kmr": "ya sereke", "pl": "głównym", "bg": "централната",
        "ro": "centrală", "fr": "gare centrale", "ko": "중앙역",
    }  # fmt: skip
    assert main[language] in catalogue(language)["emergency_help"]


def test_persian_writes_the_name_of_the_house_in_one_way() -> None:
    assert not [name for name, text in catalogue("fa").texts.items() if "جاب‌سنتر" in text]


@pytest.mark.parametrize(
    ("wait", "minutes"),
    [(timedelta(0), 5), (timedelta(seconds=61), 5), (timedelta(minutes=5), 5), (timedelta(minutes=5, seconds=1), 10)],
)
def test_a_wait_is_told_in_fives(wait: timedelta, minutes: int) -> None:
    assert in_fives(wait) == minutes


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_words_that_callers_are_told_to_say_are_those_that_are_understood(language: str) -> None:
    words = catalogue(language)
    yes, no = words.yes_no
    for prompt, said in {"say_yes_or_no": (yes, no), "understood_yes": (yes,), "understood_no": (no,)}.items():
        assert all(re.search(rf"\b{word}", words[prompt].lower()) for word in said), prompt
