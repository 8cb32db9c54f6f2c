"""Legal holds: a task that is needed, for example in court, is not deleted while it has one (Art. 17 (3) e GDPR)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.privacy import LegalHold


def place(session: Session, task: CallbackTask, user: User, reason: str, now: datetime) -> None:
    """Place a hold on a task.

    Raises:
        ValueError: the reason is empty.
    """
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise ValueError
    session.add(LegalHold(task_id=task.id, reason=reason, placed_by_id=user.id, placed_at=now))


def lift(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Lift all holds of a task."""
    held_task_ids = update(LegalHold).where(LegalHold.task_id == task.id, LegalHold.lifted_at.is_(None))
    session.execute(held_task_ids.values(lifted_at=now, lifted_by_id=user.id))


def of_task(session: Session, task_id: int) -> Sequence[LegalHold]:
    """The holds of a task that are not lifted."""
    held_task_ids = select(LegalHold).where(LegalHold.task_id == task_id, LegalHold.lifted_at.is_(None))
    return session.scalars(held_task_ids.order_by(LegalHold.id)).all()


def held_among(session: Session, task_ids: Collection[int]) -> list[int]:
    """Those of the tasks that have a hold."""
    found = select(LegalHold.task_id).where(LegalHold.lifted_at.is_(None), LegalHold.task_id.in_(task_ids))
    return list(session.scalars(found))


def held_task_ids() -> Select[int]:
    """The ids of tasks with a hold, as a subquery."""
    return select(LegalHold.task_id).where(LegalHold.lifted_at.is_(None))
