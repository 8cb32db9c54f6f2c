"""The wrap-up (Nachbearbeitung): a member records the outcome of a conversation before the next call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import caller_news, claims, emergency_reports, events, intake, proposals, sms, workflow
from ivr.callbacks.refused import Refused, refusal_of
from ivr.callbacks.request import Request
from ivr.callbacks.task_locks import lock_task
from ivr.contact_centre import agent_presence, call_distribution, conversation_notes, kept_places, screen_pop, transfers
from ivr.domain.enums import (
    ConversationKind,
    ConversationOutcome,
    ConversationState,
    LegRole,
    Outcome,
    PresenceState,
    Refusal,
    TaskState,
)
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation
from ivr.models.contacts import Contact


def finish(
    session: Session, user: User, outcome: str, text: str, now: datetime, *, settled: Collection[int] = ()
) -> None:
    """Record the outcome of a conversation; the member is free for the next call.

    A settled callback closes its task. A promise to call again opens a task, or keeps the one there is. What was agreed
    is kept with the conversation, and noted on the caller's request if there is one. `settled`: ids of the caller's
    requests (:func:`requests_of`) that the conversation has settled too; nobody is called for them any more.

    Raises:
        Refused: `outcome_needed`, `nothing_to_wrap_up`; `transfer_goes_on` while the caller may come back;
            `new_message` if a task would be closed and something has come from the caller (to a settled request: since
            the conversation began) that the member has not seen; or that a settled request is closed, or somebody
            else's.
    """
    if outcome not in tuple(ConversationOutcome):
        raise Refused(Refusal.OUTCOME_NEEDED)
    conversation = agent_presence.unfinished(session, user.id)
    if conversation is None:
        raise Refused(Refusal.NOTHING_TO_WRAP_UP)
    if _may_come_back(session, conversation, user):
        raise Refused(Refusal.TRANSFER_GOES_ON)
    if conversation.outcome is None or _was_last(conversation, user):
        conversation.outcome = ConversationOutcome(outcome)
    text = text.strip() or conversation_notes.written_by(conversation, user)
    conversation_notes.keep(session, conversation, user, text)
    task = conversation.task or _of_call(session, conversation, now)
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
    for one in requests_of(session, conversation, user):
        if one.id in settled and one is not task:
            caller_news.require_seen(session, one, user, since=conversation.started_at)
            _settle(session, one, user, conversation.connected_at or now, text, now)
    agent_presence.free(session, user.id, (PresenceState.WRAP_UP,), now, idle_since_at=now)
    call_distribution.match(session, now)


def _may_come_back(session: Session, conversation: Conversation, user: User) -> bool:
    """Whether the caller is being transferred, and goes back to the member if nobody comes."""
    wanted = transfers.going_on(session, conversation)
    return wanted is not None and wanted.by_id == user.id and conversation.state != ConversationState.ENDED


def _was_last(conversation: Conversation, user: User) -> bool:
    """Whether the member was the last of those who had the conversation, one after the other."""
    had = [leg.user_id for leg in conversation.legs if leg.role == LegRole.MEMBER and leg.accepted_at is not None]
    return not had or had[-1] == user.id


def requests_of(session: Session, conversation: Conversation, user: User) -> Sequence[CallbackTask]:
    """Open requests that are perhaps the caller's: those of the number that they show, or are called back at.

    In a callback, the one that it is about is left out: its own outcome says what becomes of it.
    """
    number = screen_pop.shown_number(conversation)
    if number is None:
        return []
    found = proposals.of_shown_number(session, user, number)
    return [task for task in found if conversation.kind == ConversationKind.ANSWERED or task is not conversation.task]


def _settle(session: Session, task: CallbackTask, user: User, talked_at: datetime, text: str, now: datetime) -> None:
    """Close a request that was settled in a call: nobody is called or written to for it any more."""
    lock_task(session, task.id)
    if not workflow.close_as_talked(session, task, talked_at, now, by=user):
        raise refusal_of(task)
    events.note(session, task, user, text, now)
    sms.drop_unsent(session, task)
    kept_places.request_is_settled(session, task, now)


def _of_call(session: Session, conversation: Conversation, now: datetime) -> CallbackTask | None:
    """The task of a caller who has rung the hotline: opened by the promise to call again, or by the call before."""
    if _is_to_be_called(session, conversation):
        return _promised(session, conversation, now)
    if conversation.entry is None:
        return None
    theirs = select(CallbackTask).where(CallbackTask.contacts.any(Contact.call_id == conversation.entry.call_id))
    return session.scalar(theirs.order_by(CallbackTask.id.desc()).limit(1))


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
