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
from ivr.models.contact_centre import Conversation, Leg
from ivr.platform import database
from ivr.telephony import leg_webhooks
from tests.support.people import hire
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


def test_who_was_called_in_vain_hears_an_apology_and_no_silence(asks, leg_id, monkeypatch) -> None:
    monkeypatch.setattr(leg_webhooks.leg_events, "answered", fails)
    document = asks(leg_url("", leg_id))
    for _ in range(3):
        if (redirect := document.findtext("Redirect")) is None:
            break
        document = asks(redirect)
    assert [verb.tag for verb in document][-1] == "Hangup"
    assert document.find("Play") is not None or document.find("Say") is not None
