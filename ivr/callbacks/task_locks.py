"""Locks tasks, so that two who change the same ones at the same moment do it one after the other."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ivr.models.callbacks import CallbackTask


def lock_task(session: Session, task_id: int) -> None:
    """Lock a task. Every transaction locks the task before its clocks, because the other order would deadlock."""
    session.execute(select(CallbackTask.id).where(CallbackTask.id == task_id).with_for_update())


def of_ids(session: Session, task_ids: Collection[int] | Select[int]) -> Sequence[CallbackTask]:
    """The tasks of these ids, locked in the order of their ids, because another order would deadlock."""
    these = select(CallbackTask).where(CallbackTask.id.in_(task_ids)).order_by(CallbackTask.id)
    return session.scalars(these.with_for_update()).all()


def lock_tasks(session: Session, *tasks: CallbackTask) -> None:
    """Lock tasks in the order of their ids, because another order would deadlock, and read anew what they hold."""
    session.flush()
    for task_id in sorted({task.id for task in tasks}):
        lock_task(session, task_id)
    session.expire_all()
