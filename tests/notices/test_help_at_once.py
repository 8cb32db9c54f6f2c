"""Where there is help at once in an emergency: the supervisor's own text, from the next call on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from io import BytesIO

import pytest
from sqlalchemy import select

from ivr.audio.synthesis import speak
from ivr.audio.wav import write_wav
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.models.audit import AccessLine
from ivr.models.notices import NightAnswer
from ivr.notices import emergency_number, night_answers
from ivr.platform import database
from ivr.prompts.catalogue import catalogue
from tests.support.notices import LENA, answer
from tests.support.webhook_call import WebhookCall, carrier

SOUP = "Bei Lebensgefahr wählen Sie 112. Suppe gibt es heute in der Friedenskirche."


def in_need(language: str = "1") -> WebhookCall:
    """A caller in an emergency, whose number is shown, at its menu."""
    return WebhookCall(carrier(), from_="+4917611122233").rings().presses(language, "9")


def texts_of(language: str) -> Mapping[str, str]:
    return catalogue(language).texts


def kept() -> int:
    with database.reading() as session:
        return len(session.scalars(select(NightAnswer)).all())


@pytest.mark.parametrize("at", ["open", "closed"])
def test_the_next_caller_who_asks_where_there_is_help_hears_the_supervisors_text(empty_database, at: str) -> None:
    in_need().presses("5").hears("emergency_help")
    answer("help", "de", SOUP)
    call = WebhookCall(carrier(), at=at).rings().presses("1", "9", "5").does_not_hear("emergency_help")
    assert SOUP in call.heard
    call.hears("emergency")


def test_it_is_told_to_who_stays_silent_about_the_recording(empty_database) -> None:
    answer("help", "de", SOUP)
    call = in_need().presses("3").hears("consent_emergency").presses("-", "-")
    assert SOUP in call.hears("promise_emergency").does_not_hear("emergency_help").heard


def test_it_is_told_to_a_silent_caller_whom_nobody_can_call_back(empty_database) -> None:
    answer("help", "de", SOUP)
    call = WebhookCall(carrier(), from_="anonymous").rings().presses("1", "9", "1", "-", "-")
    assert SOUP in call.does_not_hear("promise_emergency").hears("call_again").heard


def test_it_is_told_after_the_recording_of_an_emergency_too(empty_database) -> None:
    answer("help", "de", SOUP)
    call = in_need().presses("3", "1").speaks().presses("1")
    assert SOUP in call.hears("promise_emergency").does_not_hear("emergency_help").heard


def test_another_process_tells_it_within_a_second(empty_database) -> None:
    """No announcement has a shorter way: what another process has written is read twice a second at most."""
    in_need().presses("5").hears("emergency_help")
    with database.writing() as session:
        session.add(
            NightAnswer(question="help", language="de", text=SOUP, seconds=6.0, recorded=False, added_at=utc_now())
        )
    time.sleep(1.0)
    assert SOUP in in_need().presses("5").heard


@pytest.mark.parametrize(
    ("text", "language", "named"),
    [
        ("Wählen Sie 112.", "de", True), ("Eins, eins, zwei.", "de", True), ("1-1-2", "en", True),
        ("bir bir ikiyi arayın", "tr", True), ("١١٢", "ar", True), ("۱۱۲", "fa", True), ("واحد واحد اثنان", "ar", True),
        ("Am 1.12. gibt es Suppe.", "de", False), ("Wählen Sie 110.", "de", False), ("Zimmer 1112", "de", False),
        ("eins eins zwei", "en", False),
    ],
)  # fmt: skip
def test_112_is_found_in_figures_and_in_words_of_the_language(text: str, language: str, named: bool) -> None:
    assert emergency_number.is_named(text, language) == named


def test_every_built_in_text_names_112() -> None:
    assert [code for code in LANGUAGES if not emergency_number.is_named(texts_of(code)["emergency_help"], code)] == []


def test_the_page_warns_of_a_text_without_112(desk) -> None:
    lena, lacks = desk("lena"), "In diesem Text fehlt die Notrufnummer 112."
    assert lacks not in lena.get("/night-answers/de").text
    sent = lena.post("/night-answers/de/help", data={"text": "Suppe gibt es."}, follow_redirects=True)
    assert lacks in sent.text
    assert lacks not in lena.post("/night-answers/de/help", data={"text": SOUP}, follow_redirects=True).text


def test_a_language_without_a_text_keeps_the_built_in_one(empty_database) -> None:
    built_in = in_need("2").presses("5").heard
    answer("help", "de", SOUP)
    assert in_need("2").presses("5").heard == built_in
    answer("help", "en", "Soup is at the church. Dial 112 if your life is in danger.")
    assert "Soup is at the church." in in_need("2").presses("5").heard


def test_taken_back_the_built_in_text_is_heard_again(empty_database) -> None:
    number = answer("help", "de", SOUP)
    with database.writing() as session:
        night_answers.undo(session, number, None, LENA, utc_now())
    in_need().presses("5").hears("emergency_help")


def test_the_night_offers_no_key_for_it(empty_database) -> None:
    answer("help", "de", SOUP)
    WebhookCall(carrier(), at="closed").rings().presses("1", "4").does_not_hear("night_answers_offer")
    with database.reading() as session:
        assert not [question for question, _ in night_answers.missing(session) if question == "help"]


def test_a_supervisor_listens_first_then_uses_it_and_takes_it_back(desk) -> None:
    lena, built_in = desk("lena"), "Bahnhofsmission"
    assert "eingebauter Text" in lena.get("/night-answers/").text
    page = lena.get("/night-answers/de").text
    assert page.count(built_in) == 2, "shown, and the beginning of an own text"
    preview = lena.post("/night-answers/de/help/preview", data={"text": SOUP})
    assert (preview.mimetype, preview.data[:4], kept()) == ("audio/wav", b"RIFF", 0)
    long = lena.post("/night-answers/de/help/preview", data={"text": SOUP * 20}, follow_redirects=True).text
    assert "zu lang" in long
    assert lena.post("/night-answers/de/nothing/preview", data={"text": SOUP}).status_code == 404
    spoken = {"text": SOUP, "audio": (BytesIO(write_wav(speak(SOUP, "de"))), "a.wav")}
    assert SOUP in lena.post("/night-answers/de/help", data=spoken, follow_redirects=True).text
    assert "/answer-1.n.wav" in in_need().presses("5").document
    assert "Zurückgenommen" in lena.post("/night-answers/1/undo", follow_redirects=True).text
    in_need().presses("5").hears("emergency_help")
    with database.reading() as session:
        logged = session.scalars(
            select(AccessLine.detail).where(AccessLine.detail.contains("help")).order_by(AccessLine.number)
        ).all()
    assert logged == ["night answer help in de: recorded", "night answer help in de: taken back"]
    assert desk("mia").post("/night-answers/de/help/preview", data={"text": SOUP}).status_code == 404
