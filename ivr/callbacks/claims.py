"""Claims: "take the next task", keeping a claim in use, and taking over one that is not used.

A claim that is not used for :data:`UNUSED_AFTER` is offered back: its holder is asked, and a colleague may take the
task over, which is recorded in its history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from ivr.callbacks import queries, workflow
from ivr.callbacks.refused import Refused, held_by
from ivr.domain.enums import TaskState
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform.column_types import UnknownStoredValue

UNUSED_AFTER = timedelta(minutes=30)


def take_next(session: Session, user: User, languages: Sequence[str], now: datetime) -> CallbackTask | None:
    """Claim the most urgent task the user may serve; None if there is none. Two users never get the same one."""
    for _ in range(3):  # others may be quicker with all that were looked at
        found = queries.candidates(session, user, languages, now)
        for task_id in found:
            try:
                task = session.get_one(CallbackTask, task_id)
                workflow.claim(session, task, user, now)
            except (Refused, UnknownStoredValue):  # lists name a task that cannot be read
                continue
            return task
        if not found:
            return None
        session.expire_all()
    return None


def is_unused(task: CallbackTask, now: datetime) -> bool:
    """Whether a claim has not been used for :data:`UNUSED_AFTER`."""
    used = task.claim_used_at
    return task.state == TaskState.CLAIMED and used is not None and used < now - UNUSED_AFTER


def mark_used(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Note that the user works on a task they hold. Does nothing if they do not hold it."""
    session.execute(update(CallbackTask).where(CallbackTask.id == task.id, *held_by(user)).values(claim_used_at=now))


def take_over(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Take over a task whose claim is not used.

    Raises:
        Refused: `claimed`, with the name of who uses it; or that nobody else holds it.
    """
    workflow.take_over(session, task, user, UNUSED_AFTER, now)


def assign_all(session: Session, tasks: Iterable[CallbackTask], to: User, by: User, now: datetime) -> tuple[int, int]:
    """Assign open tasks to a user; how many were assigned, and how many were not possible."""
    given = refused = 0
    for task in tasks:
        try:
            workflow.assign(session, task, to, by, now)
            given += 1
        except Refused:
            refused += 1
    return given, refused
