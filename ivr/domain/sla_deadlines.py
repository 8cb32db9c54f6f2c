"""SLA deadlines: when a promise falls due, and when it is at risk, computed from the policies and the opening hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ivr.domain import opening_hours
from ivr.domain.enums import SlaMeasure, SlaTime, TaskKind, Urgency
from ivr.domain.opening_hours import Hours
from ivr.domain.sla_policies import Promise, SlaPolicy, promised


@dataclass(frozen=True)
class Deadline:
    """When a promise falls due, and when it is at risk (UTC); by which clock, and how many hours it gave."""

    clock: SlaTime
    hours: float
    at_risk_at: datetime
    due_at: datetime


def deadlines(
    first_contact_at: datetime, kind: TaskKind, urgency: Urgency, team: str, policies: Sequence[SlaPolicy], hours: Hours
) -> Mapping[SlaMeasure, Deadline]:
    """The deadlines of a task's promises. An emergency is never due later than an ordinary task of its kind."""
    day = first_contact_at.astimezone(hours.zone).date()
    ordinary = _deadlines(promised(policies, kind, Urgency.NORMAL, team, day), first_contact_at, hours)
    if urgency != "emergency":
        return ordinary
    urgent = _deadlines(promised(policies, kind, Urgency.EMERGENCY, team, day), first_contact_at, hours)
    found = dict(urgent)
    for measure, deadline in ordinary.items():
        found[measure] = min(found.get(measure, deadline), deadline, key=lambda one: one.due_at)
    return found


def due_at(
    first_contact_at: datetime, kind: TaskKind, urgency: Urgency, team: str, policies: Sequence[SlaPolicy], hours: Hours
) -> datetime:
    """The UTC instant at which the first attempt is due."""
    return deadlines(first_contact_at, kind, urgency, team, policies, hours)[SlaMeasure.TRIED].due_at


def _deadlines(promise: Promise, start: datetime, hours: Hours) -> dict[SlaMeasure, Deadline]:
    found: dict[SlaMeasure, Deadline] = {}
    for measure in SlaMeasure:
        if count := promise.hours(measure):
            whole = timedelta(hours=count)
            at_risk_at = after(promise.clock, hours, start, whole * promise.at_risk)
            found[measure] = Deadline(promise.clock, count, at_risk_at, after(promise.clock, hours, start, whole))
    return found


def after(clock: SlaTime, hours: Hours, start: datetime, duration: timedelta) -> datetime:
    """The instant (UTC) by which so much of a clock's time has passed since `start`.

    Where the hotline never opens again, the wall clock counts: a promise without end would be none.
    """
    counted = opening_hours.after_open_time(hours, start, duration) if clock == SlaTime.SERVICE else None
    return counted or start + duration


def between(clock: SlaTime, hours: Hours, start: datetime, end: datetime) -> timedelta:
    """How much of a clock's time passes from `start` to `end`; none where the end comes first."""
    if end <= start:
        return timedelta(0)
    return opening_hours.open_time(hours, start, end) if clock == SlaTime.SERVICE else end - start
