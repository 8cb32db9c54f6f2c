"""What a member is shown of the caller when a call comes in: the number, earlier requests, the last note.

Only what is of the member's own teams: somebody to whom a caller is transferred sees what their own teams have.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import proposals
from ivr.contact_centre import conversation_notes
from ivr.domain.enums import EmergencyKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, QueueEntry


def shown_number(conversation: Conversation) -> str | None:
    """The number that the caller's telephone shows, or at which they are called back; None: withheld."""
    if conversation.task is not None and conversation.task.callback_number is not None:
        return conversation.task.callback_number
    return conversation.entry.call.from_number if conversation.entry is not None else None


def emergency_kind(conversation: Conversation) -> EmergencyKind | None:
    """What kind of emergency the caller has chosen."""
    of_entry = conversation.entry.emergency_kind if conversation.entry is not None else None
    return of_entry or (conversation.task.emergency_kind if conversation.task is not None else None)


def earlier(session: Session, user: User, conversation: Conversation, now: datetime) -> Sequence[CallbackTask]:
    """Requests of the user's teams that are perhaps the caller's: open ones, then those closed lately."""
    number = shown_number(conversation)
    if number is None:
        return []
    found = proposals.of_shown_number(session, user, number, closed_since=now - proposals.CLOSED_FOR)
    return [task for task in found if task.id != conversation.task_id]


def last_note(session: Session, user: User, conversation: Conversation) -> Conversation | None:
    """The latest conversation of the user's teams with the number, whose note stands on no task.

    Notes on tasks are covered as the task is, and are read there.
    """
    number = shown_number(conversation)
    if number is None:
        return None
    teams = user.scope_ids
    found = (
        select(Conversation)
        .join(QueueEntry, QueueEntry.id == Conversation.entry_id)
        .join(Call, Call.id == QueueEntry.call_id)
        .where(Call.from_number == number, Conversation.id != conversation.id, Conversation.team_id.in_(teams))
        .where(Conversation.note.is_not(None), ~conversation_notes.has_request())
    )
    return session.scalar(found.order_by(Conversation.id.desc()).limit(1))
