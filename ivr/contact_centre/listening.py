"""Listening in (Mithören): a supervisor hears a conversation, once everybody in it has been told (§ 201 StGB).

The supervisor's telephone is rung, and they hear music until each of the others has heard the announcement to its end.
Whoever comes later hears it before they are in the room. That the listening is over is told to the member.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.callbacks.refused import Refused
from ivr.contact_centre import agent_presence, conversation_control, conversations, engaged_numbers
from ivr.domain.conversation_rules import Event, Happening, Place
from ivr.domain.enums import AccessAction, ConversationState, LegRole, PresenceState, Refusal, Role, WorkKind
from ivr.models.accounts import User
from ivr.models.contact_centre import Conversation, Leg
from ivr.platform import outbox

#: States from which a supervisor's telephone may be rung; the first is theirs again afterwards unless they had another.
_FREE = (PresenceState.AVAILABLE, PresenceState.OFFLINE, PresenceState.PAUSED)


def going_on(session: Session, user: User) -> Sequence[Conversation]:
    """The conversations of a supervisor's teams in which caller and member talk now."""
    teams = user.scope_ids
    live = (Conversation.state == ConversationState.LIVE, Conversation.team_id.in_(teams))
    return session.scalars(select(Conversation).where(*live).order_by(Conversation.id)).all()


def begin(session: Session, conversation: Conversation, user: User, actor: Actor, now: datetime) -> None:
    """Ring a supervisor who wants to listen to a conversation of their teams. It is in the access log before.

    Raises:
        Refused: `no_listening` if they are no supervisor of its team; `not_talking` if caller and member do not talk
            (any more); `somebody_listens`; `no_phone`; `on_the_phone`.
    """
    if user.role != Role.SUPERVISOR or conversation.team_id not in user.scope_ids:
        raise Refused(Refusal.NO_LISTENING)
    before = conversations.situation(session, conversation)
    over = conversation.state == ConversationState.ENDED
    if over or before.caller not in (Place.IN, Place.HELD) or before.member != Place.IN:
        raise Refused(Refusal.NOT_TALKING)
    if before.listener in (Place.RUNG, Place.IN):
        raise Refused(Refusal.SOMEBODY_LISTENS)
    here = agent_presence.get_or_create(session, user.id, now)
    if here.number is None:
        raise Refused(Refusal.NO_PHONE)
    if here.number in engaged_numbers.of_members(session, now):
        raise Refused(Refusal.ON_THE_PHONE)
    access_log.append(session, actor, AccessAction.LISTEN_IN, now, detail=f"conversation {conversation.id}")
    afterwards = here.state if here.state in (PresenceState.OFFLINE, PresenceState.PAUSED) else None
    leg = conversations.add_leg(session, conversation, LegRole.LISTENER, here.number, now, user_id=user.id)
    if not agent_presence.move(
        session, user.id, _FREE, PresenceState.RINGING, now, leg_id=leg.id, afterwards=afterwards
    ):
        raise Refused(Refusal.ON_THE_PHONE)
    conversation_control.happened(session, conversation, before, Event(LegRole.LISTENER, Happening.WANTED), now)


def listener(conversation: Conversation) -> Leg | None:
    """Who listens, or waits until everybody knows."""
    there = conversations.with_role(conversation, LegRole.LISTENER, conversations.ON_THE_LINE)
    return next((leg for leg in there if leg.accepted_at is not None), None)


def to_be_told_of(leg: Leg) -> Leg | None:
    """The listener of whom the person of a leg has not heard yet."""
    found = listener(leg.conversation)
    return found if found is not None and found is not leg and leg.heard_of_id != found.id else None


def heard(session: Session, leg: Leg, now: datetime) -> None:
    """Note that somebody has heard the announcement; when it was the last one, the listening begins."""
    if found := to_be_told_of(leg):
        leg.heard_of_id = found.id
        session.flush()
        begin_if_known(session, leg.conversation, now)


def begin_if_known(session: Session, conversation: Conversation, now: datetime) -> None:
    """Bring the listener into the room if everybody there knows of them."""
    waits = listener(conversation)
    if waits is None or waits.held_at is None or conversation.state == ConversationState.ENDED:
        return
    there = [leg for leg in conversation.legs if conversations.place_of(leg) in (Place.IN, Place.HELD)]
    if all(leg.heard_of_id == waits.id for leg in there if leg is not waits):
        before = conversations.situation(session, conversation)
        waits.held_at = None
        outbox.add(session, WorkKind.RECALL_LEG, waits.id, urgent=True)
        conversation_control.happened(
            session, conversation, before, Event(LegRole.LISTENER, Happening.CAME), now, waits
        )
