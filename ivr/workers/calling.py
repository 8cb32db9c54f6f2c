"""Places calls, hangs up, and sends calls on, as conversations need it. All of it may be asked for twice."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr import database
from ivr.callbacks import Refused
from ivr.configuration import settings
from ivr.instants import utc_now
from ivr.live import callback_calls, conversations, distribution, events, interpreters
from ivr.live.models import Conversation, Leg, LineEntry
from ivr.models import Call
from ivr.telephony import carrier, house
from ivr.telephony.addresses import leg_url, voice_url


def ring_leg(leg_id: int) -> None:
    """Ring a telephone that is wanted in a conversation."""
    with database.writing_alone() as session:
        leg = session.get(Leg, leg_id)
        if leg is None or leg.state != "wanted":
            return
        if leg.conversation.state == "ended" or distribution.is_overdue(leg, utc_now()) or not _may_ring(leg):
            events.call_over(session, leg, "canceled", utc_now())
            return
        number, calls_back = leg.number or "", leg.role == "caller"
    configured = settings()
    try:
        sid = carrier.place_call(
            number,
            leg_url("", leg_id),
            leg_url("/status", leg_id),
            ring_seconds=configured.callback_ring_seconds if calls_back else configured.ring_seconds,
            detect_machine=calls_back,
        )
    except carrier.CannotBeCalled:
        with database.writing_alone() as session:
            leg = session.get_one(Leg, leg_id)
            if leg.role == "caller":
                callback_calls.rings(session, leg, utc_now())
            events.declined(session, leg, "number_invalid", utc_now())
        return
    with database.writing_alone() as session:
        leg = session.get_one(Leg, leg_id)
        events.rings(session, leg, sid, utc_now())
        too_late = leg.state == "ended" and leg.joined_at is None
    if too_late:
        carrier.end_call(sid)


def _may_ring(leg: Leg) -> bool:
    """Whether a caller may still be called: it may have become late."""
    task = leg.conversation.task
    try:
        if leg.role == "caller" and task is not None:
            callback_calls.check_may_dial(task, utc_now())
    except Refused:
        return False
    return True


def hang_up_leg(leg_id: int) -> None:
    """A telephone is wanted no more: it stops ringing, or its call ends."""
    with database.writing_alone() as session:
        leg = session.get(Leg, leg_id)
        if leg is None:
            return
        sid = leg.call_sid
        if sid is None:
            events.call_over(session, leg, "canceled", utc_now())
            return
    carrier.end_call(sid)


def ring_given_up(session: Session, leg_id: int) -> None:
    """The carrier could not be asked for long: that is nobody's fault who was to be rung."""
    if leg := session.get(Leg, leg_id):
        events.call_over(session, leg, "failed" if leg.call_sid else "canceled", utc_now())


def bring_caller(entry_id: int) -> None:
    """A member has accepted: the caller leaves the line for the room."""
    with database.reading() as session:
        sid = session.get_one(LineEntry, entry_id).call.call_sid
        leg = conversations.leg_of(session, sid)
        if leg is None or leg.state != "answered" or leg.joined_at is not None:
            return  # they are there already, or it is over
    try:
        carrier.redirect_call(sid, voice_url("/connected", entry=entry_id))
    except carrier.CallIsOver:
        with database.writing_alone() as session:
            events.callers_call_over(session, session.get_one(LineEntry, entry_id).call, utc_now())


def end_room(conversation_id: int) -> None:
    """A conversation is over: whoever is still in the room leaves it."""
    with database.reading() as session:
        room = session.get_one(Conversation, conversation_id).room
    carrier.end_conference(room)


def tell_no_interpreter(conversation_id: int) -> None:
    """Nobody interprets: a callback does not begin; who is in the room is asked whether to be called back with
    somebody."""
    with database.writing_alone() as session:
        conversation = session.get_one(Conversation, conversation_id)
        if conversation.kind == "callback" and conversation.state == "preparing":
            callback_calls.no_interpreter(session, conversation, utc_now())
            return
        legs = conversations.with_role(conversation, "caller", ("joined",))  # asked once they are in the room
        if conversation.state != "live" or conversation.caller_asked or not legs:
            return
        if not interpreters.unmet(session, conversation):
            return
        conversation.caller_asked = True
        entry, (leg, *_) = conversation.entry, legs
        called = conversation.kind == "callback"
        sid = leg.call_sid if called or entry is None else entry.call.call_sid
        url = (
            leg_url("/no-interpreter", leg.id) if called else voice_url("/no-interpreter", conversation=conversation_id)
        )
    with suppress(carrier.CallIsOver):
        carrier.redirect_call(sid or "", url)


def ask_for_lost_events() -> None:
    """Telephones that should have answered or given up long ago: the carrier is asked what became of them."""
    with database.reading() as session:
        lost = {leg.id: leg.call_sid for leg in distribution.overdue_legs(session, utc_now())}
    for leg_id, sid in lost.items():
        status = _status(sid) if sid else "canceled"
        if status in carrier.ENDED:
            _is_over(leg_id, status)
        elif sid is not None and status in ("queued", "ringing", "initiated"):
            carrier.end_call(sid)


def ask_for_departed() -> None:
    """People whose call has ended without a word from the carrier would wait, or talk, for ever: it is asked."""
    with database.reading() as session:
        held = select(Call.call_sid).join(LineEntry).where(LineEntry.state.in_(("waiting", "offered")))
        waiting = session.scalars(held.where(Call.state != "ended").distinct()).all()
        talking = {
            leg.id: leg.call_sid
            for leg in session.scalars(select(Leg).where(Leg.state.in_(("answered", "joined"))))
            if leg.call_sid
        }
    for sid in waiting:
        if _status(sid) in carrier.ENDED:
            house.call_ended(sid, None, utc_now())
    for leg_id, sid in talking.items():
        if (status := _status(sid)) in carrier.ENDED:
            _is_over(leg_id, status)
    with database.writing_alone() as session:
        distribution.repair(session, utc_now())


def _is_over(leg_id: int, status: str) -> None:
    with database.writing_alone() as session:
        if leg := session.get(Leg, leg_id):
            events.call_over(session, leg, status, utc_now())


def _status(call_sid: str) -> str:
    try:
        return carrier.call_status(call_sid)
    except carrier.CallIsOver:
        return "completed"
