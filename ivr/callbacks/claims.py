"""Who works on a task: taken by "next", kept, or taken over when its claim is not used.

A claim that is not used for :data:`UNUSED_AFTER` is offered back: who holds it is asked, and a colleague may take the
task over; that is written down and shown, so nothing is taken silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from ivr.callbacks import queries, workflow
from ivr.callbacks.workflow import Refused
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, TaskEvent
from ivr.platform.column_types import rows

UNUSED_AFTER = timedelta(minutes=30)


def take_next(session: Session, user: User, languages: Sequence[str], now: datetime) -> CallbackTask | None:
    """Claim the most urgent task the user may serve; None where there is none. Of two people each gets another."""
    for _ in range(3):  # others may be quicker with all that were looked at
        found = queries.candidates(session, user, languages, now)
        for task_id in found:
            task = session.get_one(CallbackTask, task_id)
            try:
                workflow.claim(session, task, user, now)
            except Refused:
                continue
            return task
        if not found:
            return None
        session.expire_all()
    return None


def is_unused(task: CallbackTask, now: datetime) -> bool:
    """Whether a claim has not been used for a long time."""
    used = task.claim_used_at
    return task.state == "claimed" and used is not None and used < now - UNUSED_AFTER


def used(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """The user works on a task they hold."""
    mine = (CallbackTask.id == task.id, CallbackTask.state == "claimed", CallbackTask.claimed_by_id == user.id)
    session.execute(update(CallbackTask).where(*mine).values(claim_used_at=now))


def take_over(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Take a task whose claim is not used.

    Raises:
        Refused: `claimed`, with the name of who uses it; or that it is not claimed (any more).
    """
    if task.claimed_by is None or task.claimed_by_id == user.id:
        raise Refused(task.state)
    holder = task.claimed_by
    stale = (
        CallbackTask.id == task.id,
        CallbackTask.state == "claimed",
        CallbackTask.claimed_by_id == holder.id,
        CallbackTask.claim_used_at < now - UNUSED_AFTER,
    )
    values = {"claimed_by_id": user.id, "claimed_at": now, "claim_used_at": now}
    if rows(session.execute(update(CallbackTask).where(*stale).values(values))) != 1:
        session.refresh(task)
        raise Refused(task.state, by=task.claimed_by.name if task.claimed_by else "")
    session.refresh(task)
    session.add(TaskEvent(task_id=task.id, user_id=user.id, at=now, kind="taken_over", text=holder.name))


def assign(session: Session, tasks: Iterable[CallbackTask], to: User, by: User, now: datetime) -> tuple[int, int]:
    """Give open tasks to somebody; how many, and how many were left: others have them, or it is not their team."""
    given = refused = 0
    for task in tasks:
        try:
            if task.team not in to.scope:
                raise Refused("no_team")
            workflow.claim(session, task, to, now)
        except Refused:
            refused += 1
            continue
        given += 1
        if to.id != by.id:
            session.add(TaskEvent(task_id=task.id, user_id=by.id, at=now, kind="assigned", text=to.name))
    return given, refused
