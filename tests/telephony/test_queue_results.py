"""Each result with which the carrier's queue lets a caller go leads somewhere, and the place is given up."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.contact_centre import call_queue
from ivr.domain.enums import Concern, QueueExit
from ivr.domain.timestamps import utc_now
from ivr.flows.state import CallState
from ivr.models.contact_centre import QueueEntry
from ivr.platform import database, write_behind
from ivr.telephony.state_token import seal
from tests.support.webhook_caller import Hotline

CALL, NUMBER = "CA" + "8" * 32, "+4915112345678"


def waiting(webhook: str = "wait") -> str:
    """A webhook of a caller in the queue."""
    state = CallState("call_queue", "de", callback_number=NUMBER, queue_visit=1).knowing(concern=Concern.WORK)
    return f"/voice/{webhook}?{urlencode({'state': seal(state, CALL)})}"


@pytest.fixture
def let_go(webhooks: Hotline):
    """The document for a waiting caller whom the queue lets go with a result."""
    with database.writing() as session:
        call = calls.seen(session, CALL, NUMBER, utc_now())
        call_queue.enter(session, call, 1, Request(concern=Concern.WORK), "de", "", utc_now())
    return lambda result: webhooks.post(waiting("answer"), CallSid=CALL, From=NUMBER, QueueResult=result, QueueTime="3")


def place() -> QueueEntry:
    with database.reading() as session:
        return session.scalars(select(QueueEntry)).one()


@pytest.mark.parametrize("result", ["leave", "error", "system-error", "queue-full", "a result of next year"])
def test_who_is_let_go_can_leave_a_message(let_go, result: str) -> None:
    document = let_go(result)
    assert "Wir nehmen Ihre Stimme auf. Einverstanden" in document
    assert (place().state, place().reason) == (
        "left",
        QueueExit.FULL if result == "queue-full" else QueueExit.CARRIER,
    )


@pytest.mark.parametrize(
    "result", ["hangup", "redirected", "redirected-from-bridged", "bridged", "bridging-in-process"]
)
def test_who_has_moved_on_is_not_moved_again(let_go, result: str) -> None:
    """The carrier ignores the answer: the call ended, or is in the room already."""
    assert let_go(result) == "<Response/>"
    assert place().state == "waiting"


def test_a_wait_url_that_is_asked_for_after_the_hang_up_keeps_no_place(let_go, webhooks: Hotline) -> None:
    """An event of the queue that comes after the end of its call."""
    webhooks.post("/voice/status", CallSid=CALL, From=NUMBER, CallStatus="completed")
    write_behind.flush()
    assert "<Leave" in webhooks.post(waiting(), CallSid=CALL, From=NUMBER, QueuePosition="1", QueueTime="9")
    assert (place().state, place().reason) == ("left", QueueExit.HUNG_UP)


def test_a_participant_who_could_not_be_added_changes_nothing(webhooks: Hotline) -> None:
    """The hotline rings each telephone by a call of its own, whose status tells that nobody came."""
    form = {"ConferenceSid": "CF1", "FriendlyName": "room-1", "StatusCallbackEvent": "participant-leave"}
    form |= {"ReasonParticipantLeft": "participant_add_failed", "ParticipantCallStatus": "failed"}
    assert webhooks.post("/voice/conference", CallSid="CA" + "9" * 32, SequenceNumber="4", **form) == ""
