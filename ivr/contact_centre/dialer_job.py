"""Jobs that place, end and redirect the calls of conversations. Each job may run twice."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy.orm import Session

from ivr.callbacks import call_limits
from ivr.callbacks.refused import Refused
from ivr.carrier import call_control, exchanges, one_by_one
from ivr.carrier.refusals import CarrierRefused
from ivr.carrier.webhook_urls import leg_url, voice_url
from ivr.config.settings import settings
from ivr.contact_centre import (
    call_distribution,
    conversation_control,
    conversations,
    engaged_numbers,
    interpreter_search,
    interpreters,
    leg_events,
    outbound_callbacks,
)
from ivr.contact_centre.conversations import ON_THE_LINE
from ivr.domain import client_addresses
from ivr.domain.enums import (
    CarrierSide,
    ConversationKind,
    ConversationState,
    InterpreterRequestState,
    LegEnding,
    LegRole,
    LegState,
)
from ivr.domain.timestamps import utc_now
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, QueueEntry
from ivr.platform import database, outbox


def ring_leg(leg_id: int) -> None:
    """Ring a telephone that is wanted in a conversation.

    Raises:
        CarrierRefused, requests.RequestException: the network is disturbed; to be tried again.
    """
    with database.writing_alone() as session:
        leg = session.get(Leg, leg_id)
        if leg is None or leg.state != LegState.WANTED or leg.call_sid is not None:
            return
        if leg.conversation.state == ConversationState.ENDED or not _may_ring(session, leg):
            leg_events.call_over(session, leg, LegEnding.CANCELED, utc_now())
            return
        if leg.role == LegRole.COMPANION and engaged_numbers.is_in_another_call(session, leg, utc_now()):
            leg_events.call_over(session, leg, "busy", utc_now())  # as their telephone would say
            return
        if call_distribution.is_overdue(leg, utc_now()):
            leg_events.call_over(session, leg, "failed", utc_now())
            return
        leg.dialled_at = leg.dialled_at or utc_now()  # nobody else rings the same telephone from now on
        number, calls_back = leg.number or "", leg.role == LegRole.CALLER
        near, turn = conversations.call_that_goes_on(leg), leg.conversation_id
    configured = settings()
    try:
        sid = call_control.place_call(
            number,
            leg_url("", leg_id),
            leg_url("/status", leg_id),
            ring_seconds=configured.callback_ring_seconds if calls_back else configured.ring_seconds,
            detect_machine=calls_back,
            near=near,
            turn=turn,
        )
    except CarrierRefused as refused:
        if refused.refusal.side == CarrierSide.NETWORK:
            raise
        with database.writing_alone() as session:
            leg_events.not_put_through(session, session.get_one(Leg, leg_id), refused.refusal, utc_now())
        return
    with database.writing_alone() as session:
        leg = session.get_one(Leg, leg_id)
        leg_events.placed(leg, sid)
        if not calls_back and not client_addresses.is_one(number):
            call_limits.tell_rung(session, number, utc_now())
        near = conversations.call_that_goes_on(leg)
        if near and exchanges.are_apart(sid, near):  # one went away while two telephones were rung at once
            leg_events.call_over(session, leg, "failed", utc_now())
        too_late = leg.state == LegState.ENDED and leg.joined_at is None
    if too_late:
        call_control.end_call(sid)


def _may_ring(session: Session, leg: Leg) -> bool:
    """Whether a telephone may still be rung. Much may have happened since the job was planned, as closing time."""
    if leg.role == LegRole.INTERPRETER and not interpreter_search.may_be_rung(session, leg, utc_now()):
        return False
    if leg.role != LegRole.CALLER:
        return True
    try:
        outbound_callbacks.check_may_still_dial(session, leg.conversation, utc_now(), apart_from=leg.id)
    except Refused:
        return False
    task = leg.conversation.task
    return task is None or task.callback_number == leg.number  # a colleague may have corrected it meanwhile


def hang_up_leg(leg_id: int) -> None:
    """Stop ringing a telephone that is no longer wanted. Who has picked up hears a sentence first.

    Who is in the room of a conversation that is over is left to `end_room`.
    """
    with database.writing_alone() as session:
        leg = session.get(Leg, leg_id)
        if leg is None:
            return
        sid = leg.call_sid
        if sid is None:
            leg_events.call_over(session, leg, LegEnding.CANCELED, utc_now())
            return
        over = leg.conversation.state == ConversationState.ENDED
        if leg.state == LegState.JOINED and over:
            return
        has_picked_up, accepted = leg.state in conversations.ON_THE_LINE, leg.accepted_at is not None
        hangs_up = accepted and not over and leg.user_id is not None  # at their own wish
    if not has_picked_up or hangs_up:
        call_control.end_call(sid)
        return
    with suppress(call_control.CallIsOver):
        call_control.redirect_call(sid, leg_url("/left" if accepted else "/too-late", leg_id))


def ring_given_up(session: Session, leg_id: int) -> None:
    """Give a leg up because the carrier did not answer for long. It does not count as a missed call."""
    if leg := session.get(Leg, leg_id):
        leg_events.call_over(session, leg, "failed", utc_now())


def bring_caller(entry_id: int) -> None:
    """Move the caller of a member who has accepted from the call queue into the conference."""
    with database.reading() as session:
        sid = session.get_one(QueueEntry, entry_id).call.call_sid
        leg = conversations.leg_of(session, sid)
        if leg is None or leg.state != LegState.ANSWERED or leg.joined_at is not None:
            return  # the caller is in the conference already, or the call is over
    try:
        call_control.redirect_call(sid, voice_url("/connected", entry=entry_id))
    except call_control.CallIsOver:
        with database.writing_alone() as session:
            leg_events.callers_call_over(session, session.get_one(QueueEntry, entry_id).call, utc_now())


def end_room(conversation_id: int) -> None:
    """Let everybody who is still in the conference of a conversation that is over go on with what follows it."""
    with database.reading() as session:
        conversation = session.get_one(Conversation, conversation_id)
        room, entry = conversation.room, conversation.entry
        following = {leg.call_sid: leg_url("/left", leg.id) for leg in conversation.legs if leg.call_sid}
        held = [leg.call_sid for leg in conversation.legs if leg.held_at is not None and leg.state in ON_THE_LINE]
        joined = [leg.call_sid for leg in conversation.legs if leg.state == LegState.JOINED and leg.held_at is None]
        if entry is not None:  # the caller goes on in the call script
            following[entry.call.call_sid] = voice_url("/talk-over", conversation=conversation_id)

    def goes_on(sid: str) -> None:
        with suppress(call_control.CallIsOver):
            call_control.redirect_call(sid, following[sid])

    error = one_by_one.all_of(filter(None, held), goes_on)  # they hear music, out of the conference
    call_control.empty_conference(room, following, list(filter(None, joined)))
    if error:
        raise error


def tell_leg(leg_id: int) -> None:
    """Let somebody hear what has happened, out of the room for as long as the sentence lasts."""
    with database.reading() as session:
        leg = session.get_one(Leg, leg_id)
        waits = leg.to_hear is not None or leg.held_at is not None
        if leg.state != LegState.JOINED or not waits or leg.conversation.state == ConversationState.ENDED:
            return  # said already, or to be said when they are back in the room
        sid, url = leg.call_sid or "", _told_at(leg)
    with suppress(call_control.CallIsOver):
        call_control.redirect_call(sid, url)


def recall_leg(leg_id: int) -> None:
    """Let somebody who hears music ask what is next: a sentence, and the room if somebody is back there."""
    with database.reading() as session:
        leg = session.get_one(Leg, leg_id)
        if leg.state not in ON_THE_LINE or leg.conversation.state == ConversationState.ENDED:
            return
        sid, url = leg.call_sid or "", _told_at(leg)
    with suppress(call_control.CallIsOver):
        call_control.redirect_call(sid, url)


def _told_at(leg: Leg) -> str:
    """Where somebody hears what is to be said, and goes on into the room or with music."""
    from_queue = leg.role == LegRole.CALLER and leg.conversation.kind == ConversationKind.ANSWERED
    return voice_url("/told", conversation=leg.conversation_id) if from_queue else leg_url("/told", leg.id)


def tell_still_looking(request_id: int) -> None:
    """The search for an interpreter goes on: the caller hears so, until it ends."""
    with database.writing_alone() as session:
        wanted = session.get(InterpreterRequest, request_id)
        outbox.finish_running(session, utc_now())  # this time is over; the next one is planned for later
        if wanted is not None:
            conversation_control.still_looking(session, wanted, utc_now())


def tell_no_interpreter(conversation_id: int) -> None:
    """Nobody interprets: the caller is asked whether to be called back with somebody.

    That they were asked is noted when they are: the carrier may refuse to fetch them for it, and it is tried again.
    """
    with database.reading() as session:
        conversation = session.get_one(Conversation, conversation_id)
        legs = conversations.with_role(conversation, LegRole.CALLER, ("joined",))  # asked once they are in the room
        if conversation.state != ConversationState.LIVE or conversation.caller_asked or not legs:
            return
        wanted = interpreters.latest(session, conversation)
        if wanted is None or wanted.state != InterpreterRequestState.UNMET:
            return
        if interpreters.is_needless(session, conversation, wanted):
            return
        entry, (leg, *_) = conversation.entry, legs
        called = conversation.kind == ConversationKind.CALLBACK
        sid = leg.call_sid if called or entry is None else entry.call.call_sid
        url = (
            leg_url("/no-interpreter", leg.id) if called else voice_url("/no-interpreter", conversation=conversation_id)
        )
    with suppress(call_control.CallIsOver):
        call_control.redirect_call(sid or "", url)
