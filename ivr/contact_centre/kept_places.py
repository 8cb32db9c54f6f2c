"""Places in a call queue that are kept for callers who have hung up and are called back when it is their turn."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import claims, code_changes
from ivr.contact_centre import call_queue, queue_order
from ivr.contact_centre.queue_order import IN_QUEUE
from ivr.domain.enums import (
    CallRowState,
    ConversationState,
    QueueEntryMode,
    QueueEntryState,
    QueueExit,
    ReplyBy,
    TaskState,
    WorkKind,
)
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation, QueueEntry
from ivr.platform import outbox


def goes_on(session: Session, entry: QueueEntry, now: datetime) -> None:
    """Give the kept place up with which a caller has gone on: they are served, or keep their place anew.

    Until then it stays kept, so that who hangs up while they wait is called all the same.
    """
    kept = session.get(QueueEntry, entry.continues_id or 0)
    if kept is not None and kept.mode == QueueEntryMode.CALLBACK:
        call_queue.leave(session, kept, QueueExit.WITHDRAWN, now)


def _is_being_called(session: Session, task: CallbackTask) -> bool:
    talks = select(Conversation.id).where(
        Conversation.task_id == task.id, Conversation.state != ConversationState.ENDED
    )
    return session.scalar(talks.limit(1)) is not None


def keep_place(session: Session, entry: QueueEntry, task: CallbackTask, now: datetime) -> None:
    """Let a caller hang up and be called back when the place is served."""
    if entry.state not in (QueueEntryState.WAITING, QueueEntryState.OFFERED):
        return
    entry.mode, entry.task_id = QueueEntryMode.CALLBACK, task.id
    goes_on(session, entry, now)
    if task.state == TaskState.CLAIMED and not _is_being_called(
        session, task
    ):  # a colleague has claimed it, and does not call now
        claims.release_automatically(session, task, now)
    if entry.offered_leg_id is not None:  # the member who was being rung is no longer rung
        outbox.add(session, WorkKind.HANG_UP_LEG, entry.offered_leg_id, urgent=True)
        entry.state, entry.offered_leg_id = QueueEntryState.WAITING, None


def serve_again(entry: QueueEntry) -> None:
    """Give a kept place back to the queue that could not be served: the caller was not dialled."""
    entry.state, entry.answered_at, entry.offered_leg_id = QueueEntryState.WAITING, None, None


def request_is_settled(session: Session, task: CallbackTask, now: datetime) -> None:
    """Remove the places that are kept for a task at once: its caller has been served."""
    kept = select(QueueEntry).where(IN_QUEUE, QueueEntry.mode == QueueEntryMode.CALLBACK)
    for entry in session.scalars(kept.where(QueueEntry.task_id == task.id)).all():
        call_queue.leave(session, entry, QueueExit.WITHDRAWN, now)


def drop_kept_places(session: Session, now: datetime, *, closed: bool) -> None:
    """Remove kept places whose tasks are claimed, closed, restricted or changed by code, or cannot be called back.

    The same holds for those whose caller wants an answer in writing.

    After closing time all kept places are removed. Their tasks are worked like all others then.
    """
    kept = select(QueueEntry).where(
        QueueEntry.state == QueueEntryState.WAITING, QueueEntry.mode == QueueEntryMode.CALLBACK
    )
    served = set(session.scalars(kept.with_only_columns(QueueEntry.id).where(queue_order.is_served(session, now))))
    for entry in session.scalars(kept).all():
        task = session.get(CallbackTask, entry.task_id or 0)
        in_vain = entry.id not in served and entry.call.state == CallRowState.ENDED
        over = task is None or task.state != TaskState.OPEN or task.restricted_at is not None
        over = over or (task is not None and task.reply_by == ReplyBy.WRITING)
        if task is None or over or in_vain or code_changes.is_unconfirmed(session, task):
            call_queue.leave(session, entry, QueueExit.WITHDRAWN, now)
        elif closed:
            call_queue.leave(session, entry, QueueExit.CLOSED, now)
