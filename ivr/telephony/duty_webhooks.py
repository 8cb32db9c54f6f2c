"""The call at the start of a duty: a member who comes by telephone is asked whether they answer calls."""

from __future__ import annotations

import logging

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
from ivr.platform import taking_turns
from ivr.telephony import agent_announcements, held_rows
from ivr.telephony.call_session import call_sid

log = logging.getLogger(__name__)
duty = Blueprint("duty", __name__, url_prefix="/voice/duty")

#: Times that it is kept waiting for a second because somebody else holds a row.
_HELD = 8


duty.before_request(only_the_carrier)


@duty.errorhandler(Exception)
def _something_broke(error: Exception) -> Response | tuple[str, int]:
    """Whoever has picked up hears a sentence, and comes by the number for team members."""
    if isinstance(code := getattr(error, "code", None), int) and code < 500:
        return "", code
    if held_rows.is_held(error) and (again := held_rows.ask_again(_HELD)):
        return Response(again, mimetype="text/xml")
    log.error("a webhook of a call to a member's duty failed", exc_info=error)
    return _said("duty_trouble")


@duty.post("")
def answered() -> Response:
    """Somebody has picked up: ask whether they answer calls."""
    member = taking_turns.alone(_picked_up)
    if member is None:
        return _said("too_late")
    document, pressed = VoiceResponse(), voice_url("/duty/key", member=member)
    gather = document.gather(input="dtmf", num_digits=1, finish_on_key="", timeout=6, action=pressed, method="POST")
    agent_announcements.say(gather, "duty")
    gather.pause(length=1)
    agent_announcements.say(gather, "duty")
    agent_announcements.say(document, "duty_later")
    document.hangup()
    return Response(str(document), mimetype="text/xml")


def _picked_up(session: Session) -> int | None:
    """The id of the member who has picked up; None if it is too late."""
    here, mark = _asked(session), request.args.get("rung", "")
    if here is None or not duty_calls.picked_up(here, mark, call_sid(), utc_now()):
        return None
    return here.user_id


@duty.post("/key")
def key() -> Response:
    """The key: 1 answers calls at this telephone from now on, any other does not."""
    return _said(taking_turns.alone(_chosen))


def _chosen(session: Session) -> str:
    """The sentence that says what has become of the key."""
    now = utc_now()
    if (here := _asked(session)) is None or not duty_calls.asks(here, call_sid(), now):
        return "too_late"
    if held_rows.pressed() != "1":
        return "duty_later"
    if here.state == PresenceState.OFFLINE and duty_calls.has_come_since(here):
        return "too_late"  # the key came twice, and they have gone meanwhile
    if here.state == PresenceState.OFFLINE:
        agent_presence.start_answering(session, here.user, here.number or "", here.languages, now)
        call_distribution.match(session, now)
    return "staff_available"


def _asked(session: Session) -> Presence | None:
    """The member of the address; None if they have left the team, or nobody has rung them."""
    here = session.get(Presence, number_in(request.args, "member"))
    if here is None or here.number is None:
        return None
    user = session.get(User, here.user_id)
    return here if user is not None and user.active and user.role in SERVING else None


def _said(sentence: str) -> Response:
    document = VoiceResponse()
    agent_announcements.say(document, sentence)
    document.hangup()
    return Response(str(document), mimetype="text/xml")
