"""Languages beyond the menu: a supervisor names them, callers choose one, the task says which is to be interpreted."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import select
from twilio.twiml.voice_response import VoiceResponse

from ivr.audio.synthesis import speak
from ivr.audio.wav import write_wav
from ivr.contact_centre import agent_presence, leg_events
from ivr.domain.enums import LegRole, NoticeProblem
from ivr.domain.timestamps import utc_now
from ivr.models.audit import AccessLine
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import InterpreterRequest, Leg
from ivr.notices import further_languages
from ivr.notices.unusable import Unusable
from ivr.platform import database
from ivr.prompts.catalogue import catalogue
from ivr.reporting import daily_metrics, dimension_labels
from ivr.telephony import agent_announcements
from tests.support.notices import LENA
from tests.support.people import hire
from tests.support.webhook_call import WebhookCall, carrier

NUMBER = "+4917611122233"


def name(language: str, text: str) -> int:
    with database.writing() as session:
        return further_languages.add(session, language, text, None, LENA, utc_now()).id


def take_back(number: int) -> None:
    with database.writing() as session:
        further_languages.undo(session, number, None, LENA, utc_now())


def other_language(number: str = NUMBER, **form: str) -> WebhookCall:
    """A caller who has said that they speak none of the languages."""
    return WebhookCall(carrier(), from_=number, **form).rings().presses("0")


def the_task() -> CallbackTask:
    with database.reading() as session:
        return session.scalars(select(CallbackTask).order_by(CallbackTask.id.desc())).first()


def test_a_caller_chooses_among_the_names_and_the_task_says_which(desk) -> None:
    name("so", "Soomaali")
    name("ti", "Tigrinja")
    call = other_language()
    assert call.heard.index("Soomaali") < call.heard.index("eins") < call.heard.index("Tigrinja")
    assert "<Record" not in call.document
    call.presses("2").hears("interpreter_callback")
    task = the_task()
    assert (task.language, task.unlisted_language, task.needs_interpreter) == ("ti", True, True)
    mia = desk("lena")
    assert "Tigrinya, nicht in der Auswahl" in mia.get("/desk/?view=all&language=ti").text
    assert task.receipt_code not in mia.get("/desk/?view=all&language=de").text
    page = mia.get(f"/desk/tasks/{task.id}").text.partition('class="work-head"')[2]
    assert len(re.findall("Tigrinya", page)) == 2, "in the heading, and among the facts"
    assert "Deutsch" not in page.partition('class="app-contact"')[2].partition("</article>")[0]


def test_figures_count_it_as_a_language_of_its_own(desk) -> None:
    name("ti", "Tigrinja")
    other_language().presses("1")
    other_language().presses("0")
    tasks = desk("lena").get("/desk/?view=all").text
    assert re.search('<option value="ti"[^>]*>Tigrinya', tasks), "it can be filtered by"
    assert [dimension_labels.name("language", code, "de", str) for code in ("ti", "und", "tr", "x9")] == [
        "Tigrinya", "Unbekannte Sprache", "Türkisch", "x9",
    ]  # fmt: skip
    assert dimension_labels.keys("language", ["und", "ti", "de"])[-2:] == ["ti", "und"]
    with database.reading() as session:
        counted = daily_metrics.count(session, daily_metrics.local_day(utc_now()))
    opened = {key: n for (dimension, metric, key), n in counted.items() if (dimension, metric) == ("language", "tasks")}
    assert opened == {"ti": 1, "und": 1}


def test_nobody_has_named_one_and_all_is_as_before(empty_database) -> None:
    other_language().hears("interpreter_callback")
    assert the_task().language == "und"


@pytest.mark.parametrize("keys", [("0",), ("-", "-"), ("5", "5")])
def test_who_chooses_none_of_them_is_called_back_all_the_same(empty_database, keys: tuple[str, ...]) -> None:
    name("so", "Soomaali")
    other_language().presses(*keys).hears("interpreter_callback")
    assert (the_task().language, the_task().unlisted_language) == ("und", True)


def test_nine_is_an_emergency_there_too(empty_database) -> None:
    name("so", "Soomaali")
    other_language().presses("9").hears("emergency")


def test_without_a_number_the_choice_is_kept_for_what_the_caller_asks_for(empty_database) -> None:
    name("so", "Soomaali")
    other_language("anonymous").presses("1").hears("main").presses("1", "2").presses("017611122233#", "1")
    assert the_task().language == "so"


def test_a_key_means_what_the_caller_has_heard(empty_database) -> None:
    """The supervisor takes a language back while a caller listens, and the key goes to another one afterwards."""
    number = name("so", "Soomaali")
    call = other_language()
    take_back(number)
    with database.reading() as session:
        assert further_languages.behind(session, "1", utc_now() - timedelta(seconds=30)) == "so"
        assert further_languages.behind(session, "1", utc_now() + timedelta(seconds=1)) == "und"
    call.presses("0").hears("interpreter_callback")


def test_keys_stay_with_their_language_and_eight_fit(empty_database) -> None:
    first = name("so", "Somali")
    for code in ("ti", "sq", "am", "ur", "ps", "bs", "sr"):
        name(code, code)
    with pytest.raises(Unusable) as full:
        name("it", "Italiano")
    assert full.value.problem == NoticeProblem.FULL
    again = name("so", "Soomaali")
    assert "Soomaali" in other_language().heard
    take_back(again)
    assert "Somali" in other_language().heard
    take_back(first)
    assert "Somali" not in other_language().heard
    name("it", "Italiano")
    assert other_language().heard.index("Italiano") < other_language().heard.index("am"), "the first key is free"


@pytest.mark.parametrize("language", ["de", "kmr", "und", "xyz", ""])
def test_a_language_of_the_menu_or_none_is_no_further_one(empty_database, language: str) -> None:
    with pytest.raises(Unusable) as refused:
        name(language, "Name")
    assert refused.value.problem == NoticeProblem.LANGUAGE


def test_a_supervisor_listens_first_records_a_name_and_takes_it_back(desk) -> None:
    lena, address = desk("lena"), "/further-languages/"
    assert "Noch keine weitere Sprache" in lena.get(address).text
    preview = lena.post(f"{address}preview", data={"language": "ti", "text": "Tigrinja"})
    assert (preview.mimetype, preview.data[:4]) == ("audio/wav", b"RIFF")
    long = lena.post(f"{address}preview", data={"language": "ti", "text": "Tigrinja " * 10}, follow_redirects=True)
    assert "zu lang" in long.text
    sent = {"language": "ti", "text": "Tigrinja", "audio": (BytesIO(write_wav(speak("Tigrinja", "de"))), "a.wav")}
    assert "Tigrinya" in lena.post(address, data=sent, follow_redirects=True).text
    call = other_language()
    assert "/de/language-1.n.wav" in call.document
    assert lena.get(f"{address}1.wav").data[:4] == b"RIFF"
    assert "Zurückgenommen" in lena.post(f"{address}1/undo", follow_redirects=True).text
    other_language().hears("interpreter_callback")
    with database.reading() as session:
        further = select(AccessLine.detail).where(AccessLine.detail.contains("further")).order_by(AccessLine.number)
        logged = session.scalars(further).all()
    assert logged == ["further language ti, key 1: recorded", "further language ti, key 1: taken back"]
    assert desk("mia").get(address).status_code == 404


# -- an emergency, and the call queue


def speaks(call: WebhookCall, *names: str, code: str) -> bool:
    """Whether prompts are spoken in a language, as far as their texts have no values."""
    return all(catalogue(code)[one].partition("{")[0] in call.heard for one in names)


def rings_in_an_emergency(number: str = NUMBER, **form: str) -> WebhookCall:
    return WebhookCall(carrier(), from_=number, **form).rings().presses("9", "0")


def test_an_emergency_is_told_in_german_and_english_and_nobody_is_asked_for_a_recording(empty_database) -> None:
    """Closed, and the number is shown. The language is named behind 9 and 0 as it is without an emergency."""
    name("so", "Soomaali")
    name("ti", "Tigrinja")
    call = rings_in_an_emergency()
    assert call.heard.index("Soomaali") < call.heard.index("Tigrinja")
    call.presses("2")
    assert all(speaks(call, "emergency", code=code) for code in ("de", "en"))
    call.presses("1")
    assert "<Record" not in call.document
    assert all(speaks(call, "promise_emergency", "interpreter_callback", code=code) for code in ("de", "en"))
    assert call.heard.count("Tigrinja") == 1, "for whom somebody is sought"
    assert not speaks(call, "consent_emergency", code="de")
    task = the_task()
    assert (task.language, task.unlisted_language, task.needs_interpreter) == ("ti", True, True)
    assert (task.urgency, task.emergency_kind, task.unconfirmed) == ("emergency", "no_money", False)


def test_who_names_no_language_in_an_emergency_is_called_back_too(empty_database) -> None:
    rings_in_an_emergency().presses("2").hears("promise_emergency", "interpreter_callback")
    assert (the_task().language, the_task().urgency, the_task().needs_interpreter) == ("und", "emergency", True)


def test_without_a_number_the_question_about_the_recording_is_asked_in_both(empty_database) -> None:
    name("ti", "Tigrinja")
    call = rings_in_an_emergency("anonymous").presses("1", "1")
    assert all(speaks(call, "consent_emergency", code=code) for code in ("de", "en"))
    call.presses("1").speaks().presses("1")
    assert (the_task().language, the_task().urgency) == ("ti", "emergency")


def test_who_has_said_it_before_the_emergency_is_treated_alike(empty_database) -> None:
    other_language().presses("9", "3").hears("promise_emergency", "interpreter_callback")
    assert (the_task().language, the_task().urgency) == ("und", "emergency")


@pytest.fixture
def somebody_answers(empty_database) -> None:
    people = hire()
    with database.writing() as session:
        agent_presence.start_answering(session, people["mia"], "+4942198765", [], utc_now())


def waits_in_the_queue(
    number: str = "anonymous", *, urgent: bool = False, chosen: str = "1"
) -> tuple[WebhookCall, str]:
    """A caller who hears what is said in the queue, and the address that the carrier asks when they leave it."""
    call = rings_in_an_emergency(number, at="open") if urgent else other_language(number, at="open")
    call.presses(chosen, "1", "-")
    queue = re.search("<Enqueue [^>]*", call.document)[0]
    waits, leaves = (html.unescape(re.search(f' {one}="([^"]+)"', queue)[1]) for one in ("waitUrl", "action"))
    return call._asked(waits), leaves


@pytest.mark.parametrize("urgent", [False, True])
def test_a_waiting_caller_hears_german_and_english_and_an_interpreter_of_their_language_is_sought(
    somebody_answers, urgent: bool
) -> None:
    name("ti", "Tigrinja")
    call, _ = waits_in_the_queue(urgent=urgent)
    assert call.heard.startswith("Tigrinja")
    assert all(speaks(call, "line_position", "line_options", code=code) for code in ("de", "en"))
    with database.writing() as session:
        leg = session.scalars(select(Leg).where(Leg.role == LegRole.MEMBER)).one()
        announced = VoiceResponse()
        agent_announcements.announce(announced, leg.conversation)
        assert "Tigrinya" in str(announced)
        assert leg_events.answered(session, leg, leg.call_sid or "CA1", utc_now())
        assert leg_events.accepted(session, leg, utc_now())
        assert session.scalars(select(InterpreterRequest.language)).one() == "ti"


def test_nobody_is_sought_for_a_language_that_nobody_knows(somebody_answers) -> None:
    """The call tells which language it is; an interpreter who takes every language may be asked (`und`)."""
    name("ti", "Tigrinja")
    waits_in_the_queue(chosen="0")
    with database.writing() as session:
        leg = session.scalars(select(Leg).where(Leg.role == LegRole.MEMBER)).one()
        assert leg.conversation.language == "und"
        assert leg_events.answered(session, leg, leg.call_sid or "CA1", utc_now())
        assert leg_events.accepted(session, leg, utc_now())
        assert session.scalars(select(InterpreterRequest)).all() == []


@pytest.mark.parametrize("key", ["1", "2"])
def test_who_leaves_the_queue_has_a_task_in_their_language(somebody_answers, key: str) -> None:
    """A place that is kept, or a message, which nobody is asked for who can be called back with an interpreter."""
    name("ti", "Tigrinja")
    call, leaves = waits_in_the_queue(NUMBER, urgent=True)
    call.presses(key)
    call._asked(leaves, QueueResult="leave")
    assert "<Record" not in call.document
    assert all(speaks(call, {"1": "place_kept", "2": "interpreter_callback"}[key], code=code) for code in ("de", "en"))
    task = the_task()
    assert (task.language, task.unlisted_language, task.needs_interpreter) == ("ti", True, True)
