"""The call at the start of a duty: a member who comes by telephone is asked whether they answer calls."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session
from twilio.twiml.voice_response import VoiceResponse

from ivr.carrier.signature import only_the_carrier
from ivr.carrier.webhook_urls import voice_url
from ivr.contact_centre import agent_presence, call_distribution, duty_calls
from ivr.domain.digits import number_in
from ivr.domain.enums import PresenceState
from ivr.domain.roles import SERVING
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.contact_centre import Presence
from ivr.platform import database
from ivr.telephony import agent_announcements

log = logging.getLogger(__name__)
duty = Blueprint("duty", __name__, url_prefix="/voice/duty")

#: A call lasts no longer: it rings, a sentence is said twice, a key is pressed.
_LONGEST = timedelta(minutes=5)


duty.before_request(only_the_carrier)


@duty.errorhandler(Exception)
def _something_broke(error: Exception) -> Response | tuple[str, int]:
    """Whoever has picked up hears a sentence, and comes by the number for team members."""
    if isinstance(code := getattr(error, "code", None), int) and code < 500:
        return "", code
    log.error("a webhook of a call to a member's duty failed", exc_info=error)
    return _said("duty_trouble")


@duty.post("")
def answered() -> Response:
    """Somebody has picked up: ask whether they answer calls."""
    with database.writing_alone() as session:
        if (here := _asked(session)) is None:
            return _said("too_late")
        duty_calls.picked_up(here)
    document, pressed = VoiceResponse(), voice_url("/duty/key", member=here.user_id)
    gather = document.gather(input="dtmf", num_digits=1, finish_on_key="", timeout=6, action=pressed, method="POST")
    agent_announcements.say(gather, "duty")
    gather.pause(length=1)
    agent_announcements.say(gather, "duty")
    agent_announcements.say(document, "duty_later")
    document.hangup()
    return Response(str(document), mimetype="text/xml")


@duty.post("/key")
def key() -> Response:
    """The key: 1 answers calls at this telephone from now on, any other does not."""
    now = utc_now()
    with database.writing_alone() as session:
        if (here := _asked(session)) is None:
            return _said("too_late")
        if request.form.get("Digits") != "1":
            return _said("duty_later")
        if here.state == PresenceState.OFFLINE:
            agent_presence.start_answering(session, here.user, here.number or "", here.languages, now)
            call_distribution.match(session, now)
    return _said("staff_available")


def _asked(session: Session) -> Presence | None:
    """The member whom this call asks; None if it is too late for an answer, or they have left the team."""
    here, now = session.get(Presence, number_in(request.args, "member")), utc_now()
    if here is None or here.number is None or here.duty_rung_at is None or now - here.duty_rung_at > _LONGEST:
        return None
    user = session.get(User, here.user_id)
    return here if user is not None and user.active and user.role in SERVING else None


def _said(sentence: str) -> Response:
    document = VoiceResponse()
    agent_announcements.say(document, sentence)
    document.hangup()
    return Response(str(document), mimetype="text/xml")
