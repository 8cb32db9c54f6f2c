"""The changes of a task's urgency: raised by its caller or by words of a transcript, lowered by a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import events, sla_clocks, sla_deadline_changes, task_alerts
from ivr.callbacks.conditional_change import change
from ivr.callbacks.refused import Refused, require_unrestricted
from ivr.domain.enums import AlertEvent, EmergencyKind, Refusal, TaskEventKind, TaskState, Urgency
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform.column_types import rows


def raise_by_caller(
    session: Session,
    task: CallbackTask,
    since: datetime,
    now: datetime,
    *,
    emergency_kind: EmergencyKind | None = None,
    tell: bool = True,
) -> None:
    """Make a task an emergency because the caller reported one, at `since`. `tell`: alerts are sent now."""
    task.urgency, task.urgency_words = Urgency.EMERGENCY, None
    task.emergency_kind = emergency_kind or task.emergency_kind
    sla_deadline_changes.apply_emergency_deadlines(session, task, since)
    events.record(session, task.id, TaskEventKind.RAISED, now)
    if tell:
        sla_clocks.alert_current_state(session, task, now)


def raise_by_words(session: Session, task: CallbackTask, words: Sequence[str], now: datetime) -> bool:
    """Make a task an emergency because words of a transcript speak of one; True if it was none before.

    What a person has lowered is not raised again.
    """
    may_rise = (
        CallbackTask.state != TaskState.CLOSED,
        CallbackTask.urgency != Urgency.EMERGENCY,
        CallbackTask.urgency_lowered_at.is_(None),
    )
    values = {"urgency": Urgency.EMERGENCY, "urgency_words": list(words)}
    if rows(change(session, task, may_rise, values)) != 1:
        return False
    session.refresh(task)
    sla_deadline_changes.apply_emergency_deadlines(session, task, now)
    events.record(session, task.id, TaskEventKind.RAISED, now, text=", ".join(words))
    sla_clocks.alert_current_state(session, task, now)
    return True


def lower_urgency(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Take back that words of a transcript have raised the urgency. The promise is again what it was.

    Raises:
        Refused: `not_raised` if it was not words that raised it, or `restricted`.
    """
    require_unrestricted(task)
    raised_by_words = (
        CallbackTask.state != TaskState.CLOSED,
        CallbackTask.urgency == Urgency.EMERGENCY,
        CallbackTask.urgency_words.is_not(None),
        CallbackTask.urgency_lowered_at.is_(None),
    )
    values = {"urgency": Urgency.NORMAL, "urgency_lowered_at": now}
    if rows(change(session, task, raised_by_words, values)) != 1:
        raise Refused(Refusal.NOT_RAISED)
    session.refresh(task)
    sla_deadline_changes.restore_normal_deadlines(session, task)
    task_alerts.take_back(session, task.id, AlertEvent.EMERGENCY)
    events.record(session, task.id, TaskEventKind.LOWERED, now, user_id=user.id)
