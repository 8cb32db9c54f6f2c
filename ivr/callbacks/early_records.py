"""Takes back what was recorded of promises while a clock was ahead: nothing is missed before it is due.

What a person did meanwhile stays, at an instant that is not in the future.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from ivr.callbacks import attempts, house_alarms, task_alerts, task_locks
from ivr.callbacks.sla_clocks import escalation
from ivr.domain.enums import AlertEvent, ClockState, SlaMeasure, SlaState, TaskEventKind, TaskState
from ivr.models.callbacks import Attempt, CallbackTask, TaskEvent
from ivr.models.sla import SlaClock
from ivr.platform import clock_watch, database

log = logging.getLogger(__name__)

#: What the sweep writes into the history of a task.
_SWEPT = (TaskEventKind.AT_RISK, TaskEventKind.BREACHED, TaskEventKind.NOT_REACHED_IN_TIME)


def confirm_clock(session: Session, now: datetime) -> Sequence[str]:
    """Somebody says that the clock is right now. Gives the names of checkpoints that lay in the future."""
    take_back(session, now)
    return clock_watch.confirm(session, now)


def watch_clock(now: datetime) -> clock_watch.Look:
    """Renew the last instant that was seen, or tell the house that the clock has leapt, or was ahead and has returned.

    What was recorded of promises while it was ahead is taken back.
    """
    found = clock_watch.look(now)
    if found.state == ClockState.RIGHT:
        return found
    with database.writing() as session:
        house_alarms.note(session, AlertEvent.CLOCK, found.trusted)
        if found.state == ClockState.RETURNED:
            log.critical("the clock of this machine was ahead (%s) and has returned", found.last)
            log.warning("%d promises are set back", take_back(session, now))
            clock_watch.returned(session, now)
    return found


def attempts_exist(session: Session, now: datetime) -> bool:
    """Whether there are attempts, or uses of claims, that lie in the future."""
    late = now + clock_watch.DIFFERENCE
    found = (select(Attempt.id).where(Attempt.at > late), select(CallbackTask.id).where(*_claimed_after(late)))
    return any(session.scalar(query.limit(1)) is not None for query in found)


def _claimed_after(late: datetime) -> tuple[ColumnElement[bool], ...]:
    return CallbackTask.state == TaskState.CLAIMED, CallbackTask.claim_used_at > late


def set_back_attempts(session: Session, now: datetime) -> int:
    """Attempts that were made before the clock was set back: they are made now, and the next ones planned from here.

    Else the pause until the next one would be as much longer. What somebody has chosen (put off, a booking) stays. Also
    an unused claim is offered back no later. The number of attempts.
    """
    late = now + clock_watch.DIFFERENCE
    unused = update(CallbackTask).where(*_claimed_after(late)).values(claim_used_at=now)
    session.execute(unused.execution_options(live=(), synchronize_session=False))
    early = session.scalars(select(Attempt).where(Attempt.at > late).order_by(Attempt.at)).all()
    for task in task_locks.of_ids(session, {attempt.task_id for attempt in early}):
        made = [attempt for attempt in early if attempt.task_id == task.id]
        is_planned = attempts.is_planned_by(session, task, made[-1].ended_at or made[-1].at)
        for attempt in made:
            attempt.at = now
            attempt.ended_at = min(attempt.ended_at, now) if attempt.ended_at is not None else None
        if is_planned:
            attempts.plan_next(session, task, now)
    return len(early)


def take_back(session: Session, now: datetime) -> int:
    """Take back what was recorded of promises in the future; the number of clocks. The sweep records what is true."""
    late = now + clock_watch.DIFFERENCE
    early = or_(
        SlaClock.missed_at > late,
        and_(SlaClock.state == SlaState.AT_RISK, SlaClock.at_risk_recorded_at > late),
        and_(SlaClock.state == SlaState.MISSED, SlaClock.escalated_at > late),
    )
    found = {task.id: task for task in task_locks.of_ids(session, select(SlaClock.task_id).where(early))}
    clocks = select(SlaClock).where(early, SlaClock.task_id.in_(found)).execution_options(populate_existing=True)
    changed = session.scalars(clocks).all()
    for clock in changed:
        task = found[clock.task_id]
        _set_back(clock, now, late)
        if task.restricted_at is not None:
            clock.next_change_at = None
        if clock.measure == SlaMeasure.TRIED:
            task.breached_at = clock.missed_at
        task_alerts.take_back(session, task.id, *_alerts(clock))
    swept = (TaskEvent.task_id.in_(found), TaskEvent.kind.in_(_SWEPT), TaskEvent.at > late)
    session.execute(delete(TaskEvent).where(*swept).execution_options(synchronize_session=False))
    session.flush()
    return len(changed)


def _set_back(clock: SlaClock, now: datetime, late: datetime) -> None:
    """Set a clock to what was recorded before, and to what it says of what people did."""
    clock.missed_at, clock.escalated_at, clock.at_risk_recorded_at = (
        at if at is not None and at <= late else None
        for at in (clock.missed_at, clock.escalated_at, clock.at_risk_recorded_at)
    )
    if clock.met_at is not None:
        clock.met_at = min(clock.met_at, now)
        clock.state = SlaState.MET if clock.met_at < clock.due_at else SlaState.MET_LATE
        clock.missed_at = None if clock.state == SlaState.MET else clock.due_at
    elif clock.state == SlaState.VOID:
        clock.missed_at = clock.due_at if clock.due_at <= now else None
    elif clock.missed_at is not None:
        clock.next_change_at = clock.missed_at + escalation()
    elif clock.at_risk_recorded_at is not None:
        clock.state, clock.next_change_at = SlaState.AT_RISK, clock.due_at
    else:
        clock.state, clock.next_change_at = SlaState.ON_TRACK, clock.at_risk_at


def _alerts(clock: SlaClock) -> tuple[AlertEvent, ...]:
    """The alerts of what a clock does not record any more."""
    if clock.measure == SlaMeasure.REACHED:
        return (AlertEvent.NOT_REACHED,) if clock.missed_at is None else ()
    missed = (AlertEvent.MISSED,) if clock.missed_at is None else ()
    at_risk = (AlertEvent.AT_RISK,) if clock.at_risk_recorded_at is None else ()
    return (AlertEvent.ESCALATED, *missed, *at_risk)
