"""Answered calls of the demo data: waiting in a call queue, a conversation, and sometimes an interpreter."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ivr.domain.enums import (
    CallEnding,
    ConversationKind,
    ConversationOutcome,
    ConversationState,
    InterpreterRequestState,
    QueueEntryState,
    QueueExit,
    Urgency,
)
from ivr.models.accounts import Team
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, InterpreterRequest, QueueEntry


def add_conversation(session: Session, dice: random.Random, call: Call, team: Team) -> None:
    """Let a caller wait in a team's call queue until a member answers or the caller hangs up."""
    wait = timedelta(seconds=dice.expovariate(1 / 25))
    gives_up = dice.random() < 0.07
    entry = QueueEntry(
        call_id=call.id,
        state=QueueEntryState.LEFT if gives_up else QueueEntryState.ANSWERED,
        joined_at=call.started_at,
        entered_at=call.started_at,
        resume="",
        urgency=Urgency.NORMAL,
        reason=QueueExit.HUNG_UP if gives_up else None,
        answered_at=None if gives_up else call.started_at + wait,
        left_at=call.started_at + wait,
        **_about(call, team.id),
    )
    session.add(entry)
    if gives_up:
        call.ending = CallEnding.HUNG_UP
        return
    session.flush()
    _talk(session, dice, call, entry, call.started_at + wait)


def _about(call: Call, team_id: int) -> dict[str, object]:
    return {"team_id": team_id, "language": call.language or "de", "concern": call.concern or "other"}


def _talk(session: Session, dice: random.Random, call: Call, entry: QueueEntry, answered_at: datetime) -> None:
    ends = answered_at + timedelta(minutes=dice.uniform(1, 9))
    conversation = Conversation(
        room=f"demo-{call.call_sid}",
        kind=ConversationKind.ANSWERED,
        state=ConversationState.ENDED,
        entry_id=entry.id,
        urgency=Urgency.NORMAL,
        started_at=call.started_at,
        connected_at=answered_at,
        ended_at=ends,
        outcome=dice.choices(
            [ConversationOutcome.SETTLED, ConversationOutcome.FOLLOW_UP, ConversationOutcome.PASSED_ON],
            weights=[7, 2, 1],
        )[0],
        **_about(call, entry.team_id),
    )
    session.add(conversation)
    if call.language not in ("de", "en") and dice.random() < 0.5:
        session.flush()
        joined = answered_at + timedelta(seconds=dice.uniform(15, 170)) if dice.random() < 0.85 else None
        session.add(
            InterpreterRequest(
                conversation_id=conversation.id,
                state=InterpreterRequestState.JOINED if joined else InterpreterRequestState.UNMET,
                language=call.language,
                requested_at=answered_at,
                joined_at=joined,
                ended_at=ends if joined else None,
            )
        )
