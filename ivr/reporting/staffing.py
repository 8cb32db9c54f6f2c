"""Estimates how many members must answer so that callers do not wait, by a simulation of past calls.

Calls arrive at random at the rate of an hour of the week. They last as long as past conversations, and are abandoned as
past calls were. The simulation is Ciw's. It is checked against the formula :func:`erlang_c`, which assumes unlimited
patience and exponential durations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.enums import ConversationKind, QueueEntryMode, QueueEntryState, QueueExit
from ivr.models.contact_centre import Conversation, QueueEntry
from ivr.notices import present
from ivr.reporting import daily_metrics

#: Simulated calls for each number of members. A tenth of them is the warm-up.
CALLS = 20_000
#: The number of conversations below which the history is insufficient.
_ENOUGH = 30
_HISTORY = timedelta(days=90)


@dataclass(frozen=True)
class History:
    """Past calls of an hour of the week. Times in seconds."""

    calls_an_hour: float
    talk: Sequence[float]
    #: The waits of the callers who hung up, and of those who did not.
    gave_up: Sequence[float]
    stayed: Sequence[float]


@dataclass(frozen=True)
class Answered:
    """The result for a number of members. Shares 0 to 1, times in seconds."""

    staff: int
    in_time: float
    mean_wait: float
    gave_up: float
    #: The share that the formula gives.
    erlang_c: float


class TooLittle(Exception):
    """The history is insufficient. The message says what must be given."""


def history(session: Session, weekday: int, hour: int, now: datetime, weeks: int = 8, team: str = "") -> History:
    """Calls to the call queue at an hour of the week (0 is Monday): the mean of the opening days of the last weeks.

    The durations of conversations and the patience of callers are those of the last 90 days.
    """
    last = daily_metrics.local_day(now) - timedelta(days=1)
    known = daily_metrics.counted_days(session, last - timedelta(days=7 * weeks - 1), last)
    open_then = [day for day in known if day.weekday() == weekday and opening_hours.span_on(present.hours(), day)]
    calls = [_arrivals(session, day, hour, team) for day in open_then]
    talked = select(Conversation.connected_at, Conversation.ended_at).where(
        Conversation.kind == ConversationKind.ANSWERED,
        Conversation.connected_at >= now - _HISTORY,
        Conversation.ended_at.is_not(None),
    )
    waited = select(
        QueueEntry.entered_at, QueueEntry.answered_at, QueueEntry.left_at, QueueEntry.state, QueueEntry.reason
    ).where(QueueEntry.entered_at >= now - _HISTORY, QueueEntry.mode == QueueEntryMode.LIVE)
    if team:
        talked = talked.where(Conversation.team.has(key=team))
        waited = waited.where(QueueEntry.team.has(key=team))
    talk = [(end - start).total_seconds() for start, end in session.execute(talked) if start and end]
    entries = session.execute(waited).all()
    gave_up, stayed = list[float](), list[float]()
    for entry in entries:
        left = entry.state == QueueEntryState.LEFT and entry.reason == QueueExit.HUNG_UP
        if until := entry.left_at if left else entry.answered_at or entry.left_at:
            (gave_up if left else stayed).append((until - entry.entered_at).total_seconds())
    return History(sum(calls) / len(calls) if calls else 0.0, talk, gave_up, stayed)


def _arrivals(session: Session, day: date, hour: int, team: str) -> int:
    """The number of calls that wanted a team (or this team) in a local hour."""
    start = datetime.combine(day, time(hour), settings().hours.zone).astimezone(UTC)
    query = select(func.count()).select_from(QueueEntry)
    query = query.where(QueueEntry.entered_at >= start, QueueEntry.entered_at < start + timedelta(hours=1))
    return session.scalar(query.where(QueueEntry.team.has(key=team)) if team else query) or 0


def simulate(
    staff: int, calls_an_hour: float, talk: Sequence[float], patience: float = math.inf, *, number: int = 1,
    calls: int = CALLS,
) -> Answered:  # fmt: skip
    """Simulate random calls to a number of members.

    `talk`: durations of conversations in seconds to draw from; a single one is the mean of exponential durations.
    `patience`: the mean seconds after which a caller hangs up.

    Raises:
        ValueError: no calls, no members, or no conversations.
    """
    import ciw  # takes half a second

    if staff < 1 or calls_an_hour <= 0 or not talk or min(talk) < 0 or not sum(talk):
        raise ValueError("calls, staff and conversations must be positive")
    mean = sum(talk) / len(talk)
    lengths = ciw.dists.Exponential(1 / mean) if len(talk) == 1 else ciw.dists.Empirical(list(talk))
    more: dict[str, Any] = {}
    if math.isfinite(patience):
        more["reneging_time_distributions"] = [ciw.dists.Exponential(1 / patience)]
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(calls_an_hour / 3600)],
        service_distributions=[lengths],
        number_of_servers=[staff],
        **more,
    )
    ciw.seed(number)
    # With too few members the wait grows without end, which a working day shows as well as a year.
    stable = math.isfinite(patience) or calls_an_hour * mean / 3600 < staff
    seconds = calls / calls_an_hour * 3600 if stable else 10 * 3600.0
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(seconds)
    begins = seconds / 10 if stable else 0.0
    records = [one for one in simulation.get_all_records() if one.arrival_date >= begins]
    waits = [one.waiting_time for one in records if one.record_type == "service"]
    gone = sum(one.record_type == "renege" for one in records)
    count = len(waits) + gone
    goal = 30.0
    return Answered(
        staff,
        sum(wait <= goal for wait in waits) / count if count else 0.0,
        sum(waits) / len(waits) if waits else math.inf,
        gone / count if count else 0.0,
        erlang_c(staff, calls_an_hour, mean, goal),
    )


def erlang_c(staff: int, calls_an_hour: float, talk: float, within: float = 30.0) -> float:
    """The share of callers answered within some seconds (Erlang, 1917): exponential durations, unlimited patience."""
    load = calls_an_hour * talk / 3600
    if load >= staff:
        return 0.0
    inverse = 1.0  # Erlang B by the numerically stable recursion
    for members in range(1, staff + 1):
        inverse = 1 + inverse * members / load
    blocked = 1 / inverse
    waits = blocked / (1 - load / staff * (1 - blocked))
    return 1 - waits * math.exp(-(staff - load) * within / talk)


def mean_patience(known: History) -> float:
    """The mean patience in seconds. Infinite if hardly any caller hung up."""
    if len(known.gave_up) < _ENOUGH:
        return math.inf
    # A caller who was answered had at least as much patience as they waited. The estimate of an exponential mean is the
    # sum of all waits, divided by the number of callers whose patience ended.
    return max(1.0, (sum(known.gave_up) + sum(known.stayed)) / len(known.gave_up))


def plan(
    known: History, staff: Sequence[int], *, calls: float | None, wrap_up: float, talk: float | None
) -> list[Answered]:
    """The results for each number of members; `calls` (an hour) and `talk` (seconds) replace the history's.

    Raises:
        TooLittle: neither the history nor the arguments say how many call, or for how long.
    """
    rate = known.calls_an_hour if calls is None else calls
    if rate <= 0:
        raise TooLittle("no calls are known for this hour; give --calls")
    if talk is None and len(known.talk) < _ENOUGH:
        raise TooLittle(f"only {len(known.talk)} conversations are known; give --talk-seconds")
    lengths = [talk + wrap_up] if talk is not None else [length + wrap_up for length in known.talk]
    return [simulate(count, rate, lengths, mean_patience(known)) for count in staff]


def enough(found: Sequence[Answered], goal: float) -> Answered | None:
    """The smallest number of members that reaches the goal (share answered within 30 seconds); None if none does."""
    return next((one for one in sorted(found, key=lambda one: one.staff) if one.in_time >= goal), None)


def chart(found: Sequence[Answered], goal: float, title: str) -> str:
    """An SVG: a bar for each number of members with its share, and the goal as a line."""
    step, tall = 64, 240
    width = step * len(found) + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {tall + 80}" width="{width}" '
        f'height="{tall + 80}" font-family="sans-serif" font-size="14" role="img"><title>{title}</title>',
        f'<rect width="{width}" height="{tall + 80}" fill="#fff"/><text x="10" y="20">{title}</text>',
    ]
    for place, one in enumerate(found):
        x, height = 40 + place * step, tall * one.in_time
        top = tall + 40 - height
        full = "#171a2b" if one.in_time >= goal else "#fff"
        parts.append(
            f'<rect x="{x}" y="{top:.1f}" width="40" height="{height:.1f}" fill="{full}" stroke="#171a2b" '
            f'stroke-width="2"/><text x="{x + 20}" y="{top - 6:.1f}" text-anchor="middle">{one.in_time:.0%}</text>'
            f'<text x="{x + 20}" y="{tall + 60}" text-anchor="middle">{one.staff}</text>'
        )
    line = tall + 40 - tall * goal
    parts.append(
        f'<line x1="30" x2="{width}" y1="{line:.1f}" y2="{line:.1f}" stroke="#a00" stroke-width="2" '
        f'stroke-dasharray="8 5"/></svg>'
    )
    return "".join(parts)


def parse_hour(text: str) -> tuple[int, int]:
    """Parse `monday 9` or `Mo 9`: the weekday (0 is Monday) and the hour.

    Raises:
        ValueError: the text is not an hour of the week.
    """
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    german = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")
    day, _, hour = text.strip().lower().partition(" ")
    for number, both in enumerate(zip(names, german, strict=True)):
        if len(day) >= 2 and any(name.startswith(day) for name in both):
            value = int(hour.removesuffix(":00").strip())
            if 0 <= value < 24:
                return number, value
    raise ValueError(f"{text!r} is not an hour of the week like 'monday 9'")


def usual_hour(now: datetime) -> tuple[int, int]:
    """The default: the second hour of the next opening day, when callers have come; of a short day the first."""
    opening = opening_hours.next_opening_day(present.hours(), now)
    local = (opening or now).astimezone(settings().hours.zone)
    span = opening_hours.span_on(present.hours(), local.date())
    closes = span.closes.hour + (span.closes.minute > 0) if span and span.closes else 24
    return local.weekday(), local.hour + 1 if local.hour + 1 < closes else local.hour


def day_of(weekday: int) -> str:
    """The English name of a weekday (0 is Monday)."""
    return date(2024, 1, 1 + weekday).strftime("%A")
