"""Dial with Conference: a call takes part in a conference."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from ivr.local_carrier.conferences import Participant
from ivr.local_carrier.lines import HungUp, Interrupted, JoinedConference
from ivr.local_carrier.twiml_parser import Verb
from ivr.local_carrier.verbs.base import Request, action_url

if TYPE_CHECKING:
    from ivr.local_carrier.twiml_executor import Execution


def dial(execution: Execution, url: str, verb: Verb) -> Request | None:
    """Connect the call to a conference, and request the action afterwards, if there is one.

    Raises:
        CallEnded: the document dials a number. The product never does: it calls by REST and connects in conferences.
    """
    child = verb.children[0] if verb.children else None
    if child is None or child.name != "Conference":
        execution.fail("12200 the local carrier connects to conferences only")
    form = _join(execution, url, verb, child)
    return Request(action_url(url, verb), form) if "action" in verb.attributes else None


def _join(execution: Execution, url: str, verb: Verb, conference_verb: Verb) -> dict[str, str]:
    ends_conference = conference_verb.attributes.get("endConferenceOnExit") == "true"
    participant = Participant(execution.record.sid, ends_conference)
    send_event = partial(_send_event, execution, url, conference_verb)
    conference = execution.carrier.conferences.join(conference_verb.text, participant, send_event)
    started, status = time.monotonic(), "in-progress"
    reason = "participant_left_conference"
    try:
        star = verb.attributes.get("hangupOnStar") == "true"
        execution.line.converse(JoinedConference(conference, participant), star=star)
        reason = participant.removed_because or reason
    except HungUp:
        reason, status = "participant_hung_up", "completed"
        raise
    except Interrupted:
        reason = "participant_updated_via_api"
        raise
    finally:
        conference.leave(participant, reason, status)
    seconds = round(time.monotonic() - started)
    return {"DialCallStatus": "completed", "DialCallDuration": str(seconds), "DialBridged": "true"}


def _send_event(execution: Execution, url: str, conference_verb: Verb, name: str, event: dict[str, str]) -> None:
    """Send an event of the conference, if the document asks for it."""
    callback = conference_verb.attributes.get("statusCallback")
    wanted = conference_verb.attributes.get("statusCallbackEvent", "").split()
    if callback and name.partition("-")[2] in wanted:
        form = {"AccountSid": execution.carrier.subscription.account_sid, **event}
        execution.notify(urljoin(url, callback), form)
