"""Claims: who works on a task. Claiming, "take the next task", assigning, taking over, releasing.

A claim that is not used for :data:`UNUSED_AFTER` is offered back: its holder is asked, and a colleague may take the
task over, which is recorded in its history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from ivr.callbacks import events, queries
from ivr.callbacks.conditional_change import change
from ivr.callbacks.refused import Refused, held_by, refusal_of, require_changed, require_unrestricted
from ivr.domain.enums import Refusal, TaskEventKind, TaskState
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform.column_types import UnknownStoredValue, rows

#: A claim that was not used for so long can be taken over.
UNUSED_AFTER = timedelta(minutes=30)
#: Columns of a task that nobody holds.
UNCLAIMED: dict[str, Any] = {
    "state": TaskState.OPEN,
    "claimed_by_id": None,
    "claimed_at": None,
    "claim_used_at": None,
}


def claimed_by(user: User, now: datetime) -> dict[str, Any]:
    """Columns of a task that a user has just claimed."""
    return {"state": TaskState.CLAIMED, "claimed_by_id": user.id, "claimed_at": now, "claim_used_at": now}


def may_hold(session: Session, user_id: int | None, team_id: int) -> bool:
    """Whether who held a task of a team before may hold it still: they have not left, and are of the team."""
    if user_id is None:
        return True
    holder = session.get(User, user_id, populate_existing=True)
    return holder is not None and holder.active and team_id in holder.scope_ids


def claim(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Claim an open task for a user.

    Raises:
        Refused: `claimed` (with the name of who holds it), `closed`, or `restricted`.
    """
    require_unrestricted(task)
    result = change(session, task, [CallbackTask.state == TaskState.OPEN], claimed_by(user, now))
    require_changed(session, result, task, user)
    events.record(session, task.id, TaskEventKind.CLAIMED, now, user_id=user.id)


def assign(session: Session, task: CallbackTask, to: User, by: User, now: datetime) -> None:
    """Claim an open task for a user, at the wish of another one.

    Raises:
        Refused: `no_team` if the task is none of their teams', or as for :func:`claim`.
    """
    if task.team_id not in to.scope_ids:
        raise Refused(Refusal.NO_TEAM)
    claim(session, task, to, now)
    if to.id != by.id:
        events.record(session, task.id, TaskEventKind.ASSIGNED, now, user_id=by.id, text=to.name)


def take_over(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Claim a task that a colleague holds and has not used for :data:`UNUSED_AFTER`.

    Raises:
        Refused: `claimed` (with the name of who uses it), or that nobody else holds it.
    """
    holder = task.claimed_by
    if holder is None or holder.id == user.id:
        raise Refused(Refusal(task.state))
    unused = [*held_by(holder), CallbackTask.claim_used_at < now - UNUSED_AFTER]
    if rows(change(session, task, unused, claimed_by(user, now))) != 1:
        session.refresh(task)
        raise refusal_of(task)
    session.refresh(task)
    events.record(session, task.id, TaskEventKind.TAKEN_OVER, now, user_id=user.id, text=holder.name)


def release(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Give a claimed task back to the task list. Its place and its deadline stay.

    Raises:
        Refused: somebody else holds it (a supervisor may release every task), or nobody does.
    """
    result = change(session, task, held_by(user, supervisor_may=True), UNCLAIMED)
    require_changed(session, result, task, user)
    events.record(session, task.id, TaskEventKind.RELEASED, now, user_id=user.id)


def release_automatically(session: Session, task: CallbackTask, now: datetime) -> None:
    """Give a claimed task back to the task list because the call about it has ended, or cannot begin."""
    if rows(change(session, task, [CallbackTask.state == TaskState.CLAIMED], UNCLAIMED)) == 1:
        events.record(session, task.id, TaskEventKind.RELEASED, now)
    session.refresh(task)


def take_next(session: Session, user: User, languages: Sequence[str], now: datetime) -> CallbackTask | None:
    """Claim the most urgent task the user may serve; None if there is none. Two users never get the same one."""
    for _ in range(3):  # others may be quicker with all that were looked at
        found = queries.candidates(session, user, languages, now)
        for task_id in found:
            try:
                task = session.get_one(CallbackTask, task_id)
                claim(session, task, user, now)
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
    mine = update(CallbackTask).where(CallbackTask.id == task.id, *held_by(user))
    session.execute(mine.values(claim_used_at=now).execution_options(live=()))


def assign_all(
    session: Session, tasks: Iterable[CallbackTask], to: User, by: User, now: datetime
) -> tuple[int, list[CallbackTask]]:
    """Assign open tasks to a user; how many were assigned, and for which it was not possible."""
    given, refused = 0, list[CallbackTask]()
    for task in tasks:
        try:
            assign(session, task, to, by, now)
            given += 1
        except Refused:
            refused.append(task)
    return given, refused
