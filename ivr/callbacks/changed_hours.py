"""Changes the opening hours of a day, with all that depends on them: deadlines that move, the access log.

A deadline keeps the opening time that is left until it, counted from now, so that taking the change back gives the
first deadline again. Promises on the wall clock stay as they are: 24 hours are 24 hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.callbacks import events
from ivr.callbacks.sla_clocks import RUNNING
from ivr.callbacks.task_locks import lock_task
from ivr.domain import sla_deadlines
from ivr.domain.enums import AccessAction, SlaMeasure, SlaState, SlaTime, TaskEventKind
from ivr.domain.opening_hours import Hours, Span
from ivr.domain.timestamps import iso
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.notices import SpecialDay
from ivr.models.sla import SlaClock, SlaPause
from ivr.notices import special_days


@dataclass(frozen=True)
class Moved:
    """A deadline that moves: of which task and promise, from when to when (UTC)."""

    task_id: int
    receipt_code: str
    team: str
    measure: SlaMeasure
    due_at: datetime
    moves_to: datetime


def enter(
    session: Session, day: date, span: Span | None, reason: str, by: User | None, actor: Actor, now: datetime
) -> SpecialDay:
    """Enter the opening hours of a day (None: closed) and move the deadlines that depend on them.

    `by`: None where a program or the operator acts, whom `actor` names.

    Raises:
        Unusable: see :func:`ivr.notices.special_days.add`.
    """
    before = special_days.hours_in(session)
    entered = special_days.add(session, day, span, reason, by, now)
    _settle(session, before, f"{day}: {in_words(span)}", reason, by, actor, now)
    return entered


def take_back(session: Session, day_id: int, by: User | None, actor: Actor, now: datetime) -> SpecialDay:
    """Take an entry back; deadlines move back as well.

    Raises:
        Unusable: see :func:`ivr.notices.special_days.undo`.
    """
    before = special_days.hours_in(session)
    entered = special_days.undo(session, day_id, by, now)
    _settle(session, before, f"{entered.day}: taken back", "", by, actor, now)
    return entered


def _settle(
    session: Session, before: Hours, detail: str, reason: str, by: User | None, actor: Actor, now: datetime
) -> None:
    moved = move(session, before, special_days.hours_in(session), by, now)
    detail = f"opening hours {detail}; deadlines moved: {moved}"
    access_log.append(session, actor, AccessAction.NOTICE_CHANGED, now, reason=reason, detail=detail)


def in_words(span: Span | None) -> str:
    """Opening hours as the settings write them: `closed`, or `08:00-12:00`."""
    if span is None:
        return "closed"
    return f"{span.opens:%H:%M}-{span.closes:%H:%M}" if span.closes else f"{span.opens:%H:%M}-24:00"


def preview(session: Session, before: Hours, after: Hours, now: datetime) -> Sequence[Moved]:
    """The running deadlines that move if opening hours change, the earliest first."""
    found = []
    for clock in _running(session, now):
        _, due_at = _instants(session, clock, before, after, now)
        if due_at != clock.due_at:
            task = clock.task
            found.append(Moved(task.id, task.receipt_code, task.team.name, clock.measure, clock.due_at, due_at))
    return sorted(found, key=lambda one: (one.due_at, one.task_id))


def stay(session: Session, hours: Hours, day: date) -> int:
    """How many running promises on the wall clock fall due on a local day. They do not move."""
    begins = datetime.combine(day, time(0), hours.zone)
    ends = datetime.combine(day + timedelta(days=1), time(0), hours.zone)
    on_the_day = SlaClock.due_at >= begins, SlaClock.due_at < ends
    counted = select(func.count()).select_from(SlaClock)
    counted = counted.where(SlaClock.clock == SlaTime.WALL, SlaClock.state.in_(RUNNING), *on_the_day)
    return session.scalar(counted) or 0


def move(session: Session, before: Hours, after: Hours, by: User | None, now: datetime) -> int:
    """Move the running deadlines as opening hours have changed; how many have moved."""
    moved = 0
    for task_id in sorted({clock.task_id for clock in _running(session, now)}):
        lock_task(session, task_id)
        for clock in _running(session, now, task_id):
            at_risk_at, due_at = _instants(session, clock, before, after, now)
            if due_at != clock.due_at:
                _set(clock, at_risk_at, due_at)
                events.record(
                    session, task_id, TaskEventKind.DEADLINE_MOVED, now, user_id=events.id_of(by), text=iso(due_at)
                )
                moved += 1
    session.flush()
    return moved


def _running(session: Session, now: datetime, task_id: int | None = None) -> Sequence[SlaClock]:
    clocks = select(SlaClock).where(
        SlaClock.clock == SlaTime.SERVICE, SlaClock.state.in_(RUNNING), SlaClock.due_at > now
    )
    if task_id is not None:
        clocks = clocks.where(SlaClock.task_id == task_id)
    return session.scalars(clocks.execution_options(populate_existing=True)).all()


def _instants(
    session: Session, clock: SlaClock, before: Hours, after: Hours, now: datetime
) -> tuple[datetime, datetime]:
    """When a promise is at risk and due by other opening hours. A pause that runs counts as no time."""
    paused = select(func.max(SlaPause.until_at)).where(SlaPause.task_id == clock.task_id, SlaPause.until_at > now)
    start = max(now, session.scalar(paused) or now)

    def moved(at: datetime) -> datetime:
        left = sla_deadlines.between(SlaTime.SERVICE, before, start, at)
        return sla_deadlines.after(SlaTime.SERVICE, after, start, left) if left else at

    return moved(clock.at_risk_at), moved(clock.due_at)


def _set(clock: SlaClock, at_risk_at: datetime, due_at: datetime) -> None:
    """Give a clock other instants; one that stands still (its task is restricted) goes on to stand still."""
    clock.at_risk_at, clock.due_at = at_risk_at, due_at
    if clock.next_change_at is not None:
        clock.next_change_at = due_at if clock.state == SlaState.AT_RISK else at_risk_at
    if clock.measure == SlaMeasure.TRIED:
        task: CallbackTask = clock.task
        task.due_at = due_at
