"""The second member in a call: rung with the one who calls back, and the caller is not dialled without them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.contact_centre import agent_presence, call_distribution, conversations
from ivr.domain.enums import LegEnding, LegRole, LegState, PresenceState
from ivr.models.contact_centre import Conversation, Leg, Presence


def ring(session: Session, conversation: Conversation, now: datetime) -> None:
    """Ring the colleague who is to be in the call as well, once."""
    theirs = [leg for leg in conversation.legs if leg.user_id == conversation.second_id]
    here = session.get(Presence, conversation.second_id or 0)
    if theirs or here is None:
        return
    leg = conversations.add_leg(
        session, conversation, LegRole.COMPANION, here.number, now, user_id=here.user_id, name=here.user.name
    )
    free = (PresenceState.AVAILABLE,)
    if not agent_presence.move(session, here.user_id, free, PresenceState.RINGING, now, leg_id=leg.id):
        leg.state, leg.ending, leg.ended_at = LegState.ENDED, LegEnding.CANCELED, now  # taken by another call


def is_missing(conversation: Conversation) -> bool:
    """Whether somebody is to be in the call as well and is not there."""
    if conversation.second_id is None:
        return False
    there = conversations.with_role(conversation, LegRole.COMPANION, conversations.ON_THE_LINE)
    return not any(leg.user_id == conversation.second_id and leg.accepted_at is not None for leg in there)


def came(session: Session, leg: Leg, now: datetime) -> None:
    """The second member has pressed the key."""
    if leg.user_id is not None:
        talking = PresenceState.TALKING
        agent_presence.move(session, leg.user_id, (PresenceState.RINGING,), talking, now, leg=leg.id, missed=0)


def gone(session: Session, leg: Leg, ending: LegEnding, now: datetime) -> None:
    """The telephone of the second member has ended: they are free, and wrap nothing up."""
    if leg.user_id is None:
        return
    if leg.accepted_at is None:
        call_distribution.refused(session, leg, ending, now)
    else:
        busy = (PresenceState.RINGING, PresenceState.TALKING)
        agent_presence.free(session, leg.user_id, busy, now, leg=leg.id, idle_since_at=now)
