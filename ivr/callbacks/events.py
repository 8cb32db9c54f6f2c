"""The history of tasks: the only place where a :class:`TaskEvent` is made."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from ivr.callbacks import search_index
from ivr.domain.enums import TaskEventKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, TaskEvent


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


def record_many(session: Session, happened: Iterable[tuple[int, TaskEventKind]], now: datetime) -> None:
    """Record one event for each of many tasks, in one statement."""
    if rows := [{"task_id": task_id, "at": now, "kind": kind} for task_id, kind in happened]:
        session.execute(insert(TaskEvent), rows)


def note(session: Session, task: CallbackTask, user: User, text: str, now: datetime) -> None:
    """Add a note to a task. Every member of its team may, in every state; an empty note is left out."""
    if text.strip():
        record(session, task.id, TaskEventKind.NOTED, now, user_id=user.id, text=text.strip())
        search_index.index(session, task)


def id_of(user: User | None) -> int | None:
    """The id of who does something; None where a program does it."""
    return user.id if user is not None else None
