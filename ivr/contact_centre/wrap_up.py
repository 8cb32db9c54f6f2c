"""The wrap-up (Nachbearbeitung): a member records the outcome of a conversation before the next call."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import caller_news, claims, emergency_reports, events, intake, workflow
from ivr.callbacks.refused import Refused
from ivr.callbacks.request import Request
from ivr.callbacks.task_locks import lock_task
from ivr.contact_centre import agent_presence, call_distribution
from ivr.domain.enums import ConversationOutcome, Outcome, PresenceState, Refusal, TaskState
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation


def finish(session: Session, user: User, outcome: str, text: str, now: datetime) -> None:
    """Record the outcome of a conversation; the member is free for the next call.

    A settled callback closes its task. A promise to call again opens a task, or keeps the one there is.

    Raises:
        Refused: `outcome_needed`, `nothing_to_wrap_up`, or `new_message` if the task would be closed and something has
            come from the caller that the member has not seen.
    """
    if outcome not in tuple(ConversationOutcome):
        raise Refused(Refusal.OUTCOME_NEEDED)
    conversation = agent_presence.unfinished(session, user.id)
    if conversation is None:
        raise Refused(Refusal.NOTHING_TO_WRAP_UP)
    conversation.outcome = ConversationOutcome(outcome)
    task = conversation.task or (
        _promised(session, conversation, now) if _is_to_be_called(session, conversation) else None
    )
    mine = task is not None and task.state == TaskState.CLAIMED and task.claimed_by_id == user.id
    if task is not None and mine and outcome == ConversationOutcome.SETTLED:
        lock_task(session, task.id)
        caller_news.require_seen(session, task, user)
        workflow.close(session, task, user, Outcome.REACHED, text, now, attempted=True)
    elif task is not None:
        events.note(session, task, user, text, now)
        if mine and outcome in (ConversationOutcome.PASSED_ON, ConversationOutcome.BROKEN_OFF):
            claims.release(session, task, user, now)
        if mine and outcome == ConversationOutcome.BROKEN_OFF:
            task.next_attempt_at = now  # a caller who was cut off is called again at once
    agent_presence.free(session, user.id, (PresenceState.WRAP_UP,), now, idle_since_at=now)
    call_distribution.match(session, now)


def _is_to_be_called(session: Session, conversation: Conversation) -> bool:
    """Whether a caller who has rung the hotline is to be called back: by promise, or cut off in an emergency."""
    if conversation.outcome == ConversationOutcome.FOLLOW_UP:
        return True
    entry = conversation.entry
    if entry is None or conversation.outcome != ConversationOutcome.BROKEN_OFF:
        return False
    return emergency_reports.was_served(session, entry.call)


def _promised(session: Session, conversation: Conversation, now: datetime) -> CallbackTask | None:
    entry = conversation.entry
    if entry is None:
        return None
    request = Request(
        concern=entry.concern,
        emergency_kind=entry.emergency_kind,
        age_group=entry.age_group,
        office=entry.office or "",
    )
    return intake.open_for(session, entry.call, request, now)
