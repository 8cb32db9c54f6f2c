"""What the carrier tells of the telephones that the hotline calls: their status, and who is in a conference."""

from __future__ import annotations

import logging

from flask import Blueprint, request
from sqlalchemy.orm import Session

from ivr.carrier.call_control import ENDED
from ivr.carrier.dialects import event_taken
from ivr.carrier.refusals import CUT_OFF
from ivr.carrier.signature import only_the_carrier
from ivr.config.settings import settings
from ivr.contact_centre import conversations, leg_events
from ivr.domain.digits import LARGEST_NUMBER, number_in
from ivr.domain.timestamps import utc_now
from ivr.models.contact_centre import Leg
from ivr.platform import taking_turns
from ivr.telephony.call_session import call_sid

log = logging.getLogger(__name__)
leg_events_of_carrier = Blueprint("leg_events", __name__, url_prefix="/voice")

#: The carrier's statuses of a call that say that a telephone rings or has rung; others say that it is being dialled.
_RINGING = ("ringing", "in-progress")
#: The events of a call are numbered from 0: it is dialled, it rings, … One that never rings has no event of this number
#: but its last. So it is known that a telephone rang although that event is late.
_SEQUENCE_OF_RINGING = 1
#: Seconds for which an event is tried: nobody waits for its answer, and not every carrier tells it again.
_PATIENCE = 2.5


leg_events_of_carrier.before_request(only_the_carrier)


@leg_events_of_carrier.errorhandler(Exception)
def _something_broke(error: Exception) -> tuple[str, int]:
    """The carrier repeats the event, or the scheduler looks the call up."""
    if isinstance(code := getattr(error, "code", None), int) and code < 500:
        return "", code
    log.error("an event of a leg failed", exc_info=error)
    return "", 500


@leg_events_of_carrier.post("/leg/status")
def status() -> tuple[str, int]:
    """Status of a leg's call. The carrier may send it in any order and repeatedly."""
    taking_turns.alone(_changed, patience=_PATIENCE)
    return event_taken()


def _changed(session: Session) -> None:
    told = request.form.get("CallStatus", "")
    leg = session.get(Leg, number_in(request.args, "leg"))
    if leg is None or leg.call_sid not in (None, call_sid()):
        return  # long deleted; or of a call that was placed twice, of which the other one counts
    leg.call_sid = leg.call_sid or call_sid() or None
    if told in ENDED:
        sip, code = (
            number_in(request.form, "SipResponseCode", most=LARGEST_NUMBER),
            number_in(request.form, "ErrorCode", most=LARGEST_NUMBER),
        )
        rang = request.form.get("SequenceNumber", 0, int) > _SEQUENCE_OF_RINGING
        cut_off = code == CUT_OFF and settings().has_exchange
        leg_events.call_over(session, leg, told, utc_now(), sip=sip, code=code, rang=rang, cut_off=cut_off)
    elif call_sid() and told in _RINGING:
        leg_events.rings(session, leg, call_sid(), utc_now())


@leg_events_of_carrier.post("/conference")
def conference() -> tuple[str, int]:
    """A leg has joined or left a conference. The carrier's sequence numbers give the order."""
    taking_turns.alone(_moved, patience=_PATIENCE)
    return event_taken()


def _moved(session: Session) -> None:
    form, now = request.form, utc_now()
    event, sequence = form.get("StatusCallbackEvent", ""), number_in(form, "SequenceNumber", most=LARGEST_NUMBER)
    conference_sid = form.get("ConferenceSid", "")[:64]
    conversation = conversations.in_room(session, form.get("FriendlyName", ""))
    known = conversations.leg_of(session, call_sid(), conversation) if conversation else None
    leg = session.get(Leg, known.id) if known else None
    if leg is not None and event == "participant-join":
        leg_events.in_room(session, leg, sequence, now, conference_sid)
    elif leg is not None and event == "participant-leave":
        goes_on = form.get("ParticipantCallStatus", "in-progress") not in ENDED
        leg_events.out_of_room(session, leg, sequence, goes_on, now, conference_sid)
