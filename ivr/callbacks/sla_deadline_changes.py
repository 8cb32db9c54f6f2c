"""Moves deadlines of running SLA clocks: an emergency is due earlier, a paused or restricted task later."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ivr.callbacks.sla_clocks import catch_up, deadlines_of, escalation, running
from ivr.domain import sla_deadlines
from ivr.domain.enums import SlaMeasure, SlaState, SlaTime, TaskEventKind, Urgency
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, TaskEvent
from ivr.models.sla import SlaClock, SlaPause
from ivr.notices import present


def apply_emergency_deadlines(session: Session, task: CallbackTask, since: datetime) -> None:
    """Give a task that became an emergency at `since` the deadlines of one, where they are earlier."""
    found = deadlines_of(task, since, Urgency.EMERGENCY)
    for clock in running(session, task):
        deadline = found.get(clock.measure)
        if deadline is not None and deadline.due_at < clock.due_at:
            clock.clock, clock.hours = deadline.clock, deadline.hours
            _set(task, clock, deadline.at_risk_at, deadline.due_at)


def apply_earlier_deadlines(session: Session, task: CallbackTask, other: CallbackTask, now: datetime) -> None:
    """Give a task the deadlines of another one where they are earlier. A pause that ends later ends now."""
    found = {clock.measure: clock for clock in running(session, other)}
    moved = False
    for clock in running(session, task):
        earlier = found.get(clock.measure)
        if earlier is not None and earlier.due_at < clock.due_at:
            clock.clock, clock.hours, moved = earlier.clock, earlier.hours, True
            _set(task, clock, earlier.at_risk_at, earlier.due_at)
    if moved and task.next_attempt_at is not None and task.next_attempt_at > now:
        task.next_attempt_at = None
        pauses = select(SlaPause).where(SlaPause.task_id == task.id, SlaPause.until_at > now)
        for pause in session.scalars(pauses):
            pause.until_at = now


def restore_normal_deadlines(session: Session, task: CallbackTask) -> None:
    """Restore the first deadlines of a task that is no emergency after all, moved by its pauses."""
    found = deadlines_of(task, task.first_contact_at, Urgency.NORMAL)
    pauses = _stood_still(session, task)
    for clock in running(session, task):
        deadline = found.get(clock.measure)
        if deadline is None:
            continue
        clock.clock, clock.hours = deadline.clock, deadline.hours
        instants = [deadline.at_risk_at, deadline.due_at]
        for since, until in pauses:
            instants = [_moved(clock.clock, at, since, until) for at in instants]
        _set(task, clock, *instants)


def pause_until(session: Session, task: CallbackTask, user: User, until: datetime, now: datetime) -> None:
    """Stop the clocks of a task until a later date the caller asked for. A second wish replaces the first.

    What is missed already stays missed.
    """
    catch_up(session, task.id, now)
    pauses = session.scalars(select(SlaPause).where(SlaPause.task_id == task.id, SlaPause.until_at > now)).all()
    stands_until = max([now, *(pause.until_at for pause in pauses)])
    for clock in running(session, task):
        # A task that became an emergency since then is due before the first pause is over.
        instants = [
            _moved(clock.clock, at, stands_until if at > stands_until else now, until)
            for at in (clock.at_risk_at, clock.due_at)
        ]
        _set(task, clock, *instants)
    for pause in pauses:
        pause.until_at = now
    session.add(SlaPause(task_id=task.id, user_id=user.id, from_at=now, until_at=until))


def stop(session: Session, task_id: int, now: datetime) -> None:
    """Stop the clocks of a task until they :func:`resume`. What is missed already stays missed."""
    catch_up(session, task_id, now)
    session.execute(
        update(SlaClock)
        .where(SlaClock.task_id == task_id)
        .values(next_change_at=None)
        .execution_options(synchronize_session=False)
    )


def resume(session: Session, task: CallbackTask, since: datetime, now: datetime) -> None:
    """Start the clocks again that were stopped at `since`, or at the end of a pause that ran then."""
    put_off = select(func.max(SlaPause.until_at)).where(
        SlaPause.task_id == task.id, SlaPause.from_at <= since, SlaPause.until_at > since
    )
    since = min(session.scalar(put_off) or since, now)
    for clock in running(session, task):
        instants = [_moved(clock.clock, at, since, now) for at in (clock.at_risk_at, clock.due_at)]
        _set(task, clock, *instants)
    missed = (SlaClock.task_id == task.id, SlaClock.state == SlaState.MISSED, SlaClock.escalated_at.is_(None))
    session.execute(
        update(SlaClock)
        .where(*missed)
        .values(next_change_at=now + escalation())
        .execution_options(synchronize_session=False)
    )


def pause_of(session: Session, task_id: int, now: datetime) -> SlaPause | None:
    """The pause of a task that runs now."""
    runs = (SlaPause.task_id == task_id, SlaPause.from_at <= now, SlaPause.until_at > now)
    return session.scalar(select(SlaPause).where(*runs).order_by(SlaPause.id.desc()).limit(1))


def _stood_still(session: Session, task: CallbackTask) -> list[tuple[datetime, datetime]]:
    """When the clocks of a task stood still, in order: the task was put off, or its use was restricted."""
    pauses = session.execute(select(SlaPause.from_at, SlaPause.until_at).where(SlaPause.task_id == task.id)).all()
    found, since = [(pause.from_at, pause.until_at) for pause in pauses], None
    kinds = TaskEvent.kind.in_((TaskEventKind.RESTRICTED, TaskEventKind.UNRESTRICTED))
    for event in session.scalars(select(TaskEvent).where(TaskEvent.task_id == task.id, kinds).order_by(TaskEvent.id)):
        if event.kind == TaskEventKind.RESTRICTED:
            since = event.at
        elif since is not None:
            found.append((since, event.at))
    merged: list[tuple[datetime, datetime]] = []
    for begins, ends in sorted(found):
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ends))
        else:
            merged.append((begins, ends))
    return merged


def _moved(clock: SlaTime, at: datetime, stood_until: datetime, stands_until: datetime) -> datetime:
    """Where a deadline moves whose clock stands still until another instant than it did."""
    left = sla_deadlines.between(clock, present.hours(), stood_until, at)
    return at if not left else sla_deadlines.after(clock, present.hours(), stands_until, left)


def _set(task: CallbackTask, clock: SlaClock, at_risk_at: datetime, due_at: datetime) -> None:
    clock.at_risk_at, clock.due_at = at_risk_at, due_at
    clock.state = SlaState.AT_RISK if clock.at_risk_recorded_at is not None else SlaState.ON_TRACK
    clock.next_change_at = due_at if clock.state == SlaState.AT_RISK else at_risk_at
    if clock.measure == SlaMeasure.TRIED:
        task.due_at = due_at
