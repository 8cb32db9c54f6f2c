"""The history of tasks: the only place where a :class:`TaskEvent` is made."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ivr.callbacks import mentions, search_index
from ivr.domain.enums import TaskEventKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, TaskEvent
from ivr.platform import live_events


def record(
    session: Session,
    task_id: int,
    kind: TaskEventKind,
    now: datetime,
    *,
    user_id: int | None = None,
    text: str | None = None,
) -> None:
    """Record that something happened to a task. Without `user_id` no person did it."""
    session.add(TaskEvent(task_id=task_id, user_id=user_id, at=now, kind=kind, text=text))


def record_many(session: Session, happened: Collection[tuple[int, TaskEventKind]], now: datetime) -> None:
    """Record one event for each of many tasks, in one statement."""
    if rows := [{"task_id": task_id, "at": now, "kind": kind} for task_id, kind in happened]:
        session.execute(insert(TaskEvent), rows)
        tell(session, {task_id for task_id, _ in happened})


def tell(session: Session, task_ids: Collection[int]) -> None:
    """Tell open desks that these tasks have changed, in a way that the session does not see by itself."""
    if live_events.are_published():
        tasks = select(CallbackTask.id, CallbackTask.team_id).where(CallbackTask.id.in_(task_ids))
        for task_id, team_id in session.execute(tasks):
            live_events.tell(session, f"task:{task_id}", f"team:{team_id}")


def note(session: Session, task: CallbackTask, user: User, text: str, now: datetime) -> None:
    """Add a note to a task. Every member of its team may, in every state; an empty note is left out."""
    if text.strip():
        record(session, task.id, TaskEventKind.NOTED, now, user_id=user.id, text=text.strip())
        mentions.record(session, task, user, text, now)
        search_index.index(session, task)


def id_of(user: User | None) -> int | None:
    """The id of who does something; None where a program does it."""
    return user.id if user is not None else None
