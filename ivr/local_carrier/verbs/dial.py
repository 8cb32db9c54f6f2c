"""Dial: a call takes part in a conference, or is connected with a client."""

from __future__ import annotations

import time
from functools import partial
from urllib.parse import urljoin

import numpy as np

from ivr.audio.wav import Samples, at_telephone_rate
from ivr.local_carrier.conferences import Participant
from ivr.local_carrier.lines import HungUp, Interrupted, JoinedConference
from ivr.local_carrier.twiml_parser import Verb
from ivr.local_carrier.verbs import dialed_client
from ivr.local_carrier.verbs.base import CallVerb, Request
from ivr.local_carrier.webhooks import WebhookFailed


class Dial(CallVerb):
    """Connects the call to a conference or a client, and requests the action afterwards, if there is one."""

    RULES = (
        "action", "hangupOnStar", "endConferenceOnExit", "muted", "statusCallback", "statusCallbackEvent", "waitUrl",
        "client", "client that is not there",
    )  # fmt: skip

    def execute(self) -> Request | None:
        """Take part in the conference until it, or this part, ends.

        Raises:
            CallEnded: the document dials a number. The product never does: it calls by REST and connects in
                conferences.
        """
        child = self.verb.children[0] if self.verb.children else None
        if child is not None and child.name == "Client" and self.execution.carrier.dialect.has_clients:
            star = self.verb.attributes.get("hangupOnStar") == "true"
            form = dialed_client.dial(self.execution, child.text, self.verb.number("timeout", 30), star=star)
        elif child is not None and child.name == "Conference":
            form = self._join(child)
        else:
            self.execution.fail("12200 the local carrier connects to conferences and clients only")
        return Request(self.action_url, form) if "action" in self.verb.attributes else None

    def _join(self, conference_verb: Verb) -> dict[str, str]:
        ends_conference = conference_verb.attributes.get("endConferenceOnExit") == "true"
        muted = conference_verb.attributes.get("muted") == "true"
        participant = Participant(self.execution.record.sid, ends_conference, muted)

        def send_event(name: str, event: dict[str, str]) -> None:
            self._send_event(conference_verb, name, event)

        conference = self.execution.carrier.conferences.join(conference_verb.text, participant, send_event)
        started, status = time.monotonic(), "in-progress"
        reason = "participant_left_conference"
        try:
            star = self.verb.attributes.get("hangupOnStar") == "true"
            music = partial(self._music, conference_verb.attributes.get("waitUrl", ""))
            self.execution.line.converse(JoinedConference(conference, participant, music), star=star)
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

    def _music(self, wait_url: str) -> Samples:
        """What is heard by who is alone. Carrier: an empty URL is silence."""
        try:
            sound = self.execution.carrier.webhooks.get_media(urljoin(self.url, wait_url)).sound if wait_url else None
        except WebhookFailed as error:
            self.execution.report.errors.append(f"<Conference waitUrl>: {error}")
            sound = None
        return at_telephone_rate(sound).samples if sound else np.zeros(0, np.int16)

    def _send_event(self, conference_verb: Verb, name: str, event: dict[str, str]) -> None:
        """Send an event of the conference, if the document asks for it."""
        callback = conference_verb.attributes.get("statusCallback")
        wanted = conference_verb.attributes.get("statusCallbackEvent", "").split()
        if callback and name.partition("-")[2] in wanted:
            form = {"AccountSid": self.execution.carrier.subscription.account_sid, **event}
            self.execution.notify(urljoin(self.url, callback), form)
