"""The sources of the metrics: each has rows of one kind, and a function that returns the metrics that a row adds to.

A metric counts on the local day of the event: a call when it came, a first attempt when it was made, a missed deadline
when it fell due. So a past day does not change, and every deadline is decided on one day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, literal, select

from ivr.domain.enums import (
    AgeGroup,
    AppointmentMode,
    ContactSource,
    ConversationKind,
    ConversationOutcome,
    InterpreterRequestState,
    LegRole,
    Outcome,
    RoomSize,
    TaskState,
    Urgency,
)
from ivr.models.accounts import Team
from ivr.models.bookings import InterpreterBooking
from ivr.models.callbacks import AppointmentWish, Attempt, CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, InterpreterRequest, QueueEntry
from ivr.models.contacts import CALLS_OF_TASKS
from ivr.models.sla import SlaClock, SlaPause
from ivr.reporting import callers

#: The dimensions of the metrics. `reason`: why an appointment was refused; `hour`: local, 0 to 23.
DIMENSIONS = ("team", "office", "language", "concern", "age_group", "reason", "hour")
_DAY = timedelta(hours=24)
#: Source: Jobcenter Hamburg promises an interpreter on the telephone within two minutes.
INTERPRETER_GOAL = timedelta(minutes=2)

#: A task that was merged into another one is the same request: the other one is counted.
_COUNTS = CallbackTask.outcome.is_distinct_from(Outcome.MERGED)

Counted = Mapping[str, float]


@dataclass(frozen=True)
class Source:
    """Rows of one kind. `at` decides the day. Columns: the dimensions, and `task_id` for rows of a task.

    `later`: what is counted happens so long after `at`; not before it has happened.
    """

    name: str
    rows: Any
    at: Any
    count: Callable[[Row[Any]], Counted]
    metrics: tuple[str, ...]
    hourly: bool = False
    later: timedelta = timedelta(0)


_TASK = (
    CallbackTask.id.label("task_id"),
    Team.key.label("team"),
    CallbackTask.office,
    CallbackTask.language,
    CallbackTask.concern,
    CallbackTask.age_group,
)


def _seconds(row: Row[Any]) -> float:
    return float((row.at - row.since).total_seconds())


def _opened(row: Row[Any]) -> Counted:
    return {
        "tasks": 1,
        "emergencies": row.urgency == Urgency.EMERGENCY,
        "wishes_in_person": row.mode == AppointmentMode.IN_PERSON,
    }


def _tried(row: Row[Any]) -> Counted:
    return {
        "tried": 1,
        "tried_in_time": row.missed_at is None,
        "tried_within_24h": row.at - row.since <= _DAY,
        "tried_seconds": _seconds(row),
    }


def _not_within_24h(row: Row[Any]) -> Counted:
    """A request that nobody had tried to answer after 24 hours, unless it was over by then without an attempt."""
    until = row.since + _DAY
    withdrawn = row.met_at is None and row.closed_at is not None and row.closed_at <= until
    return {"not_tried_within_24h": not withdrawn and (row.met_at is None or row.met_at > until)}


def _reached(row: Row[Any]) -> Counted:
    """A promise to reach somebody that was met: the caller was spoken with, or there was nothing to talk about."""
    if not row.attempts and row.outcome != Outcome.TALKED:
        return {"closed_unspoken": 1}
    return {"reached": 1, "reached_in_time": row.missed_at is None, "reached_seconds": _seconds(row)}


def _closed(row: Row[Any]) -> Counted:
    """A task is counted as closed once, and answered once; the answer may follow a closing that answered nothing."""
    in_person, young, urgent = (
        row.mode == AppointmentMode.IN_PERSON,
        row.age_group == AgeGroup.UNDER_25,
        row.urgency == Urgency.EMERGENCY,
    )
    agreed, refused = row.outcome == Outcome.GRANTED and in_person, row.outcome == Outcome.REFUSED and in_person
    answer = {
        "forms_sent": row.outcome == Outcome.FORMS_SENT,
        "agreed": agreed,
        "agreed_urgent": agreed and urgent,
        "agreed_other": agreed and not urgent,
        "agreed_under_25": agreed and young,
        "agreed_urgent_under_25": agreed and urgent and young,
        "agreed_other_under_25": agreed and not urgent and young,
        "refused": refused,
    }
    return {"closed": not row.closed_counted, **({} if row.closing_counted else answer)}


def _interpreted(row: Row[Any]) -> Counted:
    joined = row.joined_at is not None
    wait = row.joined_at - row.at if joined else timedelta(0)
    minutes = (row.ended_at - row.joined_at).total_seconds() / 60 if joined and row.ended_at else 0.0
    return {
        "interpreters_wanted": 1,
        "interpreters_joined": joined,
        "interpreters_in_time": joined and wait <= INTERPRETER_GOAL,
        "interpreter_seconds": wait.total_seconds(),
        "interpreters_unmet": row.state == InterpreterRequestState.UNMET,
        "interpreter_minutes": minutes,
    }


def _booked(row: Row[Any]) -> Counted:
    failed = row.rung_at is not None and row.kept_at is None
    return {"bookings": 1, "bookings_kept": row.kept_at is not None, "bookings_failed": failed}


def _clock(measure: str, at: Any, *more: Any) -> Any:
    columns = (at.label("at"), CallbackTask.first_contact_at.label("since"), SlaClock.missed_at, *_TASK, *more)
    query = select(*columns).select_from(SlaClock).join(CallbackTask, CallbackTask.id == SlaClock.task_id).join(Team)
    return query.where(SlaClock.measure == measure, _COUNTS)


_CALLS = select(Call.started_at.label("at"), Call.language, Call.concern, literal(None).label("task_id"))
_CALLS = _CALLS.where(Call.source == ContactSource.CALL)
#: Attempts in which a caller was spoken with, as far as they have met the promise.
_SPOKEN = select(func.count(Attempt.id)).where(
    Attempt.task_id == SlaClock.task_id, Attempt.outcome == Outcome.REACHED, Attempt.at <= SlaClock.met_at
)
_OPENED = (
    select(CallbackTask.first_contact_at.label("at"), CallbackTask.urgency, AppointmentWish.mode, *_TASK)
    .select_from(CallbackTask)
    .join(Team)
    .outerjoin(AppointmentWish)
    .where(CallbackTask.provisional.is_(False), _COUNTS)
)
_AGAIN = (
    select(CALLS_OF_TASKS.c.at, *_TASK)
    .select_from(CALLS_OF_TASKS)
    .join(CallbackTask, CallbackTask.id == CALLS_OF_TASKS.c.task_id)
    .join(Team)
    .where(CALLS_OF_TASKS.c.call_id != CallbackTask.call_id)
)
_ATTEMPTS = select(Attempt.at.label("at"), Attempt.outcome, *_TASK).select_from(Attempt).join(CallbackTask).join(Team)
_CLOSED = (
    select(
        CallbackTask.closed_at.label("at"), CallbackTask.outcome, CallbackTask.urgency, AppointmentWish.mode,
        AppointmentWish.refusal_reason.label("reason"), CallbackTask.closing_counted,
        CallbackTask.closed_counted, *_TASK,
    )
    .select_from(CallbackTask)
    .join(Team)
    .outerjoin(AppointmentWish)
    .where(CallbackTask.state == TaskState.CLOSED, _COUNTS)
)  # fmt: skip
_CONSULTED = select(AppointmentWish.appointment_at.label("at"), AppointmentWish.room, *_TASK)
_CONSULTED = (
    _CONSULTED.select_from(AppointmentWish).join(CallbackTask, CallbackTask.id == AppointmentWish.task_id).join(Team)
)
_CONSULTED = _CONSULTED.where(AppointmentWish.mode == AppointmentMode.IN_PERSON)
_TALKED = select(
    Conversation.connected_at.label("at"), Conversation.outcome, Conversation.task_id, Team.key.label("team"),
    Conversation.language, Conversation.concern,
).select_from(Conversation).join(Team)  # fmt: skip
_INTERPRETED = select(
    InterpreterRequest.requested_at.label("at"), InterpreterRequest.joined_at, InterpreterRequest.ended_at,
    InterpreterRequest.state, InterpreterRequest.language, Conversation.task_id, Team.key.label("team"),
    Conversation.concern,
).select_from(InterpreterRequest).join(Conversation).join(Team)  # fmt: skip
_BOOKED = (
    select(InterpreterBooking.begins_at.label("at"), InterpreterBooking.rung_at, InterpreterBooking.kept_at, *_TASK)
    .select_from(InterpreterBooking)
    .join(CallbackTask)
    .join(Team)
    .where(InterpreterBooking.canceled_at.is_(None))
)
_PUT_OFF = select(SlaPause.from_at.label("at"), *_TASK).select_from(SlaPause).join(CallbackTask).join(Team)

SOURCES = (
    Source("calls", _CALLS, Call.started_at, lambda _: {"calls": 1}, ("calls",), hourly=True),
    Source(
        "callers",
        callers.ROWS,
        QueueEntry.entered_at,
        callers.count,
        (
            "waited",
            "answered",
            "answered_in_time",
            "answered_seconds",
            "abandoned",
            "abandoned_early",
            "to_task",
            "unserved",
        ),
        hourly=True,
    ),
    Source("opened", _OPENED, CallbackTask.first_contact_at, _opened, ("tasks", "emergencies", "wishes_in_person")),
    Source("again", _AGAIN, CALLS_OF_TASKS.c.at, lambda _: {"called_again": 1}, ("called_again",)),
    Source(
        "tried",
        _clock("tried", SlaClock.met_at),
        SlaClock.met_at,
        _tried,
        ("tried", "tried_in_time", "tried_within_24h", "tried_seconds"),
    ),
    Source(
        "not_within_24h",
        _clock("tried", CallbackTask.first_contact_at, SlaClock.met_at, CallbackTask.closed_at).where(
            CallbackTask.provisional.is_(False)
        ),
        CallbackTask.first_contact_at,
        _not_within_24h,
        ("not_tried_within_24h",),
        later=_DAY,
    ),
    Source(
        "missed",
        _clock("tried", SlaClock.due_at).where(SlaClock.missed_at.is_not(None)),
        SlaClock.due_at,
        lambda _: {"tried_missed": 1},
        ("tried_missed",),
    ),
    Source(
        "reached",
        _clock(
            "reached",
            SlaClock.met_at,
            CallbackTask.outcome,
            _SPOKEN.correlate(SlaClock).scalar_subquery().label("attempts"),
        ),
        SlaClock.met_at,
        _reached,
        ("reached", "reached_in_time", "reached_seconds", "closed_unspoken"),
    ),
    Source(
        "not_reached",
        _clock("reached", SlaClock.due_at).where(SlaClock.missed_at.is_not(None)),
        SlaClock.due_at,
        lambda _: {"reached_missed": 1},
        ("reached_missed",),
    ),
    Source(
        "attempts",
        _ATTEMPTS,
        Attempt.at,
        lambda row: {"attempts": 1, "attempts_reached": row.outcome == Outcome.REACHED},
        ("attempts", "attempts_reached"),
    ),
    Source(
        "closed",
        _CLOSED,
        CallbackTask.closed_at,
        _closed,
        (
            "closed",
            "forms_sent",
            "agreed",
            "agreed_urgent",
            "agreed_other",
            "agreed_under_25",
            "agreed_urgent_under_25",
            "agreed_other_under_25",
            "refused",
        ),
    ),
    Source(
        "consultations",
        _CONSULTED,
        AppointmentWish.appointment_at,
        lambda row: {"consultations": 1, "consultations_large": row.room == RoomSize.LARGE},
        ("consultations", "consultations_large"),
    ),
    Source(
        "conversations",
        _TALKED.where(Conversation.kind == ConversationKind.ANSWERED),
        Conversation.connected_at,
        lambda row: {"conversations": 1, "settled": row.outcome == ConversationOutcome.SETTLED},
        ("conversations", "settled"),
    ),
    Source(
        "interpreters",
        _INTERPRETED.where(InterpreterRequest.role == LegRole.INTERPRETER),
        InterpreterRequest.requested_at,
        _interpreted,
        (
            "interpreters_wanted",
            "interpreters_joined",
            "interpreters_in_time",
            "interpreter_seconds",
            "interpreters_unmet",
            "interpreter_minutes",
        ),
    ),
    Source(
        "bookings", _BOOKED, InterpreterBooking.begins_at, _booked, ("bookings", "bookings_kept", "bookings_failed")
    ),
    Source("pauses", _PUT_OFF, SlaPause.from_at, lambda _: {"put_off": 1}, ("put_off",)),
)

#: The source of each metric.
SOURCE_OF = {metric: source for source in SOURCES for metric in source.metrics}
