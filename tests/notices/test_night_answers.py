"""Answers for the night: offered when closed, in the languages that have one; nobody's way to the tone is longer."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest

from ivr import prompts
from ivr.audio.synthesis import speak
from ivr.audio.wav import write_wav
from ivr.domain.enums import NoticeProblem
from ivr.domain.timestamps import utc_now
from ivr.flows.own_texts import NIGHT_QUESTIONS
from ivr.notices import night_answers
from ivr.notices.unusable import Unusable
from ivr.platform import database
from tests.support.notices import LENA, answer, enter, local, tomorrow
from tests.support.webhook_call import WebhookCall, carrier

MONEY = "Ihr Geld wird am letzten Werktag des Monats überwiesen."


def something_else(at: str, language: str = "1") -> WebhookCall:
    """A caller who wants something else than the main menu has."""
    return WebhookCall(carrier(), at=at).rings().presses(language, "4")


def test_who_calls_at_night_hears_where_the_money_is(empty_database) -> None:
    answer("money", "de", MONEY)
    call = something_else("closed").hears("night_answers_offer").presses("4")
    call.hears("night_question_money").does_not_hear("night_question_office", "night_question_application")
    call.presses("1").hears("night_answer_over")
    assert MONEY in call.heard and call.heard.count("<Gather") == 0 and "</Gather>" in call.document
    call.presses("1").hears("night_question_money")
    assert MONEY in call.presses("1").heard
    call.presses("2").hears("main").presses("1").hears("consent")


def test_a_question_without_an_answer_has_no_key(empty_database) -> None:
    answer("money", "de", MONEY)
    something_else("closed").presses("4", "2").hears("not_understood", "night_question_money")


@pytest.mark.parametrize(("at", "language"), [("open", "1"), ("closed", "2")])
def test_it_is_offered_only_when_closed_and_in_a_language_with_an_answer(
    empty_database, at: str, language: str
) -> None:
    answer("money", "de", MONEY)
    call = something_else(at, language)
    offer = prompts.text("night_answers_offer", "de" if language == "1" else "en", {"key": "4"})
    assert offer not in call.heard
    assert MONEY not in call.presses("4").heard


def test_the_way_to_the_tone_is_as_short_as_without_answers(empty_database) -> None:
    without = WebhookCall(carrier(), at="closed").rings().presses("1", "1").heard
    answer("money", "de", MONEY)
    assert WebhookCall(carrier(), at="closed").rings().presses("1", "1").heard == without


def test_an_answer_replaces_the_one_before_and_undo_leads_back(empty_database) -> None:
    answer("money", "de", "Früher.")
    second = answer("money", "de", MONEY)
    with database.writing() as session:
        assert night_answers.undo(session, second, None, LENA, utc_now()).text == MONEY
    assert "Früher." in something_else("closed").presses("4", "1").heard
    with database.writing() as session, pytest.raises(Unusable):
        night_answers.undo(session, second, None, LENA, utc_now())


@pytest.mark.parametrize("key", ["1", "2", "#", "*", "5", "-"])
@pytest.mark.parametrize("heard_so_far", [(), ("4",), ("4", "1")], ids=["the offer", "the questions", "an answer"])
def test_answers_that_are_taken_back_in_the_midst_of_a_call_lead_on(
    empty_database, caplog: pytest.LogCaptureFixture, heard_so_far: tuple[str, ...], key: str
) -> None:
    """Whatever is pressed then, what is asked next can be answered, and nothing is a technical problem."""
    number = answer("money", "de", MONEY)
    call = something_else("closed").presses(*heard_so_far)
    with database.writing() as session:
        night_answers.undo(session, number, None, LENA, utc_now())
    call.presses(key).does_not_hear("technical_problem")
    assert call.heard and "night_question" not in call.heard
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    if heard_so_far == ("4", "1") and key == "1":
        call.hears("closed", "consent")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        *((nothing, NoticeProblem.EMPTY) for nothing in (" ", "…", "\u200b", "- - -", "\x07")),
        (MONEY * 30, NoticeProblem.SECONDS),
    ],
)
def test_what_is_no_answer(empty_database, text: str, problem: str) -> None:
    with pytest.raises(Unusable) as refused:
        answer("money", "de", text)
    assert refused.value.problem == problem


def test_answers_are_heard_on_a_day_that_a_supervisor_has_closed(empty_database) -> None:
    answer("office", "de", "In der Bahnhofstraße.")
    noon = local(tomorrow() + timedelta(days=1), 12)
    offer = prompts.text("night_answers_offer", "de", {"key": "4"})
    assert offer not in something_else(noon.isoformat()).heard
    enter(noon.date())
    assert offer in something_else(noon.isoformat()).heard


def test_a_supervisor_writes_and_records_answers_and_sees_what_is_missing(desk) -> None:
    lena = desk("lena")
    assert lena.get("/night-answers/").text.count("fehlt") == 2 * len(NIGHT_QUESTIONS)
    page = lena.post("/night-answers/de/money", data={"text": MONEY}, follow_redirects=True).text
    assert MONEY in page and "ab jetzt" in page
    assert lena.get("/night-answers/1.wav").mimetype == "audio/wav"
    assert lena.get("/night-answers/").text.count("fehlt") == 2 * len(NIGHT_QUESTIONS) - 1
    spoken = {"text": MONEY, "audio": (BytesIO(write_wav(speak(MONEY, "de"))), "a.wav")}
    assert "aufgenommen" in lena.post("/night-answers/de/money", data=spoken, follow_redirects=True).text
    assert "/answer-2.n.wav" in something_else("closed").presses("4", "1").document
    assert "Zurückgenommen" in lena.post("/night-answers/2/undo", follow_redirects=True).text
    assert "schreiben Sie den Text" in lena.post("/night-answers/de/money", data={}, follow_redirects=True).text
    for nothing in ("/night-answers/xx", "/night-answers/9.wav"):
        assert lena.get(nothing).status_code == 404
    assert lena.post("/night-answers/de/nothing", data={"text": "x"}).status_code == 404
    assert desk("mia").get("/night-answers/").status_code == 404
