"""Dial with Conference: a call takes part in a conference."""

from __future__ import annotations

import time
from urllib.parse import urljoin

from ivr.local_carrier.conferences import Participant
from ivr.local_carrier.lines import HungUp, Interrupted, JoinedConference
from ivr.local_carrier.twiml_parser import Verb
from ivr.local_carrier.verbs.base import CallVerb, Request


class Dial(CallVerb):
    """Connects the call to a conference, and requests the action afterwards, if there is one."""

    RULES = ("action", "hangupOnStar", "endConferenceOnExit", "statusCallback", "statusCallbackEvent")

    def execute(self) -> Request | None:
        """Take part in the conference until it, or this part, ends.

        Raises:
            CallEnded: the document dials a number. The product never does: it calls by REST and connects in
                conferences.
        """
        child = self.verb.children[0] if self.verb.children else None
        if child is None or child.name != "Conference":
            self.execution.fail("12200 the local carrier connects to conferences only")
        form = self._join(child)
        return Request(self.action_url, form) if "action" in self.verb.attributes else None

    def _join(self, conference_verb: Verb) -> dict[str, str]:
        ends_conference = conference_verb.attributes.get("endConferenceOnExit") == "true"
        participant = Participant(self.execution.record.sid, ends_conference)

        def send_event(name: str, event: dict[str, str]) -> None:
            self._send_event(conference_verb, name, event)

        conference = self.execution.carrier.conferences.join(conference_verb.text, participant, send_event)
        started, status = time.monotonic(), "in-progress"
        reason = "participant_left_conference"
        try:
            star = self.verb.attributes.get("hangupOnStar") == "true"
            self.execution.line.converse(JoinedConference(conference, participant), star=star)
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

    def _send_event(self, conference_verb: Verb, name: str, event: dict[str, str]) -> None:
        """Send an event of the conference, if the document asks for it."""
        callback = conference_verb.attributes.get("statusCallback")
        wanted = conference_verb.attributes.get("statusCallbackEvent", "").split()
        if callback and name.partition("-")[2] in wanted:
            form = {"AccountSid": self.execution.carrier.subscription.account_sid, **event}
            self.execution.notify(urljoin(self.url, callback), form)
