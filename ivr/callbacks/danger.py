"""Danger to somebody's life that the words of a transcript speak of: raised, acted on, taken back by a person.

Such a task stands before all others, and a supervisor is alerted at once, day and night.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import events, sla_deadline_changes, task_alerts
from ivr.callbacks.conditional_change import change
from ivr.callbacks.refused import Refused, require_unrestricted
from ivr.callbacks.task_locks import lock_task
from ivr.domain.enums import AlertEvent, DangerKind, DangerStep, Refusal, TaskEventKind, TaskState, Urgency
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform.column_types import rows


def raise_by_words(session: Session, task: CallbackTask, kind: DangerKind, words: Sequence[str], now: datetime) -> None:
    """Note that a message speaks of danger to life, and alert. Each further message does so again.

    A closed task is marked and told of too: its transcript may come after somebody has closed it.
    """
    _fresh(session, task)
    before = task.danger_words or [] if task.in_danger else []
    task.danger = task.danger if task.danger is not None and task.in_danger else kind
    task.danger_words = list(dict.fromkeys([*before, *words]))
    task.danger_acted_at = task.danger_lowered_at = None
    _raise_urgency(session, task, now)
    events.record(session, task.id, TaskEventKind.DANGER_RAISED, now, text=", ".join(words))
    _alert(session, task, now)


def act(session: Session, task: CallbackTask, user: User, step: DangerStep, now: datetime) -> None:
    """Record what somebody has done about the danger. Each step is a line of the history.

    Raises:
        Refused: `no_danger` where the task speaks of none.
    """
    _fresh(session, task)
    if not task.in_danger:
        raise Refused(Refusal.NO_DANGER)
    task.danger_acted_at = task.danger_acted_at or now
    events.record(session, task.id, TaskEventKind.DANGER_ACTED, now, user_id=user.id, text=step)


def take_back(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Take a false alarm back. The task is no emergency any more if nothing but these words had made it one.

    Raises:
        Refused: `no_danger` where the task speaks of none any more; `restricted`.
    """
    require_unrestricted(task)
    holds = (CallbackTask.danger.is_not(None), CallbackTask.danger_lowered_at.is_(None))
    if rows(change(session, task, holds, {"danger_lowered_at": now})) != 1:
        raise Refused(Refusal.NO_DANGER)
    session.refresh(task)
    if task.urgency_words is not None and set(task.urgency_words) <= set(task.danger_words or ()):
        task.urgency, task.urgency_words = Urgency.NORMAL, None
        if task.state != TaskState.CLOSED:
            sla_deadline_changes.restore_normal_deadlines(session, task)
    task_alerts.take_back(session, task.id, AlertEvent.DANGER)
    events.record(session, task.id, TaskEventKind.DANGER_LOWERED, now, user_id=user.id)


def confirm(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Undo that the danger was taken back.

    Raises:
        Refused: `no_danger` where nothing was taken back; `restricted`.
    """
    require_unrestricted(task)
    taken_back = (CallbackTask.danger.is_not(None), CallbackTask.danger_lowered_at.is_not(None))
    if rows(change(session, task, taken_back, {"danger_lowered_at": None})) != 1:
        raise Refused(Refusal.NO_DANGER)
    session.refresh(task)
    _raise_urgency(session, task, now)
    events.record(session, task.id, TaskEventKind.DANGER_CONFIRMED, now, user_id=user.id)
    _alert(session, task, now)


def _fresh(session: Session, task: CallbackTask) -> None:
    session.flush()
    lock_task(session, task.id)
    session.refresh(task)


def _raise_urgency(session: Session, task: CallbackTask, now: datetime) -> None:
    if task.state == TaskState.CLOSED or task.urgency == Urgency.EMERGENCY:
        return
    task.urgency, task.urgency_words, task.urgency_lowered_at = Urgency.EMERGENCY, task.danger_words, None
    task.silent_caller = False  # somebody was heard
    sla_deadline_changes.apply_emergency_deadlines(session, task, now)


def _alert(session: Session, task: CallbackTask, now: datetime) -> None:
    session.flush()
    task_alerts.take_back(session, task.id, AlertEvent.DANGER)  # a further message is told again
    task_alerts.note(session, AlertEvent.DANGER, [task.id], now)
