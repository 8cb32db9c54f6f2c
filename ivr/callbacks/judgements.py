"""Keeps that a member has judged two tasks not to be of the same person, and takes that back.

A judged pair is not proposed and not merged, whatever the two share, until somebody takes the judgement back.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from ivr.callbacks import events
from ivr.callbacks.refused import Refused, require_unrestricted
from ivr.callbacks.task_locks import lock_tasks
from ivr.domain.enums import Refusal, TaskEventKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.merges import JudgedPair


def tell_apart(session: Session, task: CallbackTask, other: CallbackTask, user: User, now: datetime) -> JudgedPair:
    """Keep that two tasks are not of the same person. Twice is once: the first judgement stays.

    Raises:
        Refused: `other_task_needed`, `merged` where the two have become one meanwhile, or `restricted`.
    """
    if task.id == other.id:
        raise Refused(Refusal.OTHER_TASK_NEEDED)
    lock_tasks(session, task, other)
    if done := between(session, task.id, other.id):
        return done
    for one, another in ((task, other), (other, task)):
        require_unrestricted(one)
        if one.merged_into_id == another.id:
            raise Refused(Refusal.MERGED)
    low, high = sorted((task.id, other.id))
    judged = JudgedPair(low_id=low, high_id=high, user_id=user.id, judged_at=now)
    session.add(judged)
    _record(session, task, other, TaskEventKind.TOLD_APART, user, now)
    session.flush()
    return judged


def take_back(session: Session, task: CallbackTask, other: CallbackTask, user: User, now: datetime) -> None:
    """Take a judgement back: the pair may be proposed again. Without one nothing happens."""
    lock_tasks(session, task, other)
    if judged := between(session, task.id, other.id):
        session.delete(judged)
        _record(session, task, other, TaskEventKind.TOLD_APART_UNDONE, user, now)


def between(session: Session, task_id: int, other_id: int) -> JudgedPair | None:
    """The judgement about two tasks, with who made it; None where there is none."""
    low, high = sorted((task_id, other_id))
    query = select(JudgedPair).where(JudgedPair.low_id == low, JudgedPair.high_id == high)
    return session.scalar(query.options(joinedload(JudgedPair.user)))


def others_of(session: Session, task_ids: Collection[int]) -> dict[int, dict[int, JudgedPair]]:
    """For each task the ids of those that it was told apart from, with the judgements."""
    found: dict[int, dict[int, JudgedPair]] = {task_id: {} for task_id in task_ids}
    ids = sorted(found)
    query = select(JudgedPair).where(or_(JudgedPair.low_id.in_(ids), JudgedPair.high_id.in_(ids)))
    for judged in session.scalars(query.options(joinedload(JudgedPair.user))) if ids else ():
        for mine, theirs in ((judged.low_id, judged.high_id), (judged.high_id, judged.low_id)):
            if mine in found:
                found[mine][theirs] = judged
    return found


def _record(
    session: Session, task: CallbackTask, other: CallbackTask, kind: TaskEventKind, user: User, now: datetime
) -> None:
    for one, another in ((task, other), (other, task)):
        events.record(session, one.id, kind, now, user_id=user.id, text=another.receipt_code)
