"""Undo: what a member did to tasks is taken back, for some minutes, and only while nobody else has acted since.

An action is recorded with what each task, its clocks and its attempts were before and after. Only who did it may undo
it. The history keeps both: what was done, and that it was undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, selectinload

from ivr.callbacks import claims, events, merged_clocks, sla_clocks, task_alerts, workflow
from ivr.callbacks.refused import Refused, require_unrestricted
from ivr.callbacks.task_locks import lock_task
from ivr.domain.enums import Refusal, TaskEventKind
from ivr.models.accounts import User
from ivr.models.callbacks import Attempt, CallbackTask, TaskEvent
from ivr.models.desk import DoneAction, DoneToTask

#: An action can be undone for so long.
UNDO_FOR = timedelta(minutes=15)
#: What an action changes, and undoing it restores.
_COLUMNS = (
    "state", "team_id", "claimed_by_id", "claimed_at", "claim_used_at", "closed_at", "outcome", "closing_counted",
    "closed_counted", "next_attempt_at", "letter_proposed_at",
)  # fmt: skip
#: What must still be as the action has left it.
_STANDS = ("state", "team_id", "claimed_by_id", "closed_at", "outcome")
_Record = Mapping[str, Any]


@dataclass
class Undone:
    """What came of undoing: the tasks that are as they were, and why others were left as they are (by receipt code)."""

    kind: TaskEventKind
    task_ids: list[int] = field(default_factory=list)
    left: dict[str, Refused] = field(default_factory=dict)


@contextmanager
def recorded(
    session: Session, kind: TaskEventKind, tasks: Sequence[CallbackTask], user: User, now: datetime
) -> Iterator[None]:
    """Record what the body of a `with` does to tasks, so that the user can undo it. Tasks left alone are left out."""
    session.flush()
    for task in sorted(tasks, key=lambda one: one.id):
        lock_task(session, task.id)
        session.refresh(task)
    before = {task.id: _written(session, task) for task in tasks}
    yield
    session.flush()
    action = DoneAction(user_id=user.id, kind=kind, done_at=now)
    for task in tasks:
        session.refresh(task)
        after = _written(session, task)
        if _standing(before[task.id]) != _standing(after):
            action.tasks.append(DoneToTask(task_id=task.id, record={"before": before[task.id], "after": after}))
    if action.tasks:
        session.add(action)
        session.flush()


def last(session: Session, user: User, now: datetime, task_id: int | None = None) -> DoneAction | None:
    """The latest action that the user can still undo; with `task_id` the latest one on that task alone."""
    query = select(DoneAction).where(
        DoneAction.user_id == user.id, DoneAction.done_at > now - UNDO_FOR, DoneAction.undone_at.is_(None)
    )
    found = session.scalar(query.options(selectinload(DoneAction.tasks)).order_by(DoneAction.id.desc()).limit(1))
    if found is None or task_id is None:
        return found
    return found if [one.task_id for one in found.tasks] == [task_id] else None


def take_back(session: Session, action: DoneAction, user: User, now: datetime) -> Undone:
    """Undo an action of the user: each of its tasks is what it was before, unless somebody else has acted on it since.

    Raises:
        Refused: `undo_over`, `undone_already`; of a single task `acted_since`, with the name of who did, or
            `restricted`. Of several tasks those that were left are listed.
    """
    if action.undone_at is not None:
        raise Refused(Refusal.UNDONE_ALREADY)
    if action.done_at <= now - UNDO_FOR:
        raise Refused(Refusal.UNDO_OVER)
    undone = Undone(action.kind)
    for one in action.tasks:
        task = session.get_one(CallbackTask, one.task_id)
        try:
            with session.begin_nested():
                _restore(session, task, one.record, action.kind, user, now)
        except Refused as refused:
            if len(action.tasks) == 1:
                raise
            undone.left[task.receipt_code] = refused
        else:
            undone.task_ids.append(task.id)
    action.undone_at = now
    return undone


def _restore(
    session: Session, task: CallbackTask, record: _Record, kind: TaskEventKind, user: User, now: datetime
) -> None:
    lock_task(session, task.id)
    session.refresh(task)
    require_unrestricted(task)
    before, after = record["before"], record["after"]
    _require_untouched(session, task, after, user)
    may_hold = claims.may_hold(session, before["claimed_by_id"], before["team_id"])
    if before["team_id"] not in user.scope_ids or not may_hold:
        raise Refused(Refusal.ACTED_SINCE)
    workflow.restore(session, task, {name: _typed(name, before[name]) for name in _COLUMNS})
    made = (Attempt.task_id == task.id, Attempt.id > before["attempt"], Attempt.id <= after["attempt"])
    session.execute(delete(Attempt).where(*made))
    session.expire(task, ["attempts"])
    merged_clocks.restore(session, task, before["clocks"], now, joined=after["clocks"])
    if task.postal_order is not None:
        task.postal_order.posted_on = date.fromisoformat(before["posted_on"]) if before["posted_on"] else None
    if kind == TaskEventKind.CLOSED:
        workflow.drop_answer(task)
    if kind == TaskEventKind.HANDED_OVER:
        task_alerts.take_back_unsent(session, task.id)
        sla_clocks.alert_current_state(session, task, now)
    events.record(session, task.id, TaskEventKind.UNDONE, now, user_id=user.id, text=kind)


def _require_untouched(session: Session, task: CallbackTask, after: _Record, user: User) -> None:
    """Check that nobody else has acted on a task since, and that it is still as the action has left it.

    Raises:
        Refused: `acted_since`, with the name of who did where a person did.
    """
    others = (TaskEvent.user_id.is_not(None), TaskEvent.user_id != user.id)
    later = select(TaskEvent.user_id).where(TaskEvent.task_id == task.id, TaskEvent.id > after["event"], *others)
    tried = select(Attempt.user_id).where(
        Attempt.task_id == task.id, Attempt.id > after["attempt"], Attempt.user_id != user.id
    )
    for query in (later.order_by(TaskEvent.id.desc()), tried.order_by(Attempt.id.desc())):
        if (who := session.scalar(query.limit(1))) is not None:
            raise Refused(Refusal.ACTED_SINCE, by=session.get_one(User, who).name)
    if _standing(_columns(task)) != _standing(after):
        raise Refused(Refusal.ACTED_SINCE)


def _written(session: Session, task: CallbackTask) -> dict[str, Any]:
    newest_event = select(func.max(TaskEvent.id)).where(TaskEvent.task_id == task.id)
    newest_attempt = select(func.max(Attempt.id)).where(Attempt.task_id == task.id)
    posted_on = task.postal_order.posted_on if task.postal_order is not None else None
    return {
        **_columns(task),
        "clocks": merged_clocks.written(session, task.id),
        "event": session.scalar(newest_event) or 0,
        "attempt": session.scalar(newest_attempt) or 0,
        "posted_on": posted_on.isoformat() if posted_on else None,
    }


def _columns(task: CallbackTask) -> dict[str, Any]:
    found = {name: getattr(task, name) for name in _COLUMNS}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}


def _standing(written: _Record) -> dict[str, Any]:
    return {name: written[name] for name in _STANDS}


def _typed(name: str, kept: Any) -> Any:
    return datetime.fromisoformat(kept) if kept and name.endswith("_at") else kept


def forget(session: Session, now: datetime) -> None:
    """Delete the records of actions that nobody can undo any more."""
    old = select(DoneAction.id).where(DoneAction.done_at <= now - UNDO_FOR)
    session.execute(delete(DoneToTask).where(DoneToTask.action_id.in_(old)))
    session.execute(delete(DoneAction).where(DoneAction.done_at <= now - UNDO_FOR))
