"""Conversations (Gespräche) and their legs (Teilstrecken): who is to be rung, who is connected, when it is over."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import emergency_reports
from ivr.contact_centre import interpreter_bookings
from ivr.domain.conversation_rules import PLACES, Place, Situation
from ivr.domain.enums import (
    ConversationKind,
    ConversationState,
    InterpreterRequestState,
    LegRole,
    LegState,
    QueueEntryMode,
    QueueEntryState,
    TransferState,
    WorkKind,
)
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, Presence, QueueEntry, Transfer
from ivr.platform import outbox

#: The call of the leg goes on, in the conference or outside.
ON_THE_LINE = (LegState.ANSWERED, LegState.JOINED)
#: The telephone rings, or will be rung.
RINGS = (LegState.WANTED, LegState.RINGING)


def for_entry(session: Session, entry: QueueEntry, now: datetime) -> Conversation:
    """The conversation that a waiting caller is going to have."""
    known = select(Conversation).where(Conversation.entry_id == entry.id, Conversation.state != ConversationState.ENDED)
    if conversation := session.scalar(known):
        return conversation
    conversation = Conversation(
        room=_room(),
        kind=ConversationKind.ANSWERED,
        state=ConversationState.PREPARING,
        entry_id=entry.id,
        team_id=entry.team_id,
        language=entry.language,
        concern=entry.concern,
        urgency=entry.urgency,
        started_at=now,
    )
    session.add(conversation)
    session.flush()
    return conversation


def for_task(session: Session, task: CallbackTask, now: datetime) -> Conversation:
    """A callback that begins now."""
    conversation = Conversation(
        room=_room(),
        kind=ConversationKind.CALLBACK,
        state=ConversationState.PREPARING,
        task_id=task.id,
        team_id=task.team_id,
        language=interpreter_bookings.language_of(session, task, now),
        concern=task.concern,
        urgency=task.urgency,
        started_at=now,
    )
    session.add(conversation)
    session.flush()
    return conversation


def _room() -> str:
    return f"room-{secrets.token_hex(8)}"


def call_that_goes_on(leg: Leg) -> str:
    """The id of a call with which a leg is to be in one room: the waiting caller's, or another leg's; empty if none."""
    conversation = leg.conversation
    entry = conversation.entry
    if entry is not None and entry.mode == QueueEntryMode.LIVE:
        return entry.call.call_sid
    others = [one for one in conversation.legs if one.id != leg.id and one.state in (LegState.RINGING, *ON_THE_LINE)]
    return next((one.call_sid for one in others if one.call_sid is not None), "")


def add_leg(
    session: Session, conversation: Conversation, role: str, number: str | None, now: datetime, *, ring: bool = True,
    **values: Any,
) -> Leg:  # fmt: skip
    """Add a leg (a telephone) to a conversation. It is rung as soon as the transaction is committed."""
    values = {"state": LegState.WANTED, **values}
    leg = Leg(conversation_id=conversation.id, role=role, number=number, created_at=now, **values)
    session.add(leg)
    session.flush()
    session.expire(conversation, ["legs"])
    if ring:
        outbox.add(session, WorkKind.RING_LEG, leg.id, urgent=True)
    return leg


def leg_of(session: Session, call_sid: str, conversation: Conversation | None = None) -> Leg | None:
    """The leg of a carrier's call, in a conversation or the latest one."""
    legs = select(Leg).where(Leg.call_sid == call_sid).order_by(Leg.id.desc()).limit(1)
    return session.scalar(legs.where(Leg.conversation_id == conversation.id) if conversation else legs)


def in_room(session: Session, room: str) -> Conversation | None:
    """The conversation of a carrier's conference."""
    return session.scalar(select(Conversation).where(Conversation.room == room))


def of_user(session: Session, user_id: int) -> Conversation | None:
    """The conversation a member is in or being rung for."""
    here = session.get(Presence, user_id)
    if here is None or here.leg_id is None:
        return None
    return session.scalar(
        select(Conversation).join(Leg).where(Leg.id == here.leg_id, Conversation.state != ConversationState.ENDED)
    )


def with_role(conversation: Conversation, role: str, states: Sequence[str]) -> list[Leg]:
    """The legs of a role in any of these states."""
    return [leg for leg in conversation.legs if leg.role == role and leg.state in states]


def has_number(conversation: Conversation, number: str | None) -> bool:
    """Whether somebody with a number is in a conversation, or is being rung for it."""
    there = (*RINGS, *ON_THE_LINE)
    return number is not None and any(leg.number == number and leg.state in there for leg in conversation.legs)


def members_of(conversation: Conversation) -> list[Leg]:
    """The legs of members who are on the line, without those who are let go because somebody else has taken over."""
    return [leg for leg in with_role(conversation, LegRole.MEMBER, ON_THE_LINE) if leg.released_at is None]


def share_a_language(session: Session, conversation: Conversation) -> bool:
    """Whether a connected member speaks the caller's language. Somebody of another house is taken to speak German."""
    members = [leg.user_id for leg in members_of(conversation)]
    if None in members and conversation.language == DEFAULT_LANGUAGE:
        return True
    present = session.scalars(select(Presence).where(Presence.user_id.in_(members)))
    return any(conversation.language in presence.languages for presence in present)


#: Of two legs of a role the one that is nearer to the room counts.
_NEARNESS = (Place.OUT, Place.UNMET, Place.WAITING, Place.LEFT, Place.RUNG, Place.HELD, Place.IN)


def situation(session: Session, conversation: Conversation) -> Situation:
    """Where everybody of a conversation is, as its rows tell."""
    places = dict.fromkeys(PLACES, Place.OUT)
    wish, state = _latest_wish(session, conversation)
    for leg in conversation.legs:
        if leg.role != LegRole.INTERPRETER or leg.request_id == wish:
            places[leg.role] = max(places[leg.role], place_of(leg), key=_NEARNESS.index)
    if not any(leg.role == LegRole.CALLER for leg in conversation.legs):
        places[LegRole.CALLER] = _place_in_queue(conversation)
    if places[LegRole.INTERPRETER] in (Place.OUT, Place.LEFT) and state == InterpreterRequestState.UNMET:
        places[LegRole.INTERPRETER] = Place.UNMET
    return Situation(**{role.value: place for role, place in places.items()})


def _latest_wish(session: Session, conversation: Conversation) -> tuple[int | None, str | None]:
    """The id and the state of the latest wish for an interpreter; None where there was none."""
    asked = select(InterpreterRequest.id, InterpreterRequest.state).where(
        InterpreterRequest.conversation_id == conversation.id, InterpreterRequest.role == LegRole.INTERPRETER
    )
    found = session.execute(asked.order_by(InterpreterRequest.id.desc()).limit(1)).first()
    return (found.id, found.state) if found is not None else (None, None)


def is_of_earlier_wish(session: Session, leg: Leg) -> bool:
    """Whether an interpreter does not count any more, because another one was wanted after them."""
    return leg.role == LegRole.INTERPRETER and leg.request_id != _latest_wish(session, leg.conversation)[0]


def place_of(leg: Leg) -> Place:
    """Where the person of a leg is. Who has left the room for a sentence or a question counts as in it.

    Who was let go does not count any more. A listener whom not everybody knows of is still being rung.
    """
    if leg.released_at is not None:
        return Place.OUT
    came = leg.joined_at is not None or (leg.accepted_at is not None and leg.role != LegRole.CALLER)
    if leg.state != LegState.ENDED:
        if came and leg.held_at is not None:
            return Place.RUNG if leg.role == LegRole.LISTENER else Place.HELD
        return Place.IN if came else Place.RUNG
    called_us = leg.role == LegRole.CALLER and leg.conversation.kind == ConversationKind.ANSWERED
    return Place.LEFT if came or called_us or leg.accepted_at is not None else Place.OUT


def _place_in_queue(conversation: Conversation) -> Place:
    if conversation.kind == ConversationKind.CALLBACK:
        return Place.OUT
    entry = conversation.entry
    waits = entry is not None and entry.state != QueueEntryState.LEFT
    return Place.WAITING if waits else Place.LEFT


def release_rung(session: Session, conversation: Conversation, role: str) -> None:
    """Ring no telephone of a role any more. Who has picked up and not accepted yet hears that it is too late."""
    for leg in conversation.legs:
        queued = leg.role == LegRole.CALLER and conversation.kind == ConversationKind.ANSWERED
        if leg.role == role and place_of(leg) == Place.RUNG and not queued:
            outbox.add(session, WorkKind.HANG_UP_LEG, leg.id, urgent=True)


def _is_lost_in_transfer(session: Session, conversation: Conversation) -> bool:
    """Whether the caller was waiting for somebody else to whom they were being given: who should help them has not."""
    if not any(leg.role == LegRole.CALLER and leg.held_at is not None for leg in conversation.legs):
        return False
    latest = select(Transfer.state).where(Transfer.conversation_id == conversation.id).order_by(Transfer.id.desc())
    return session.scalar(latest.limit(1)) not in (None, TransferState.DONE)


def end(session: Session, conversation: Conversation, now: datetime) -> None:
    """End a conversation: legs in the conference go on with their own documents, and no telephone is rung."""
    if conversation.state == ConversationState.ENDED:
        return
    conversation.state, conversation.ended_at = ConversationState.ENDED, now
    entry, met_at = conversation.entry, conversation.connected_at
    if entry is not None and met_at is not None and not _is_lost_in_transfer(session, conversation):
        emergency_reports.served(session, entry.call, met_at, now)
    if any(leg.state in ON_THE_LINE for leg in conversation.legs):
        outbox.add(session, WorkKind.END_ROOM, conversation.id, urgent=True)
    for role in PLACES:
        release_rung(session, conversation, role)
