"""What a member wishes in their conversation besides calling somebody in: hold, transfer, hanging up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks.refused import Refused
from ivr.contact_centre import conversation_control, conversation_notes, conversations, transfers
from ivr.contact_centre.transfers import Target
from ivr.domain.conversation_rules import Event, Happening, Place, Situation
from ivr.domain.enums import LegRole, LegState, Refusal, TransferKind, TransferState, WorkKind
from ivr.models.accounts import User
from ivr.models.contact_centre import Conversation
from ivr.platform import outbox


def hold(session: Session, conversation: Conversation, by: User, now: datetime) -> None:
    """Let the caller wait with music.

    Raises:
        Refused: `no_conversation` if caller and member do not talk.
    """
    before = _talking(session, conversation, by)
    if before.caller != Place.IN:
        raise Refused(Refusal.NO_CONVERSATION)
    conversation_control.happened(session, conversation, before, Event(LegRole.CALLER, Happening.HELD), now)


def resume(session: Session, conversation: Conversation, by: User, now: datetime) -> None:
    """Talk with the caller again. A transfer that still rings is given up; who has come for it stays.

    Raises:
        Refused: `no_conversation`; `nobody_waits` if the caller is not on hold.
    """
    before = _talking(session, conversation, by)
    if before.caller != Place.HELD:
        raise Refused(Refusal.NOBODY_WAITS)
    conversation_control.happened(session, conversation, before, Event(LegRole.CALLER, Happening.RESUMED), now)


def transfer(
    session: Session, conversation: Conversation, target: Target, kind: TransferKind, note: str, by: User, now: datetime
) -> None:
    """Transfer the caller, who hears music meanwhile. `note` is what the new one is to know; it is kept as one's own.

    Raises:
        Refused: `no_conversation`, or as :func:`ivr.contact_centre.transfers.begin`.
    """
    before = _talking(session, conversation, by)
    if before.caller not in (Place.IN, Place.HELD):
        raise Refused(Refusal.NO_CONVERSATION)
    transfers.begin(session, conversation, target, kind, by, now)
    conversation_notes.keep(session, conversation, by, note)
    conversation_control.happened(session, conversation, before, Event(LegRole.SUCCESSOR, Happening.WANTED), now)


def hand_over(session: Session, conversation: Conversation, by: User, now: datetime) -> None:
    """Hand the caller over to the one with whom the member has talked first.

    Raises:
        Refused: `no_conversation`; `no_transfer` if nobody has come.
    """
    before = _talking(session, conversation, by)
    wanted = transfers.going_on(session, conversation)
    if wanted is None or wanted.state != TransferState.TALKING or before.successor != Place.IN:
        raise Refused(Refusal.NO_TRANSFER)
    conversation_control.happened(session, conversation, before, Event(LegRole.SUCCESSOR, Happening.TOOK_OVER), now)


def cut_off(session: Session, conversation: Conversation, by: User, now: datetime) -> None:
    """End the conversation because of an insult or a threat: the caller hears one sentence in their language.

    Raises:
        Refused: `no_conversation`.
    """
    before = _talking(session, conversation, by)
    if before.caller not in (Place.IN, Place.HELD):
        raise Refused(Refusal.NO_CONVERSATION)
    conversation_control.happened(session, conversation, before, Event(LegRole.CALLER, Happening.CUT_OFF), now)


def hang_up(session: Session, conversation: Conversation, user: User) -> None:
    """End a member's own call; what follows is what follows when they hang up their telephone."""
    for leg in conversation.legs:
        if leg.user_id == user.id and leg.state != LegState.ENDED:
            outbox.add(session, WorkKind.HANG_UP_LEG, leg.id, urgent=True)


def _talking(session: Session, conversation: Conversation, by: User) -> Situation:
    """The situation of a conversation that a member has: not who only talks with them, or was let go."""
    if by.id not in [leg.user_id for leg in conversations.members_of(conversation)]:
        raise Refused(Refusal.NO_CONVERSATION)
    return conversations.situation(session, conversation)
