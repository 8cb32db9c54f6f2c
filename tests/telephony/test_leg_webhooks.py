"""What the people hear whom the hotline calls, when something of the hotline fails."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from ivr.carrier.webhook_urls import leg_url
from ivr.config.settings import settings
from ivr.domain.enums import Concern, ConversationKind, LegRole, LegState, Urgency
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg
from ivr.notices import further_languages, present
from ivr.platform import database
from ivr.prompts.catalogue import catalogue
from ivr.telephony import leg_webhooks
from tests.support.notices import LENA
from tests.support.people import a_task, hire
from tests.support.webhook_caller import Hotline, hotline_of_webhooks

CALL = "CA" + "1" * 32


@pytest.fixture
def leg_id(empty_database) -> int:
    """Somebody who is being called back in English."""
    hire()
    with database.writing() as session:
        talk = Conversation(
            room="room", kind=ConversationKind.CALLBACK, team=session.scalars(select(Team)).first(), language="en",
            concern=Concern.BENEFITS, urgency=Urgency.NORMAL, started_at=utc_now(),
        )  # fmt: skip
        leg = Leg(conversation=talk, role=LegRole.CALLER, state=LegState.RINGING, number="+4915111111111",
                  created_at=utc_now())  # fmt: skip
        session.add(leg)
        session.flush()
        return leg.id


@pytest.fixture
def asks(empty_database, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ElementTree.Element]:
    with hotline_of_webhooks(settings(), monkeypatch) as hotline:
        return lambda url, **form: _document(hotline, url, **form)


def _document(hotline: Hotline, url: str, **form: str) -> ElementTree.Element:
    return ElementTree.fromstring(hotline.post(url, CallSid=CALL, **form))


def fails(*_: object) -> None:
    raise OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))


def test_who_was_called_hears_the_question_although_the_first_request_failed(asks, leg_id, monkeypatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(leg_webhooks.leg_events, "answered", fails)
        document = asks(leg_url("", leg_id))
    assert [verb.tag for verb in document] == ["Pause", "Redirect"]
    again = asks(document.findtext("Redirect"))
    assert again.find("Gather") is not None


def test_a_key_that_was_lost_is_asked_for_again(asks, leg_id, monkeypatch) -> None:
    asks(leg_url("", leg_id))
    with monkeypatch.context() as broken:
        broken.setattr(leg_webhooks.leg_events, "accepted", fails)
        document = asks(leg_url("/key", leg_id), Digits="1")
    question = asks(document.findtext("Redirect")).find("Gather")
    assert urlsplit(question.get("action")).path == "/voice/leg/key"
    assert asks(question.get("action"), Digits="1").find("Dial") is not None


@pytest.mark.parametrize("role", list(LegRole))
@pytest.mark.parametrize("key", ["*", "#", "0", "9", "A"])
def test_a_key_that_means_nothing_is_asked_for_again_and_cuts_nobody_off(asks, leg_id, role: LegRole, key: str) -> None:
    with database.writing() as session:
        session.get_one(Leg, leg_id).role = role
    question = asks(leg_url("", leg_id)).find("Gather")
    for _ in range(2):
        question = asks(question.get("action"), Digits=key).find("Gather")
        assert urlsplit(question.get("action")).path == "/voice/leg/key"
    if role == LegRole.CALLER:
        assert asks(question.get("action"), Digits=key).find("Hangup") is not None, "a machine is not asked for ever"


def test_who_was_called_in_vain_hears_an_apology_and_no_silence(asks, leg_id, monkeypatch) -> None:
    monkeypatch.setattr(leg_webhooks.leg_events, "answered", fails)
    document = asks(leg_url("", leg_id))
    for _ in range(3):
        if (redirect := document.findtext("Redirect")) is None:
            break
        document = asks(redirect)
    assert [verb.tag for verb in document][-1] == "Hangup"
    assert document.find("Play") is not None or document.find("Say") is not None


def test_a_code_with_a_doubled_key_before_it_is_found_in_the_last_digits(asks, leg_id) -> None:
    """The key that says "it is me", pressed twice, puts a digit before the code."""
    task_id = a_task()
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        task.demands_code, session.get_one(Leg, leg_id).conversation.task = True, task
        code = task.receipt_code
    asks(leg_url("", leg_id))
    question = asks(leg_url("/key", leg_id), Digits="1").find("Gather")
    question = asks(question.get("action"), Digits=f"1{code[:-1]}").find("Gather")
    assert code[:5] not in question.get("action"), "addresses are written to logs"
    assert question.get("numDigits") == "1", "the last digit is on its way"
    assert asks(question.get("action"), Digits=code[-1]).find("Dial") is not None


def test_a_wrong_code_is_said_to_be_wrong_and_may_be_keyed_once_more(asks, leg_id) -> None:
    task_id = a_task()
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        task.demands_code, session.get_one(Leg, leg_id).conversation.task = True, task
        code = task.receipt_code
    asks(leg_url("", leg_id))
    question = asks(leg_url("/key", leg_id), Digits="1").find("Gather")
    wrong = f"{code[:-2]}{(int(code[-2]) + 1) % 10}{code[-1]}"
    answer = asks(question.get("action"), Digits=wrong)
    assert catalogue("en")["code_not_usable"] in " ".join(answer.itertext())
    assert asks(answer.find("Gather").get("action"), Digits=code).find("Dial") is not None


def test_a_member_hears_of_no_interpreter_only_where_one_was_wanted(asks, leg_id) -> None:
    """The caller may not have been dialled for another reason, such as a cap that was reached meanwhile."""
    with database.writing() as session:
        leg = session.get_one(Leg, leg_id)
        leg.role, leg.state, leg.call_sid = LegRole.MEMBER, LegState.JOINED, CALL
        leg.conversation.state = "ended"
    said = " ".join(asks(leg_url("/left", leg_id)).itertext())
    assert "Sprachmittlung" not in said
    assert "kann jetzt nicht angerufen werden" in said, "nobody has tried to reach them"


def test_the_number_of_a_language_means_what_was_said_though_the_list_changes_meanwhile(asks, leg_id) -> None:
    with database.writing() as session:
        leg = session.get_one(Leg, leg_id)
        leg.role, leg.state, leg.call_sid = LegRole.MEMBER, LegState.JOINED, CALL
        leg.conversation.language, leg.conversation.state = "de", "live"
        first = further_languages.add(session, "sq", "Shqip", None, LENA, utc_now()).id
        further_languages.add(session, "so", "Soomaali", None, LENA, utc_now())
    present.forget()
    number = str(len(settings().enabled_languages) + 1)  # the second behind all but German
    question = asks(leg_url("/star", leg_id), Digits="7").find("Gather")
    assert f"Somali: {number}." in " ".join(question.itertext())
    with database.writing() as session:
        further_languages.undo(session, first, None, LENA, utc_now())
    present.forget()
    asks(question.get("action"), Digits=number)
    with database.reading() as session:
        assert [one.language for one in session.scalars(select(InterpreterRequest))] == ["so"]
