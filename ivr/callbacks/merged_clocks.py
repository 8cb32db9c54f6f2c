"""Joins the promises of two tasks that are merged, so that none of them is forgotten, and restores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ivr.callbacks import sla_clocks
from ivr.domain.enums import SlaMeasure, SlaState
from ivr.models.callbacks import CallbackTask
from ivr.models.sla import SlaClock

#: Columns of a clock that are kept, instants among them.
_INSTANTS = (
    "at_risk_at", "due_at", "at_risk_recorded_at", "missed_at", "met_at", "escalated_at", "next_change_at",
)  # fmt: skip
_COLUMNS = ("clock", "hours", "state", *_INSTANTS)
#: A clock as JSON, by the measure.
Clocks = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class _Promise:
    """A clock, and how far it is kept once the other task's attempts count for it, too."""

    clock: SlaClock
    met_at: datetime | None
    missed_at: datetime | None


def written(session: Session, task_id: int) -> Clocks:
    """The clocks of a task as JSON."""
    session.flush()
    return {str(clock.measure): _written(clock) for clock in sla_clocks.of_task(session, task_id)}


def join(session: Session, task: CallbackTask, other: CallbackTask, now: datetime) -> None:
    """Make one promise of each kind out of two: the earliest that is not kept yet. The other task expects none.

    An attempt keeps the promises of every contact that came before it. A miss of either task stays a miss.
    """
    for one in sorted((task, other), key=lambda each: each.id):
        sla_clocks.catch_up(session, one.id, now)
    for measure in SlaMeasure:
        mine, theirs = (_clock(session, one, measure) for one in (task, other))
        if theirs is None or theirs.state == SlaState.VOID:
            continue
        if mine is None:
            session.add(SlaClock(task_id=task.id, measure=measure, **_values(_written(theirs))))
        elif mine.state == SlaState.VOID:
            _set(mine, _values(_written(theirs)))
        else:
            _set(mine, _joined(_kept(mine, task, theirs), _kept(theirs, other, mine)))
        theirs.state, theirs.next_change_at = SlaState.VOID, None
    session.flush()
    show(session, task)


def restore(
    session: Session, task: CallbackTask, before: Mapping[str, Any], now: datetime, *, joined: Mapping[str, Any]
) -> None:
    """Restore the clocks of a task as they were before they were joined.

    What has happened to them since then stays: a later attempt, or another deadline.
    """
    sla_clocks.catch_up(session, task.id, now)
    met: list[tuple[SlaMeasure, datetime]] = []
    for measure in SlaMeasure:
        clock, was = _clock(session, task, measure), before.get(measure)
        if clock is None or was is None:
            continue
        since = joined.get(measure, _written(clock))
        if _written(clock)["due_at"] != since["due_at"]:
            continue
        if clock.met_at is not None and since["met_at"] is None and was["met_at"] is None:
            met.append((measure, clock.met_at))
        _set(clock, _values(was))
    session.flush()
    for measure, at in met:
        sla_clocks.met(session, task.id, measure, at)
    sla_clocks.catch_up(session, task.id, now)
    show(session, task)


def show(session: Session, task: CallbackTask) -> None:
    """Write into a task's row what its clock of the first attempt says."""
    clock = _clock(session, task, SlaMeasure.TRIED)
    if clock is not None:
        task.due_at, task.first_attempt_at, task.breached_at = clock.due_at, clock.met_at, clock.missed_at
    session.flush()


def _clock(session: Session, task: CallbackTask, measure: SlaMeasure) -> SlaClock | None:
    return session.get(SlaClock, (task.id, measure), populate_existing=True)


def _kept(clock: SlaClock, task: CallbackTask, other: SlaClock) -> _Promise:
    met_at = clock.met_at
    if met_at is None and other.met_at is not None and other.met_at >= task.first_contact_at:
        met_at = other.met_at
    in_time = met_at is not None and met_at < clock.due_at
    return _Promise(clock, met_at, None if in_time else clock.missed_at)


def _joined(*promises: _Promise) -> dict[str, Any]:
    missed = [one for one in promises if one.missed_at is not None]
    unmet = [one for one in promises if one.met_at is None]
    lead = min(missed or unmet or promises, key=lambda one: one.clock.due_at)
    values = _values(_written(lead.clock))
    values["met_at"], values["missed_at"] = None if unmet else lead.met_at, lead.missed_at
    if not unmet:
        values["state"] = SlaState.MET if lead.missed_at is None else SlaState.MET_LATE
        values["next_change_at"] = None
    elif lead.missed_at is not None:
        values["state"] = SlaState.MISSED
        values["next_change_at"] = None if values["escalated_at"] else lead.missed_at + sla_clocks.escalation()
    return values


def _written(clock: SlaClock) -> dict[str, Any]:
    found = {name: getattr(clock, name) for name in _COLUMNS}
    instants = {name: found[name].isoformat() if found[name] else None for name in _INSTANTS}
    return {**found, "clock": str(clock.clock), "state": str(clock.state), **instants}


def _values(kept: Mapping[str, Any]) -> dict[str, Any]:
    instants = {name: datetime.fromisoformat(kept[name]) if kept[name] else None for name in _INSTANTS}
    return {**kept, "state": SlaState(kept["state"]), **instants}


def _set(clock: SlaClock, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(clock, name, value)
