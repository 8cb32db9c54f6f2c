"""Calls to callers that were not put through: no telephone rang, so no attempt is counted and no promise is kept.

The task keeps its place and its deadline. It is offered again after a pause that grows, or as soon as the fault is
mended; a member may call at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ivr.callbacks import events
from ivr.domain.enums import CarrierFault, TaskEventKind, TaskState
from ivr.models.callbacks import CallbackTask, TaskEvent

#: Minutes before a task is offered again: after the first call that was not put through, the second, …
_PAUSES = (5, 15, 60, 120)
#: After so many in a row a fault that seems to be mended does not shorten the pause.
_MOST_AT_ONCE = 3


def record(session: Session, task: CallbackTask, fault: CarrierFault, now: datetime) -> None:
    """Record that a call to the caller was not put through, and when the task is offered again."""
    if task.state == TaskState.CLOSED:
        return
    earlier = _in_a_row(session, task)
    events.record(session, task.id, TaskEventKind.NOT_RUNG, now, text=fault)
    again_at = _not_before(session, task, now + timedelta(minutes=_PAUSES[min(earlier, len(_PAUSES) - 1)]))
    task.next_attempt_at = max(again_at, task.next_attempt_at or again_at) if task.carrier_fault is None else again_at
    task.carrier_fault = fault
    session.flush()


def over(task: CallbackTask) -> None:
    """Note that a telephone of the caller has rung: what stood in the way does so no longer."""
    task.carrier_fault = None


def offer_again(session: Session, faults: Sequence[CarrierFault], now: datetime) -> None:
    """Offer the tasks at once whose callers could not be rung because of these faults."""
    waiting = select(CallbackTask).where(CallbackTask.carrier_fault.in_(faults), CallbackTask.state != TaskState.CLOSED)
    for task in session.scalars(waiting):
        if _in_a_row(session, task) < _MOST_AT_ONCE:
            session.execute(
                update(CallbackTask)
                .where(CallbackTask.id == task.id, CallbackTask.next_attempt_at > now)
                .values(next_attempt_at=_not_before(session, task, now))
            )


def _not_before(session: Session, task: CallbackTask, at: datetime) -> datetime:
    """An instant, or the date until which the task is put off, where that is later: the caller has named it."""
    put_off = select(TaskEvent.text).where(TaskEvent.task_id == task.id, TaskEvent.kind == TaskEventKind.PUT_OFF)
    until = session.scalar(put_off.order_by(TaskEvent.id.desc()).limit(1))
    return max(at, datetime.fromisoformat(until)) if until else at


def _in_a_row(session: Session, task: CallbackTask) -> int:
    """How many calls were not put through since a telephone of the caller last rang."""
    kinds = select(func.max(TaskEvent.id)).where(
        TaskEvent.task_id == task.id, TaskEvent.kind == TaskEventKind.ATTEMPTED
    )
    after = session.scalar(kinds) or 0
    failed = select(func.count(TaskEvent.id)).where(
        TaskEvent.task_id == task.id, TaskEvent.kind == TaskEventKind.NOT_RUNG, TaskEvent.id > after
    )
    return session.scalar(failed) or 0
