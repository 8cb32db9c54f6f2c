"""The SLA clocks of a task, one for each of its promises: started at the first contact, swept, met, voided, taken back.

`on_track -> at_risk -> missed -> met_late`, or `met` in time. Every change is a conditional UPDATE, so of several
scheduler processes exactly one records each, and the sweep reads only what is about to change (a partial index).
Deadlines that move are in :mod:`ivr.callbacks.sla_deadline_changes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from ivr.callbacks import events, task_alerts
from ivr.callbacks.task_locks import lock_task
from ivr.config.settings import settings
from ivr.domain import sla_deadlines
from ivr.domain.enums import AlertEvent, Outcome, SlaMeasure, SlaState, TaskEventKind, TaskKind, TaskState, Urgency
from ivr.domain.outcomes import OUTCOMES_OF_KIND
from ivr.domain.sla_deadlines import Deadline
from ivr.models.callbacks import Attempt, CallbackTask
from ivr.models.reporting import MetricDay
from ivr.models.sla import SlaClock
from ivr.notices import present
from ivr.platform import monitoring

#: The metrics of a local day are final so long after it.
SETTLED_AFTER = timedelta(days=7)
#: States in which a clock runs.
RUNNING = (SlaState.ON_TRACK, SlaState.AT_RISK)
#: Most clocks that one transaction of the sweep changes.
BATCH = 1000
#: The event in a task's history for what has happened to one of its clocks.
_EVENT_KINDS = {
    (SlaMeasure.TRIED, AlertEvent.AT_RISK): TaskEventKind.AT_RISK,
    (SlaMeasure.TRIED, AlertEvent.MISSED): TaskEventKind.BREACHED,
    (SlaMeasure.REACHED, AlertEvent.MISSED): TaskEventKind.NOT_REACHED_IN_TIME,
}
_Happened = Mapping[tuple[SlaMeasure, AlertEvent], list[int]]


def start(session: Session, task: CallbackTask) -> None:
    """Start the clocks of a new task, which needs to have an id already, and set its due date."""
    found = deadlines_of(task, task.first_contact_at, task.urgency)
    task.due_at = found[SlaMeasure.TRIED].due_at
    session.add_all(
        SlaClock(
            task_id=task.id,
            measure=measure,
            clock=deadline.clock,
            hours=deadline.hours,
            state=SlaState.ON_TRACK,
            at_risk_at=deadline.at_risk_at,
            due_at=deadline.due_at,
            next_change_at=deadline.at_risk_at,
        )
        for measure, deadline in found.items()
    )


def deadlines_of(task: CallbackTask, since: datetime, urgency: Urgency) -> Mapping[SlaMeasure, Deadline]:
    """The deadlines of a task's kind and team, counted from an instant, for an urgency."""
    policies, hours = settings().sla_policies, present.hours()
    return sla_deadlines.deadlines(since, task.kind, urgency, task.team.key, policies, hours)


def first_contact(began_at: datetime, now: datetime) -> datetime:
    """When the clocks of a call start. An instant in the future (a host whose clock is wrong) becomes now."""
    return min(began_at, now)


def escalation() -> timedelta:
    """How long after a miss an escalation is due."""
    return timedelta(hours=settings().escalation_hours)


# -- the sweep -----------------------------------------------------------------------------------


def sweep(session: Session, now: datetime, limit: int = BATCH) -> int:
    """Record which promises are at risk or missed by now, the most urgent first; the number of changes.

    Rows that another transaction holds are left to the next sweep.
    """
    due = (
        select(SlaClock.task_id, SlaClock.measure)
        .join(CallbackTask)
        .where(SlaClock.next_change_at <= now, CallbackTask.restricted_at.is_(None))
        .order_by(SlaClock.next_change_at)
        .limit(limit)
        .with_for_update(of=[SlaClock, CallbackTask], skip_locked=True)
    )
    return _record(session, [(row.task_id, row.measure) for row in session.execute(due)], now)


def catch_up(session: Session, task_id: int, now: datetime) -> None:
    """Record the due changes of one task that the sweep has not recorded yet."""
    lock_task(session, task_id)
    due = select(SlaClock.task_id, SlaClock.measure).where(SlaClock.task_id == task_id, SlaClock.next_change_at <= now)
    due = due.join(CallbackTask).where(CallbackTask.restricted_at.is_(None))
    _record(session, [(row.task_id, row.measure) for row in session.execute(due)], now)


def _record(session: Session, keys: Sequence[tuple[int, SlaMeasure]], now: datetime) -> int:
    if not keys:
        return 0
    known = session.execute(
        select(SlaClock.task_id, SlaClock.measure, SlaClock.at_risk_recorded_at, SlaClock.missed_at).where(_keyed(keys))
    )
    before = {(row.task_id, row.measure): row for row in known}
    happened: dict[tuple[SlaMeasure, AlertEvent], list[int]] = {}
    changed = _advance(session, keys, now)
    for task_id, measure, state in changed:
        old = before[task_id, measure]
        if old.missed_at is not None:
            happened.setdefault((measure, AlertEvent.ESCALATED), []).append(task_id)
        elif state == SlaState.MISSED:
            happened.setdefault((measure, AlertEvent.MISSED), []).append(task_id)
        elif old.at_risk_recorded_at is None:
            happened.setdefault((measure, AlertEvent.AT_RISK), []).append(task_id)
    _publish(session, happened, now)
    return len(changed)


def _advance(
    session: Session, keys: Sequence[tuple[int, SlaMeasure]], now: datetime
) -> Sequence[tuple[int, SlaMeasure, SlaState]]:
    """Move clocks whose time has come one state on; the clocks that were moved, with their new states."""
    was_missed, is_missed = SlaClock.state == SlaState.MISSED, SlaClock.due_at <= now
    moved = session.execute(
        update(SlaClock)
        .where(_keyed(keys), SlaClock.next_change_at <= now, SlaClock.state.in_((*RUNNING, SlaState.MISSED)))
        .values(
            state=case((or_(was_missed, is_missed), SlaState.MISSED.value), else_=SlaState.AT_RISK.value),
            at_risk_recorded_at=func.coalesce(SlaClock.at_risk_recorded_at, now),
            missed_at=case((was_missed, SlaClock.missed_at), (is_missed, now), else_=None),
            escalated_at=case((was_missed, now), else_=None),
            next_change_at=case((was_missed, None), (is_missed, now + escalation()), else_=SlaClock.due_at),
        )
        .returning(SlaClock.task_id, SlaClock.measure, SlaClock.state)
        .execution_options(synchronize_session=False)
    )
    return [(row.task_id, row.measure, row.state) for row in moved]


def _publish(session: Session, happened: _Happened, now: datetime) -> None:
    """Write what has happened to clocks into the tasks, their histories and the alerts."""
    in_history = [(task_id, kind) for what, kind in _EVENT_KINDS.items() for task_id in happened.get(what, ())]
    events.record_many(session, in_history, now)
    if missed := happened.get((SlaMeasure.TRIED, AlertEvent.MISSED)):
        session.execute(
            update(CallbackTask)
            .where(CallbackTask.id.in_(missed), CallbackTask.breached_at.is_(None))
            .values(breached_at=now)
            .execution_options(live=())  # the event in its history is told
        )
    for (measure, event), ids in happened.items():
        monitoring.count("promises_changed", len(ids), measure, event)
    for event in (AlertEvent.AT_RISK, AlertEvent.MISSED, AlertEvent.ESCALATED):
        task_alerts.note(session, event, happened.get((SlaMeasure.TRIED, event), ()), now)
    not_reached = happened.get((SlaMeasure.REACHED, AlertEvent.MISSED), ())
    task_alerts.note(session, AlertEvent.NOT_REACHED, not_reached, now)


def _keyed(keys: Iterable[tuple[int, SlaMeasure]]) -> ColumnElement[bool]:
    by_measure: dict[SlaMeasure, list[int]] = {}
    for task_id, measure in keys:
        by_measure.setdefault(measure, []).append(task_id)
    return or_(*(and_(SlaClock.measure == name, SlaClock.task_id.in_(ids)) for name, ids in by_measure.items()))


# -- what people do ------------------------------------------------------------------------------


def met(session: Session, task_id: int, measure: SlaMeasure, at: datetime) -> None:
    """Record that a promise was met at an instant, in time or late. Only the first time counts.

    `at` may be reported late: what was met in time is met, even if the sweep has recorded a miss meanwhile.
    """
    catch_up(session, task_id, at)
    clock = session.get(SlaClock, (task_id, measure), populate_existing=True)
    if clock is None or clock.met_at is not None:
        return
    if at < clock.due_at and clock.missed_at is not None:
        clock.missed_at = clock.escalated_at = None
        if measure == SlaMeasure.TRIED:
            not_breached = update(CallbackTask).where(CallbackTask.id == task_id).values(breached_at=None)
            session.execute(not_breached.execution_options(live=()))
            task_alerts.take_back(session, task_id, AlertEvent.MISSED, AlertEvent.ESCALATED)
        else:
            task_alerts.take_back(session, task_id, AlertEvent.NOT_REACHED)
    clock.met_at, clock.next_change_at = at, None
    clock.state = SlaState.MET if clock.missed_at is None else SlaState.MET_LATE
    session.flush()


def void(session: Session, task_id: int, now: datetime, *measures: SlaMeasure) -> None:
    """Stop clocks whose promises are no longer expected. A recorded miss stays recorded."""
    catch_up(session, task_id, now)
    session.execute(
        update(SlaClock)
        .where(SlaClock.task_id == task_id, SlaClock.measure.in_(measures), SlaClock.met_at.is_(None))
        .values(state=SlaState.VOID, next_change_at=None)
        .execution_options(synchronize_session=False)
    )


def counted_for_good(session: Session, at: datetime) -> bool:
    """Whether the metrics of the local day of a decision are final: it stays counted there, whatever follows."""
    day = at.astimezone(settings().hours.zone).date()
    return bool(session.scalar(select(MetricDay.final).where(MetricDay.day == day)))


def take_back(session: Session, task_id: int, *measures: SlaMeasure) -> None:
    """Take back that promises were met or void: their clocks go on as if they had never stopped."""
    lock_task(session, task_id)
    clocks = select(SlaClock).where(SlaClock.task_id == task_id, SlaClock.measure.in_(measures))
    for clock in session.scalars(clocks.execution_options(populate_existing=True)):
        if clock.state != SlaState.VOID and (clock.met_at is None or counted_for_good(session, clock.met_at)):
            continue
        clock.met_at = None
        if clock.missed_at is not None:
            clock.state = SlaState.MISSED
            clock.next_change_at = None if clock.escalated_at else clock.missed_at + escalation()
        else:
            clock.state = SlaState.AT_RISK if clock.at_risk_recorded_at is not None else SlaState.ON_TRACK
            clock.next_change_at = clock.due_at if clock.state == SlaState.AT_RISK else clock.at_risk_at
    session.flush()


def task_closed(session: Session, task: CallbackTask, now: datetime) -> None:
    """Bring the clocks of a task up to date that was closed with an outcome."""
    if task.first_attempt_at is None and task.outcome in OUTCOMES_OF_KIND[TaskKind(task.kind)]:
        met(session, task.id, SlaMeasure.TRIED, now)  # what was asked for is done: nobody needs to be rung
    void(session, task.id, now, SlaMeasure.TRIED)
    if task.outcome != Outcome.WITHDRAWN:
        met(session, task.id, SlaMeasure.REACHED, now)


def reopened(session: Session, task: CallbackTask) -> None:
    """Take back what closing the task has met or made void, as far as no attempt has met it."""
    if task.first_attempt_at is None:
        take_back(session, task.id, SlaMeasure.TRIED)
    spoken = select(Attempt.id).where(Attempt.task_id == task.id, Attempt.outcome == Outcome.REACHED)
    if session.scalar(spoken.limit(1)) is None:
        take_back(session, task.id, SlaMeasure.REACHED)


def alert_current_state(session: Session, task: CallbackTask, now: datetime) -> None:
    """Collect the alerts of a task's present state for subscriptions that have not had them.

    For a task that is no longer provisional, or has moved to another team.
    """
    session.flush()
    if task.state == TaskState.CLOSED:
        return
    alert_new(session, task, now)
    known = select(SlaClock.measure, SlaClock.state).where(SlaClock.task_id == task.id)
    states = {row.measure: row.state for row in session.execute(known)}
    if states.get(SlaMeasure.TRIED) == SlaState.AT_RISK:
        task_alerts.note(session, AlertEvent.AT_RISK, [task.id], now)
    if states.get(SlaMeasure.TRIED) == SlaState.MISSED:
        task_alerts.note(session, AlertEvent.MISSED, [task.id], now)
    if states.get(SlaMeasure.REACHED) == SlaState.MISSED:
        task_alerts.note(session, AlertEvent.NOT_REACHED, [task.id], now)


def alert_new(session: Session, task: CallbackTask, now: datetime) -> None:
    """Collect the alerts of a new task, whose clocks have just been started."""
    if task.urgency == Urgency.EMERGENCY:
        session.flush()
        task_alerts.note(session, AlertEvent.EMERGENCY, [task.id], now)


def of_task(session: Session, task_id: int) -> Sequence[SlaClock]:
    """The clocks of a task: tried, then reached."""
    return session.scalars(select(SlaClock).where(SlaClock.task_id == task_id).order_by(SlaClock.measure.desc())).all()


def running(session: Session, task: CallbackTask) -> Sequence[SlaClock]:
    """The clocks of a task that run, locked together with the task."""
    session.flush()
    lock_task(session, task.id)
    clocks = select(SlaClock).where(SlaClock.task_id == task.id, SlaClock.state.in_(RUNNING))
    return session.scalars(clocks.execution_options(populate_existing=True)).all()
