"""The promises of a task as people see them: *tried* and *reached*, each with its own state and name.

This is the one place that reads how far a promise has come. Pages, views, filters, tiles, the wallboard, the API and
lists of missed promises take it from here, so that no place shows one promise and leaves the other out. Clocks are
moved in :mod:`ivr.callbacks.sla_clocks`; what was counted of past days is in :mod:`ivr.reporting.metric_sources`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Select, and_, func, literal, or_, select
from sqlalchemy.orm import Session, joinedload

from ivr.domain.enums import SlaMeasure, SlaState
from ivr.models.callbacks import CallbackTask
from ivr.models.sla import SlaClock

#: Not parameters: partial indexes are for the conditions that they name.
_MISSED = SlaClock.state == literal("missed", literal_execute=True)
_RUNS = SlaClock.next_change_at.is_not(None)
_RUNNING = (SlaState.ON_TRACK, SlaState.AT_RISK)


@dataclass(frozen=True)
class Promise:
    """One promise of a task, at an instant. `was_missed` stays true when it is kept late, or no longer expected."""

    measure: SlaMeasure
    state: SlaState
    due_at: datetime
    was_missed: bool
    met_at: datetime | None
    #: Seconds that are left; negative: for so long it has been missed.
    left: int

    @property
    def is_missed(self) -> bool:
        """Whether it is missed and still open."""
        return self.state == SlaState.MISSED

    @property
    def runs(self) -> bool:
        """Whether it can still be kept in time."""
        return self.state in _RUNNING


def of(task: CallbackTask, now: datetime) -> tuple[Promise, ...]:
    """The promises of a task: tried, then reached. A deadline that has just passed is missed, recorded or not."""
    return tuple(_promise(task, clock, now) for clock in task.clocks)


def _promise(task: CallbackTask, clock: SlaClock, now: datetime) -> Promise:
    state, stands_still = clock.state, task.restricted_at is not None
    if state in _RUNNING and clock.due_at <= now and not stands_still:
        state = SlaState.MISSED
    missed = clock.missed_at is not None or state == SlaState.MISSED
    return Promise(clock.measure, state, clock.due_at, missed, clock.met_at, int((clock.due_at - now).total_seconds()))


def shown(task: CallbackTask, now: datetime) -> tuple[Promise, ...]:
    """The promises that a row of a list shows: the first attempt, and beside it what it does not say.

    The promise to reach somebody is left out while the first attempt is still due before it, and where both were kept.
    """
    found = of(task, now)
    tried = next((one for one in found if one.measure == SlaMeasure.TRIED), None)
    if tried is None:
        return found
    reached = [one for one in found if one.measure == SlaMeasure.REACHED]
    quiet = (SlaState.MET, SlaState.VOID)
    return tried, *(
        one
        for one in reached
        if one.was_missed or not (one.state in quiet or (tried.runs and one.runs))
    )  # fmt: skip


# -- of many tasks -------------------------------------------------------------------------------


def missed_and_open(measure: SlaMeasure) -> ColumnElement[bool]:
    """The condition for tasks with a promise of this measure that is missed and still open."""
    return CallbackTask.id.in_(select(SlaClock.task_id).where(_MISSED, SlaClock.measure == measure))


def due_until(until: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """The condition for tasks with a promise that is missed and still open, or falls due until an instant.

    The promise to reach somebody counts from when it is missed or the first attempt has been made: before, that one is
    due first.
    """
    reached = and_(_RUNS, SlaClock.measure == SlaMeasure.REACHED, SlaClock.due_at <= until)
    late = (CallbackTask.id.in_(select(SlaClock.task_id).where(one)) for one in (_MISSED, reached))  # an index for each
    return or_(and_(CallbackTask.due_at <= until, CallbackTask.first_attempt_at.is_(None)), *late)


def count_missed(session: Session, team_id: int | None = None) -> dict[SlaMeasure, int]:
    """How many promises of each measure are missed and still open, of all teams or of one."""
    query = select(SlaClock.measure, func.count()).where(_MISSED).group_by(SlaClock.measure)
    if team_id is not None:
        query = query.join(CallbackTask).where(CallbackTask.team_id == team_id)
    return _of_each(dict(session.execute(query).all()))


def count_due(session: Session, now: datetime, until: datetime) -> dict[SlaMeasure, int]:
    """How many promises of each measure fall due after now, until an instant."""
    query = select(SlaClock.measure, func.count()).where(_RUNS, SlaClock.due_at > now, SlaClock.due_at <= until)
    return _of_each(dict(session.execute(query.group_by(SlaClock.measure)).all()))


def _of_each(found: Mapping[SlaMeasure, int]) -> dict[SlaMeasure, int]:
    return {measure: found.get(measure, 0) for measure in SlaMeasure}


def missed(session: Session, limit: int) -> Sequence[SlaClock]:
    """Missed promises that are still open, the oldest first, with task, team and owner."""
    return session.scalars(_with_task(select(SlaClock).where(_MISSED), limit)).all()


def due(session: Session, now: datetime, until: datetime, limit: int) -> Sequence[SlaClock]:
    """Promises that fall due after now, until an instant, the next one first, with task, team and owner."""
    soon = select(SlaClock).where(_RUNS, SlaClock.due_at > now, SlaClock.due_at <= until)
    return session.scalars(_with_task(soon, limit)).all()


def _with_task(query: Select[SlaClock], limit: int) -> Select[SlaClock]:
    task = joinedload(SlaClock.task)
    query = query.options(task.joinedload(CallbackTask.team), task.joinedload(CallbackTask.claimed_by))
    return query.order_by(SlaClock.due_at, SlaClock.task_id, SlaClock.measure.desc()).limit(limit)
