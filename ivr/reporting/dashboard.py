"""The supervisors' dashboard: the present state of the hotline, and the last weeks.

Numbers of past days come from the daily metrics, the present state from small partial indexes. So the cost does not
grow with the number of tasks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session, joinedload

from ivr.callbacks import promises
from ivr.config.settings import settings
from ivr.contact_centre import duty_roster, queue_order
from ivr.domain.enums import CallEnding, QueueEntryMode, QueueEntryState, QueueExit, SlaMeasure, TaskState
from ivr.models.accounts import Team
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import QueueEntry
from ivr.models.sla import SlaClock
from ivr.notices import present
from ivr.reporting import daily_metrics

#: Days that the dashboard looks back.
PERIOD = 30
#: A deadline within this time is due soon.
SOON = timedelta(hours=4)
#: Rows in the list of missed deadlines.
MOST_MISSED = 50
#: Age limits in hours of the backlog's columns. The last column has no limit.
AGES = (4, 24, 72)


@dataclass(frozen=True)
class Tile:
    """One of the six numbers at the top. `good`: the target is met; None without data.

    `parts`: what the number consists of, where it counts promises of an attempt and promises to reach somebody.
    """

    name: str
    value: float | None
    target: float
    good: bool | None
    parts: Mapping[SlaMeasure, int] = field(default_factory=dict)


def first_day(now: datetime) -> date:
    """The first local day of the period."""
    return daily_metrics.local_day(now) - timedelta(days=PERIOD - 1)


def tiles(session: Session, now: datetime) -> list[Tile]:
    """The six tiles.

    Waiting now, longest wait (seconds), due soon, missed and open, answered within 30 s today, and first attempts
    within 24 h in the last 30 days. The last two are shares (0 to 1).
    """
    targets, today = settings().targets, daily_metrics.local_day(now)
    waiting = select(func.count(), func.min(QueueEntry.entered_at)).where(
        queue_order.IN_QUEUE, QueueEntry.mode == QueueEntryMode.LIVE
    )
    callers, since = session.execute(waiting).one()
    longest = max(0.0, (now - since).total_seconds()) if since else 0.0
    soon, missed = promises.count_due(session, now, now + SOON), promises.count_missed(session)
    line = daily_metrics.totals(session, today, today, ("waited", "answered_in_time"))
    attempts = daily_metrics.totals(session, first_day(now), today, ("tried_within_24h", "not_tried_within_24h"))
    decided_24h = attempts["tried_within_24h"] + attempts["not_tried_within_24h"]
    return [
        _at_most("waiting", callers, targets.waiting),
        _at_most("longest_wait", longest, targets.longest_wait),
        _of_promises("due_soon", soon, targets.due_soon),
        _of_promises("missed", missed, targets.missed),
        _at_least("answered_in_time", line["answered_in_time"], line["waited"], targets.answered_in_time),
        _at_least("tried_within_24h", attempts["tried_within_24h"], decided_24h, targets.tried_within_24h),
    ]


def _at_most(name: str, value: float, target: float) -> Tile:
    return Tile(name, value, target, value <= target)


def _of_promises(name: str, counted: Mapping[SlaMeasure, int], target: float) -> Tile:
    return replace(_at_most(name, sum(counted.values()), target), parts=counted)


def _at_least(name: str, part: float, whole: float, target: float) -> Tile:
    return Tile(name, part / whole, target, part / whole >= target) if whole else Tile(name, None, target, None)


def missed(session: Session, limit: int = MOST_MISSED) -> Sequence[SlaClock]:
    """The clocks of missed promises that are still open, the oldest first, with task, team and owner."""
    return promises.missed(session, limit)


def due_soon(session: Session, now: datetime, limit: int = 500) -> Sequence[SlaClock]:
    """The clocks of promises that are due soon, with task, team and owner."""
    return promises.due(session, now, now + SOON, limit)


def backlog(session: Session, now: datetime) -> list[tuple[Team, list[int]]]:
    """The number of open tasks of each team by age: up to 4 h, 24 h, 72 h, and older."""
    is_open = CallbackTask.state != literal("closed", literal_execute=True)
    bounds = [now - timedelta(hours=hours) for hours in AGES]
    columns = [func.count().filter(CallbackTask.first_contact_at >= bound) for bound in bounds]
    query = select(CallbackTask.team_id, *columns, func.count()).where(is_open).group_by(CallbackTask.team_id)
    found = {row[0]: row[1:] for row in session.execute(query)}
    teams = session.scalars(select(Team).order_by(Team.name)).all()
    result = []
    for team in teams:
        upto = [0, *found.get(team.id, (0,) * (len(AGES) + 1))]
        result.append((team, [after - before for before, after in pairwise(upto)]))
    return result


def backlog_tasks(session: Session, now: datetime, team: str, age: int, limit: int = 500) -> Sequence[int]:
    """Ids of the open tasks of a team in one column of the backlog, the oldest first."""
    upto = [now - timedelta(hours=hours) for hours in AGES]
    query = select(CallbackTask.id).join(Team).where(CallbackTask.state != TaskState.CLOSED, Team.key == team)
    if age < len(AGES):
        query = query.where(CallbackTask.first_contact_at >= upto[age])
    if age > 0:
        query = query.where(CallbackTask.first_contact_at < upto[age - 1])
    return session.scalars(query.order_by(CallbackTask.first_contact_at).limit(limit)).all()


def calls_today(session: Session, now: datetime) -> list[tuple[int, int, int]]:
    """For each opening hour today: the hour, the calls so far, and the members on duty."""
    today = daily_metrics.local_day(now)
    calls = daily_metrics.by_day(session, today, today, "calls", "hour")
    by_hour = {int(key): int(value) for (_, key), value in calls.items()}
    span = present.hours().days.get(today) or settings().hours.usual_span
    opens, closes = (span.opens.hour, span.closes.hour if span.closes else 24) if span else (8, 18)
    staff = duty_roster.staff_by_hour(session, today)
    hours = range(min([opens, *by_hour]), max([closes, *(hour + 1 for hour in by_hour)]))
    return [(hour, by_hour.get(hour, 0), staff[hour]) for hour in hours]


def heat_map(session: Session, now: datetime, weeks: int = 4) -> list[list[float]]:
    """The mean number of calls by weekday (Monday first) and hour over the last whole weeks."""
    last = daily_metrics.local_day(now) - timedelta(days=1)
    first = last - timedelta(days=7 * weeks - 1)
    calls = daily_metrics.by_day(session, first, last, "calls", "hour")
    counted = Counter(day.weekday() for day in daily_metrics.counted_days(session, first, last))
    total: Counter[tuple[int, int]] = Counter()
    for (day, hour), value in calls.items():
        total[day.weekday(), int(hour)] += int(value)
    return [[total[weekday, hour] / max(1, counted[weekday]) for hour in range(24)] for weekday in range(7)]


@dataclass(frozen=True)
class Parity:
    """How callers of a language are served, compared with German (1: equal). None: nothing to measure."""

    language: str
    tried: int
    hours: float | None
    hours_to_german: float | None
    missed: int
    miss_rate: float | None
    miss_rate_to_german: float | None
    not_reached: int


def parity(session: Session, now: datetime) -> list[Parity]:
    """Time to the first attempt, and missed promises of both kinds, by language over the last 30 days; German first."""
    metrics = ("tried", "tried_seconds", "tried_in_time", "tried_missed", "reached_missed")
    by = daily_metrics.by(session, "language", first_day(now), daily_metrics.local_day(now), metrics)
    german = by.get("de", dict.fromkeys(metrics, 0.0))
    hours_of_german, rate_of_german = _hours(german), _rate(german)
    found = []
    for language, of in sorted(by.items(), key=lambda one: (one[0] != "de", -one[1]["tried"])):
        hours, rate = _hours(of), _rate(of)
        if language:
            found.append(
                Parity(
                    language, int(of["tried"]), hours, _compared(hours, hours_of_german), int(of["tried_missed"]), rate,
                    _compared(rate, rate_of_german), int(of["reached_missed"]),
                )
            )  # fmt: skip
    return found


def _hours(of: Mapping[str, float]) -> float | None:
    return of["tried_seconds"] / of["tried"] / 3600 if of["tried"] else None


def _rate(of: Mapping[str, float]) -> float | None:
    decided = of["tried_in_time"] + of["tried_missed"]
    return of["tried_missed"] / decided if decided else None


def _compared(value: float | None, german: float | None) -> float | None:
    return value / german if value is not None and german else None


def interpreters(session: Session, now: datetime) -> list[tuple[str, dict[str, float]]]:
    """Sums by language, the most wanted first.

    Wanted, joined, joined within two minutes, not available, seconds of waiting, minutes interpreted, and bookings.
    """
    metrics = (
        "interpreters_wanted", "interpreters_joined", "interpreters_in_time", "interpreters_unmet",
        "interpreter_seconds", "interpreter_minutes", "bookings", "bookings_kept", "bookings_failed",
    )  # fmt: skip
    by = daily_metrics.by(session, "language", first_day(now), daily_metrics.local_day(now), metrics)
    return sorted(by.items(), key=lambda one: -one[1]["interpreters_wanted"])


def repeat_callers(session: Session, now: datetime) -> list[tuple[str, float, float]]:
    """By concern: tasks, and repeated calls about the same request, over the last 30 days."""
    by = daily_metrics.by(session, "concern", first_day(now), daily_metrics.local_day(now), ("tasks", "called_again"))
    return sorted(((key, of["tasks"], of["called_again"]) for key, of in by.items()), key=lambda one: -one[2])


def abandoned(session: Session, first: date, last: date, limit: int = 500) -> Sequence[QueueEntry]:
    """The callers who hung up while waiting, the latest first. They did not ask for a callback, so they get none."""
    start, end = daily_metrics.bounds(first, last)
    query = select(QueueEntry).where(
        QueueEntry.entered_at >= start,
        QueueEntry.entered_at < end,
        QueueEntry.mode == QueueEntryMode.LIVE,
        QueueEntry.state == QueueEntryState.LEFT,
        QueueEntry.reason == QueueExit.HUNG_UP,
    )
    query = query.options(joinedload(QueueEntry.team), joinedload(QueueEntry.call))
    return session.scalars(query.order_by(QueueEntry.entered_at.desc()).limit(limit)).all()


def came_back(session: Session, entries: Sequence[QueueEntry]) -> dict[int, str]:
    """What became of callers who hung up: `answered` or `promised` in a later call of the same number, by entry id."""
    found: dict[int, str] = {}
    numbers = {entry.call.from_number for entry in entries if entry.call.from_number}
    if not numbers:
        return found
    since = min(entry.entered_at for entry in entries)
    later = select(Call.from_number, Call.started_at, Call.ending).where(
        Call.from_number.in_(numbers),
        Call.started_at >= since,
        Call.ending.in_((CallEnding.CONNECTED, CallEnding.PROMISED)),
    )
    calls = session.execute(later).all()
    for entry in entries:
        for number, started_at, ending in calls:
            if number == entry.call.from_number and started_at >= entry.call.started_at:
                found[entry.id] = "answered" if ending == "connected" else "promised"
    return found
