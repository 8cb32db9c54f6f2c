"""Live calls and the requests of their callers: what one of them settles, the other knows."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from ivr.accounts import staff_telephones
from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.carrier.webhook_urls import voice_url
from ivr.contact_centre import agent_presence, call_queue, conversations, interpreters
from ivr.domain.timestamps import utc_now
from ivr.flows import conditions
from ivr.models.contact_centre import InterpreterRequest, Presence, QueueEntry
from ivr.platform import database
from ivr.telephony import agent_webhooks, doubled_keys
from ivr.web.app import create_app
from tests.support.environment import forget_settings
from tests.support.people import hire

NOW = utc_now()


# -- a key pressed twice -------------------------------------------------------------------------------


@pytest.fixture
def doubled_keys_count_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """As in production, where callers need time for the next key; the list has the present millisecond."""
    monkeypatch.setenv("DOUBLED_KEY_MS", "400")
    forget_settings()
    clock = [1_000_000]
    monkeypatch.setattr(doubled_keys, "_now", lambda: clock[0])
    return clock


def test_a_doubled_key_in_the_language_menu_chooses_no_concern(doubled_keys_count_once, webhook_caller) -> None:
    person = webhook_caller(at="open").dials()
    person.presses("1")
    doubled_keys_count_once[0] += 300
    person.presses("1")
    assert "main" in person.last
    assert person.state.request.concern is None
    doubled_keys_count_once[0] += 400
    person.presses("1")
    assert person.state.request.concern == "benefits", "what is pressed later counts"


def test_two_different_keys_are_never_taken_for_one(doubled_keys_count_once, webhook_caller) -> None:
    person = webhook_caller(at="open").dials().presses("1", "3")
    assert "main" not in person.last


def test_a_menu_of_two_keys_takes_the_same_key_twice(doubled_keys_count_once, webhook_caller) -> None:
    """`00` means: none of these languages."""
    person = webhook_caller(at="open").dials().presses("0", "0")
    assert person.state.request.unlisted_language


def test_an_entry_keeps_its_repeated_digits(doubled_keys_count_once, webhook_caller) -> None:
    person = webhook_caller("anonymous", at="closed").dials().presses("1", "2").hears("consent")
    doubled_keys_count_once[0] += 400
    person.presses("2").hears("enter_number").presses("22")
    assert "number_not_usable" in person.last, "the entry was read"
    person.presses("04212887700")
    assert person.state.callback_number == "+494212887700"


def test_a_doubled_key_in_the_call_queue_confirms_no_number_unheard(doubled_keys_count_once, webhook_caller) -> None:
    people = hire()
    with database.writing() as session:
        agent_presence.start_answering(session, people["mia"], "+4942198765", [], utc_now())
    person = webhook_caller("+4915112345678", at="open").dials().presses("1")
    doubled_keys_count_once[0] += 400
    person.presses("1", "")
    assert person.verb == "Enqueue"
    person.waits("1")
    person.presses("1")
    assert "confirm_number" in person.last, "it is asked once more"


def test_a_doubled_key_at_the_staff_number_logs_nobody_off(
    doubled_keys_count_once, webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome of a conversation, pressed twice, means nothing in the menu that follows."""
    mia = hire()["mia"]
    with database.writing() as session:
        agent_presence.start_answering(session, mia, "+4942198765", [], utc_now())
    form = {"CallSid": "CA" + "1" * 32, "From": "+4942198765"}
    with database.writing() as session, create_app().test_request_context(method="POST", data=form):
        token = agent_webhooks._tokens().dumps([mia.id, form["CallSid"]])
    menu = webhooks.post(voice_url("/staff/wrap-up", token=token), Digits="3", **form)
    action = ElementTree.fromstring(menu).find("Gather").get("action")
    doubled_keys_count_once[0] += 300
    menu = webhooks.post(action, Digits="3", **form)
    with database.reading() as session:
        assert session.get_one(Presence, mia.id).state == "available"
    doubled_keys_count_once[0] += 400
    webhooks.post(ElementTree.fromstring(menu).find("Gather").get("action"), Digits="3", **form)
    with database.reading() as session:
        assert session.get_one(Presence, mia.id).state == "offline"


def test_a_receipt_code_is_found_in_the_last_digits_keyed() -> None:
    for code in ("1234567897", "12345674"):
        good = next(f"{code[:-1]}{digit}" for digit in "0123456789" if _is_code(f"{code[:-1]}{digit}"))
        for keyed in (good, f"4{good}"):
            assert conditions.entered_code(keyed, None) == good
    assert conditions.entered_code("4", None) is None


def _is_code(text: str) -> bool:
    from ivr.domain import receipt_codes

    return receipt_codes.is_code(text)


# -- who is a companion ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    ["+49 421 1782666", "0421/178-2666", "0049 (0)421 1782666", "1782666", "+49421361123", "042198765", "0421 77777"],
)
def test_a_number_of_the_house_is_no_companions(empty_database, monkeypatch, written: str) -> None:
    """The hotline's own in every spelling, one that the house shows for everybody, the telephones of members."""
    monkeypatch.setenv("TRUNK_NUMBERS", '["+49421361*"]')
    forget_settings()
    people = hire()
    with database.writing() as session:
        agent_presence.start_answering(session, people["mia"], "+4942198765", [], NOW)
        staff_telephones.add(session, "0421 77777", "", "Empfang", NOW)
        talk = conversations.for_entry(session, enters(session, 1), NOW)
        with pytest.raises(interpreters.CannotBeRung):
            interpreters.bring_companion(session, talk, written, people["mia"], NOW)
        assert session.scalar(select(InterpreterRequest.id)) is None
        interpreters.bring_companion(session, talk, "0421 12345", people["mia"], NOW)


def enters(session, number: int, concern: str = "benefits", at=NOW) -> QueueEntry:
    call = calls.seen(session, f"CA{number:032d}", f"+4917600000{number:03d}", at)
    return call_queue.enter(session, call, 1, Request(concern=concern), "de", "", at)
