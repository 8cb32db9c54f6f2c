"""SLA clocks for tasks of versions that had none."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import sla_clocks
from ivr.domain.enums import Outcome, SlaMeasure, SlaState, TaskState
from ivr.models.callbacks import CallbackTask
from ivr.models.sla import SlaClock


def start_missing(session: Session, limit: int = 500) -> int:
    """Give clocks to tasks that have none, as if the clocks had run from the beginning; the number of such tasks."""
    known = select(SlaClock.task_id).where(SlaClock.task_id == CallbackTask.id).exists()
    tasks = session.scalars(select(CallbackTask).where(~known).order_by(CallbackTask.id).limit(limit)).all()
    for task in tasks:
        due_at = task.due_at
        sla_clocks.start(session, task)
        session.flush()
        task.due_at = due_at  # what was promised then
        for clock in sla_clocks.of_task(session, task.id):
            _replay(task, clock)
    return len(tasks)


def _replay(task: CallbackTask, clock: SlaClock) -> None:
    """Bring a new clock to where the task's history has brought it."""
    tried = clock.measure == SlaMeasure.TRIED
    if tried:
        clock.due_at, clock.missed_at = task.due_at, task.breached_at
        clock.at_risk_at = min(clock.at_risk_at, task.due_at)
    spoken = [one.answered_at or one.at for one in task.attempts if one.outcome == Outcome.REACHED]
    closed_at = None if task.outcome == Outcome.WITHDRAWN else task.closed_at
    clock.met_at = task.first_attempt_at if tried else min(spoken, default=closed_at)
    if clock.met_at is not None and clock.met_at > clock.due_at:
        clock.missed_at = clock.missed_at or clock.due_at
    clock.state = _state(clock, closed=task.state == TaskState.CLOSED)
    clock.next_change_at = None
    if clock.state in sla_clocks.RUNNING:
        clock.next_change_at = clock.due_at if clock.state == SlaState.AT_RISK else clock.at_risk_at
    elif clock.state == SlaState.MISSED and clock.missed_at is not None:
        clock.next_change_at = clock.missed_at + sla_clocks.escalation()


def _state(clock: SlaClock, *, closed: bool) -> SlaState:
    if clock.met_at is not None:
        return SlaState.MET_LATE if clock.missed_at is not None else SlaState.MET
    if closed:
        return SlaState.VOID
    return SlaState.MISSED if clock.missed_at is not None else SlaState.ON_TRACK
