"""The callback promise (Rückrufzusage): when it falls due, and that a miss is recorded once.

Source: "Ein Rückruf zur Klärung des Anliegens erfolgt in der Regel innerhalb von 24 Stunden." The clock
starts at the first contact and never restarts; the first real attempt to reach the caller keeps the promise.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, true, update
from sqlalchemy.orm import Session

from ivr.models import CallbackTask, TaskEvent


def due_at(first_contact_at: datetime, callback_hours: float) -> datetime:
    """The deadline of a promise: wall-clock hours after the first contact."""
    return first_contact_at + timedelta(hours=callback_hours)


def record_breaches(session: Session, now: datetime, *, only: int | None = None, limit: int = 1000) -> Sequence[int]:
    """Mark promises that are past due and not kept; returns the ids of those marked by this call.

    Conditional, so of several clock processes exactly one records each breach. `only` looks at one task: before
    an attempt or a closing that comes too late, so that the miss is recorded even if the clock has not ticked.
    """
    missed = (
        CallbackTask.due_at <= now,
        CallbackTask.breached_at.is_(None),
        CallbackTask.first_attempt_at.is_(None),
        CallbackTask.state != "closed",
    )
    which = CallbackTask.id == only if only is not None else true()
    query = select(CallbackTask.id).where(which, *missed).order_by(CallbackTask.due_at).limit(limit)
    candidates = session.scalars(query).all()
    if not candidates:
        return []
    marked = session.scalars(
        update(CallbackTask)
        .where(CallbackTask.id.in_(candidates), *missed)
        .values(breached_at=now)
        .returning(CallbackTask.id)
        .execution_options(synchronize_session=False)
    ).all()
    session.add_all(TaskEvent(task_id=task_id, at=now, kind="breached") for task_id in marked)
    return marked
