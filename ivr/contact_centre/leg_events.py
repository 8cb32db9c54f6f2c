"""Handles the carrier's events about the legs of a conversation.

Each event may come twice, late and out of order: a leg that has ended stays ended, an event with a lower number than
one taken in before changes no state.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import carrier_faults
from ivr.carrier.refusals import SIP_BUSY, SIP_NOT_THERE, Refusal, of_failed_call
from ivr.contact_centre import (
    agent_presence,
    call_distribution,
    call_queue,
    conversation_control,
    conversations,
    interpreter_bookings,
    interpreters,
    kept_places,
    listening,
    outbound_callbacks,
    seconds,
    transfers,
)
from ivr.contact_centre.conversations import ON_THE_LINE, RINGS
from ivr.domain.conversation_rules import Event, Happening, Place
from ivr.domain.enums import (
    CallEnding,
    CarrierFault,
    CarrierSide,
    ConversationState,
    LegEnding,
    LegRole,
    LegState,
    Medium,
    PresenceState,
    QueueEntryState,
    WorkKind,
)
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, Leg
from ivr.platform import outbox

#: How a leg ended whose call the carrier has not put through, by whose fault that is.
_NOT_PUT_THROUGH = {
    CarrierSide.NUMBER: LegEnding.NUMBER_INVALID,
    CarrierSide.OPERATOR: LegEnding.OPERATOR_FAULT,
    CarrierSide.NETWORK: LegEnding.NETWORK_FAULT,
}
#: The carrier's final status of a call -> how a leg ended that was not accepted.
_ENDINGS = {
    "busy": LegEnding.BUSY,
    "no-answer": LegEnding.NO_ANSWER,
    "canceled": LegEnding.CANCELED,
}


def placed(leg: Leg, call_sid: str) -> None:
    """The carrier has taken the call of a leg. It does not ring yet, and may never."""
    if leg.call_sid is None:
        leg.call_sid = call_sid


def rings(session: Session, leg: Leg, call_sid: str, now: datetime) -> None:
    """The telephone of a leg rings."""
    placed(leg, call_sid)
    carrier_faults.mended(session, Medium.CALL, leg.number or "", leg.created_at, now)
    if leg.role == LegRole.CALLER and leg.state != LegState.ENDED:
        outbound_callbacks.rings(session, leg, now)
    elif leg.role == LegRole.INTERPRETER:
        interpreter_bookings.rung(session, leg, now)
    if leg.state == LegState.WANTED:
        leg.state = LegState.RINGING


def answered(session: Session, leg: Leg, call_sid: str, now: datetime) -> bool:
    """A leg was answered. False if the call does not belong to this leg (any more)."""
    if leg.call_sid is None:
        leg.call_sid = call_sid
    if leg.call_sid != call_sid or leg.state == LegState.ENDED or leg.conversation.state == ConversationState.ENDED:
        return False
    if leg.state in RINGS:
        leg.state, leg.answered_at = LegState.ANSWERED, now
    if leg.role == LegRole.INTERPRETER:  # the event of the ringing may come later
        interpreter_bookings.rung(session, leg, now)
    return True


def accepted(session: Session, leg: Leg, now: datetime) -> bool:
    """Note that a rung person has pressed the key and joins the conference; False if it is too late for that."""
    conversation = leg.conversation
    if leg.state not in ON_THE_LINE or conversation.state == ConversationState.ENDED:
        return False
    if leg.role == LegRole.CALLER:
        outbound_callbacks.reached(session, leg, now)
        leg.accepted_at = leg.accepted_at or now
        return True
    if leg.accepted_at is not None:
        return True  # the same key, delivered twice
    if leg.role == LegRole.MEMBER and not conversation_control.member_accepts(session, leg, now):
        return False
    if leg.role == LegRole.SUCCESSOR and not transfers.accepted(session, leg, now):
        return False
    if leg.role in (LegRole.INTERPRETER, LegRole.COMPANION) and not interpreters.accepted(session, leg, now):
        return False
    if leg.role in (LegRole.COMPANION, LegRole.LISTENER):
        seconds.came(session, leg, now)
    before = conversations.situation(session, conversation)
    leg.accepted_at = now
    session.flush()
    what = Happening.CAME
    if leg.role == LegRole.SUCCESSOR and not transfers.is_talked_about(leg, before.member):
        what = Happening.TOOK_OVER
    elif leg.role == LegRole.LISTENER:
        what, leg.held_at = Happening.READY, now
    conversation_control.happened(session, conversation, before, Event(leg.role, what), now, leg)
    return True


def declined(session: Session, leg: Leg, ending: LegEnding, now: datetime) -> None:
    """Note that a rung person does not join, for one of the reasons in `ending`; the call ends."""
    _ended(session, leg, ending, now)


def in_room(session: Session, leg: Leg, sequence: int, now: datetime, conference: str = "") -> None:
    """A leg has come into the room."""
    conversation = leg.conversation
    before = conversations.situation(session, conversation)
    leg.joined_at = leg.joined_at or now
    leg.answered_at = leg.answered_at or now
    if conversation.connected_at is None and (_have_met(conversation) or _has_met(leg, sequence, conference)):
        conversation.connected_at = conversation.ended_at or now
        if conversation.entry is not None:
            conversation.entry.call.ending = conversation.entry.call.ending or CallEnding.CONNECTED
            kept_places.goes_on(session, conversation.entry, now)
    if _is_older(leg, sequence, conference) or leg.state == LegState.ENDED:
        return
    leg.sequence, leg.conference_sid, leg.state = sequence, conference, LegState.JOINED
    if conversation.state == ConversationState.ENDED:  # the conversation ended before they joined
        outbox.add(session, WorkKind.END_ROOM, conversation.id, urgent=True)
        return
    if leg.to_hear is not None or leg.held_at is not None:  # they were out of the room when it was to be said
        outbox.add(session, WorkKind.TELL_LEG, leg.id, urgent=True)
    if leg.role == LegRole.CALLER:
        conversation.state = ConversationState.LIVE
        if before.caller == Place.IN and before.interpreter == Place.UNMET and not conversation.caller_asked:
            outbox.add(session, WorkKind.TELL_NO_INTERPRETER, conversation.id, urgent=True)  # they were on hold
    session.flush()
    conversation_control.happened(session, conversation, before, Event(leg.role, Happening.CAME), now, leg)


def _is_older(leg: Leg, sequence: int, conference: str) -> bool:
    """Whether an event is not newer than one taken in before. A room that was empty is a new conference afterwards."""
    return conference == (leg.conference_sid or "") and sequence <= leg.sequence


def _have_met(conversation: Conversation) -> bool:
    """Whether caller and member have been in the room at the same time."""
    came = [leg for leg in conversation.legs if leg.joined_at is not None]
    callers = [leg for leg in came if leg.role == LegRole.CALLER]
    members = [leg for leg in came if leg.role == LegRole.MEMBER]
    return any(
        member.ended_at is None or caller.joined_at is None or member.ended_at >= caller.joined_at
        for caller in callers
        for member in members
    )


def _has_met(leg: Leg, sequence: int, conference: str) -> bool:
    """Whether caller and member were in the room together, although it was told first that one of them has left.

    The event of a leg that comes into a conference has a lower number than those of the legs that leave it later.
    """
    roles = {LegRole.CALLER: LegRole.MEMBER, LegRole.MEMBER: LegRole.CALLER}
    return any(
        one.role == roles.get(leg.role) and one.conference_sid == conference and one.sequence > sequence
        for one in leg.conversation.legs
        if one.state == LegState.ENDED and one.joined_at is not None
    )


def out_of_room(
    session: Session, leg: Leg, sequence: int, call_goes_on: bool, now: datetime, conference: str = ""
) -> None:
    """A leg has left the room; where its call goes on (a star key, a question) it may come back."""
    if _is_older(leg, sequence, conference):
        return
    leg.sequence, leg.conference_sid = sequence, conference
    leg.joined_at = leg.joined_at or now
    if not call_goes_on:
        _ended(session, leg, LegEnding.COMPLETED, now)
    elif leg.state == LegState.JOINED:
        leg.state = LegState.ANSWERED


def call_over(
    session: Session,
    leg: Leg,
    status: str,
    now: datetime,
    *,
    sip: int = 0,
    code: int = 0,
    rang: bool = False,
    cut_off: bool = False,
) -> None:
    """The call of a leg has ended: completed, busy, no-answer, failed or canceled.

    `sip` and `code` say why it has failed: the network's answer and the carrier's number of the error; 0 if not told.
    `rang`: the telephone rang, even if the event of it has not arrived yet. `cut_off`: the exchange that had the call
    has died, so that nothing follows for the person from how far it had come.
    """
    taken = leg.joined_at is not None
    if cut_off and not taken:
        not_put_through(session, leg, Refusal(CarrierFault.NETWORK_AWAY), now)
        return
    if status == "failed" and not taken:
        _failed(session, leg, sip, code, now, rang=rang or leg.state != LegState.WANTED)
        return
    _ended(session, leg, _ENDINGS.get(status, LegEnding.COMPLETED if taken else LegEnding.NO_ANSWER), now)


def _failed(session: Session, leg: Leg, sip: int, code: int, now: datetime, *, rang: bool) -> None:
    """A call has failed: the telephone is busy or not there, or the call was not put through."""
    refusal = of_failed_call(sip, code)
    if sip in SIP_BUSY and not code:
        _ended(session, leg, LegEnding.BUSY, now)
    elif (sip in SIP_NOT_THERE and not code) or (rang and refusal.side != CarrierSide.NUMBER):
        _ended(session, leg, LegEnding.NO_ANSWER, now)
    else:
        not_put_through(session, leg, refusal, now)


def not_put_through(session: Session, leg: Leg, refusal: Refusal, now: datetime) -> None:
    """The carrier has refused the call of a leg. Only if the number is none it is the number's fault."""
    if leg.state != LegState.ENDED:
        carrier_faults.note(session, refusal, Medium.CALL, leg.number or "", now)
    _ended(session, leg, _NOT_PUT_THROUGH[refusal.side], now, refusal)


def callers_call_over(session: Session, call: Call, now: datetime, *, postponed: bool = False) -> None:
    """Note that a caller to the hotline has hung up: the queue entry ends, and the conversation with it.

    `postponed`: the caller has left the conversation because they want to be called back with an interpreter.
    """
    call_queue.gone(session, call, now)
    if leg := conversations.leg_of(session, call.call_sid):
        _ended(session, leg, LegEnding.COMPLETED, now, postponed=postponed)


def postponed(session: Session, leg: Leg, now: datetime) -> None:
    """Note that a person who was called back wants another call together with an interpreter."""
    _ended(session, leg, LegEnding.COMPLETED, now, postponed=True)


def _ended(
    session: Session, leg: Leg, ending: LegEnding, now: datetime, refusal: Refusal | None = None, *,
    postponed: bool = False,
) -> None:  # fmt: skip
    if leg.state == LegState.ENDED:
        return
    conversation = leg.conversation
    before = conversations.situation(session, conversation)
    leg.state, leg.ending, leg.ended_at = LegState.ENDED, ending, now
    session.flush()
    if leg.role == LegRole.MEMBER and leg.user_id is not None:
        _member_gone(session, leg, ending, now)
    elif leg.role in (LegRole.INTERPRETER, LegRole.COMPANION):
        interpreters.gone(session, leg, now)
        seconds.gone(session, leg, ending, now)
    elif leg.role == LegRole.LISTENER:
        seconds.gone(session, leg, ending, now)
    elif leg.role == LegRole.SUCCESSOR:
        transfers.gone(session, leg, ending, now)
    elif leg.role == LegRole.CALLER:
        outbound_callbacks.caller_gone(session, leg, now, refusal)
    what = Happening.POSTPONED if postponed else _how(leg)
    conversation_control.happened(session, conversation, before, Event(leg.role, what), now, leg)
    listening.begin_if_known(session, conversation, now)
    call_distribution.match(session, now)


def _how(leg: Leg) -> Happening:
    """Whether somebody has left, or has not come at all."""
    return Happening.LEFT if conversations.place_of(leg) == Place.LEFT else Happening.MISSED


def _member_gone(session: Session, leg: Leg, ending: LegEnding, now: datetime) -> None:
    conversation, entry = leg.conversation, leg.conversation.entry
    if entry is not None and entry.offered_leg_id == leg.id and entry.state == QueueEntryState.OFFERED:
        call_distribution.refused(session, leg, ending, now)
    elif entry is not None and entry.offered_leg_id != leg.id and leg.joined_at is None:
        # The caller is gone, keeps their place, or somebody else has them: nobody has missed a call.
        call_distribution.refused(session, leg, LegEnding.DECLINED if ending == "declined" else LegEnding.CANCELED, now)
    elif any(one.role == LegRole.CALLER and one.joined_at is not None for one in conversation.legs) or (
        outbound_callbacks.was_reached(session, conversation)
    ):
        agent_presence.hung_up(session, leg.user_id or 0, leg.id, now)
    else:  # nobody else ever joined
        agent_presence.free(
            session,
            leg.user_id or 0,
            (PresenceState.RINGING, PresenceState.TALKING),
            now,
            leg=leg.id,
            idle_since_at=now,
        )
