"""Interpreters who are booked in advance (Vormerkung) for the callback or the appointment of a task.

At that time they are rung first for this task, and for no other. A booking counts while it is not canceled and the task
is open, or its appointment is granted: nobody has to remember to cancel what is settled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from ivr.callbacks import events
from ivr.callbacks.refused import Refused, require_unrestricted
from ivr.contact_centre import interpreter_pool
from ivr.contact_centre.interpreter_pool import Interpreter
from ivr.domain.enums import BookingState, Outcome, Refusal, TaskEventKind, TaskKind, TaskState
from ivr.models.accounts import User
from ivr.models.bookings import InterpreterBooking
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg
from ivr.notices import present

#: How long before its time a booking is kept free, and already counts for its own task.
_BEFORE = timedelta(minutes=5)
#: How long before its time those are reminded who are to call.
_REMIND_BEFORE = timedelta(minutes=15)
#: Bookings end so many days ahead, like everything that is put off.
_MOST_DAYS = 60
#: A page that is open looks for reminders of so long.
_A_DAY = timedelta(hours=14)
#: How long a booking may last.
MINUTES = (15, 30, 60, 90)


def book(
    session: Session, task: CallbackTask, number: str, begins_at: datetime, minutes: int, by: User | None,
    now: datetime,
) -> InterpreterBooking:  # fmt: skip
    """Book an interpreter of the task's language, or of the one that is spoken in its message. Without `by`: a program.

    A callback is due at that time, and begins with the interpreter.

    To be called in a session that writes alone: of two who book the same interpreter one is refused.

    Raises:
        Refused: `restricted`; `closed` where the task is, unless an appointment is granted; `later_date_needed`;
            `closed_now` where nobody is called at that time; `not_on_duty`; `booked_already`.
    """
    require_unrestricted(task)
    if task.state == TaskState.CLOSED and task.outcome != Outcome.GRANTED:
        raise Refused(Refusal.CLOSED)
    if not now < begins_at < now + timedelta(days=_MOST_DAYS):
        raise Refused(Refusal.LATER_DATE_NEEDED)
    if task.kind != TaskKind.APPOINTMENT and not present.are_calls_placed(begins_at):
        raise Refused(Refusal.CLOSED_NOW)
    ends_at = begins_at + timedelta(minutes=minutes)
    chosen = next((one for one in candidates(session, task) if one.number == number), None)
    if chosen is None or not (chosen.is_on_duty(begins_at) and chosen.is_on_duty(ends_at - timedelta(minutes=1))):
        raise Refused(Refusal.NOT_ON_DUTY)
    booked = select(func.count(InterpreterBooking.id)).where(_overlaps(number, begins_at, ends_at))
    if (session.scalar(booked) or 0) >= chosen.calls_at_once:
        raise Refused(Refusal.BOOKED_ALREADY)
    booking = InterpreterBooking(
        task_id=task.id, language=language_for(task, chosen), name=chosen.name, number=number, begins_at=begins_at,
        ends_at=ends_at, booked_at=now, booked_by_id=by.id if by else None,
    )  # fmt: skip
    session.add(booking)
    if task.state != TaskState.CLOSED and task.kind != TaskKind.APPOINTMENT:
        task.needs_interpreter, task.next_attempt_at = True, begins_at
    events.record(session, task.id, TaskEventKind.INTERPRETER_BOOKED, now, user_id=by.id if by else None)
    return booking


def candidates(session: Session, task: CallbackTask) -> list[Interpreter]:
    """Who interprets the language of a task, or the one that is spoken in its message; the cheapest first."""
    wanted = {task.language, task.spoken_language}
    return [one for one in interpreter_pool.everybody(session) if wanted.intersection(one.languages)]


def language_for(task: CallbackTask, interpreter: Interpreter) -> str:
    """Which language one of the candidates interprets for a task."""
    return task.language if task.language in interpreter.languages else task.spoken_language or task.language


def language_of(session: Session, task: CallbackTask, now: datetime) -> str:
    """The language of a callback that begins now: that of the booking which is due, else the task's."""
    booked = session.scalar(select(InterpreterBooking.language).where(_for(task), _counts(), _is_now(now)).limit(1))
    return booked or task.language


def cancel(session: Session, task: CallbackTask, booking_id: int, by: User | None, now: datetime) -> None:
    """Cancel a booking of a task; a callback that waited for it is due again.

    Raises:
        Refused: `not_booked`: it does not count any more, or has been used.
    """
    booking = session.get(InterpreterBooking, booking_id)
    if booking is None or booking.task_id != task.id or booking.canceled_at is not None or booking.rung_at is not None:
        raise Refused(Refusal.NOT_BOOKED)
    booking.canceled_at = now
    if task.next_attempt_at == booking.begins_at:
        task.next_attempt_at = None
    events.record(session, task.id, TaskEventKind.BOOKING_CANCELED, now, user_id=by.id if by else None)


def of_task(session: Session, task: CallbackTask) -> Sequence[InterpreterBooking]:
    """The bookings of a task and of those that are merged into it, by time."""
    theirs = select(InterpreterBooking).where(_for(task))
    return session.scalars(theirs.order_by(InterpreterBooking.begins_at, InterpreterBooking.id)).all()


def page(session: Session, since: datetime, after_id: int, limit: int) -> Sequence[InterpreterBooking]:
    """The bookings of all tasks that end after an instant, by id; canceled ones too."""
    later = select(InterpreterBooking).where(InterpreterBooking.ends_at > since, InterpreterBooking.id > after_id)
    return session.scalars(later.order_by(InterpreterBooking.id).limit(limit)).all()


def upcoming(session: Session, task_ids: Collection[int], now: datetime) -> dict[int, InterpreterBooking]:
    """The next booking of each task that has one: it counts, is not over, and nobody was rung for it yet."""
    tasks = select(CallbackTask.id, CallbackTask.merged_into_id)
    tasks = tasks.where(or_(CallbackTask.id.in_(task_ids), CallbackTask.merged_into_id.in_(task_ids)))
    belongs_to = {task_id: into or task_id for task_id, into in session.execute(tasks)}
    theirs = select(InterpreterBooking).where(InterpreterBooking.task_id.in_(belongs_to), _is_ahead(now))
    found: dict[int, InterpreterBooking] = {}
    for booking in session.scalars(theirs.order_by(InterpreterBooking.begins_at, InterpreterBooking.id)):
        found.setdefault(belongs_to[booking.task_id], booking)
    return found


def of_user_today(session: Session, user: User, now: datetime) -> Sequence[tuple[InterpreterBooking, CallbackTask]]:
    """The bookings of the next hours, with their tasks, for which a member is to call.

    That are those of tasks that they have claimed, and those that they have booked for a task that nobody has.
    """
    task, booked = aliased(CallbackTask), aliased(CallbackTask)
    theirs = (
        select(InterpreterBooking, task)
        .join(booked, booked.id == InterpreterBooking.task_id)
        .join(task, task.id == func.coalesce(booked.merged_into_id, booked.id))
    )
    free = and_(task.claimed_by_id.is_(None), InterpreterBooking.booked_by_id == user.id)
    teams = task.team_id.in_(user.scope_ids)
    theirs = theirs.where(or_(task.claimed_by_id == user.id, free), teams, _is_ahead(now))
    soon = theirs.where(InterpreterBooking.begins_at <= now + _A_DAY)
    found = session.execute(soon.order_by(InterpreterBooking.begins_at, InterpreterBooking.id))
    return [(booking, its_task) for booking, its_task in found]


def is_soon(booking: InterpreterBooking, now: datetime) -> bool:
    """Whether it is time to remind those who are to call."""
    return booking.begins_at <= now + _REMIND_BEFORE


def state_of(session: Session, booking: InterpreterBooking, now: datetime) -> BookingState:
    """What became of a booking, or that it counts."""
    if booking.canceled_at is not None:
        return BookingState.CANCELED
    if booking.kept_at is not None:
        return BookingState.KEPT
    if booking.rung_at is not None:
        return BookingState.FAILED
    if booking.ends_at <= now:
        return BookingState.UNUSED
    return BookingState.BOOKED if _is_in_pool(session, booking) else BookingState.LAPSED


def due(session: Session, conversation: Conversation, language: str, now: datetime) -> InterpreterBooking | None:
    """The booking of a conversation's task for this time."""
    if conversation.task is None:
        return None
    counts = select(InterpreterBooking).where(
        _for(conversation.task), _counts(), _is_now(now), InterpreterBooking.language == language
    )
    found = session.scalar(counts.order_by(InterpreterBooking.begins_at).limit(1))
    return found if found is not None and _is_in_pool(session, found) else None


def reserved(session: Session, conversation: Conversation, now: datetime) -> set[str]:
    """The numbers of interpreters who are booked for other tasks at this time; of a service: for all it takes."""
    others = select(InterpreterBooking.number).where(_counts(), _is_now(now))
    if conversation.task is not None:
        others = others.where(~_for(conversation.task))
    booked = Counter(session.scalars(others))
    return {number for number, count in booked.items() if count >= interpreter_pool.calls_at_once(number)}


def rung(session: Session, leg: Leg, now: datetime) -> None:
    """Note that the telephone of an interpreter rings: perhaps that of the one who is booked.

    Who was only to be rung has not failed to come: another one may have been quicker, or the carrier may have refused.
    """
    booking = due(session, leg.conversation, leg.request.language, now) if leg.request is not None else None
    if booking is not None and booking.number == leg.number:
        booking.rung_at = booking.rung_at or now


def came(session: Session, leg: Leg, wanted: InterpreterRequest, now: datetime) -> None:
    """Note that an interpreter has come: perhaps the one who is booked."""
    booking = due(session, leg.conversation, wanted.language, now)
    if booking is not None and booking.number == leg.number:
        booking.kept_at = booking.kept_at or now


def _is_in_pool(session: Session, booking: InterpreterBooking) -> bool:
    pool = interpreter_pool.everybody(session)
    return any(one.number == booking.number and booking.language in one.languages for one in pool)


def _for(task: CallbackTask) -> ColumnElement[bool]:
    merged = select(CallbackTask.id).where(CallbackTask.merged_into_id == task.id)
    return or_(InterpreterBooking.task_id == task.id, InterpreterBooking.task_id.in_(merged))


def _counts() -> ColumnElement[bool]:
    """The condition for bookings that are not canceled and whose task still needs them."""
    needed = or_(
        CallbackTask.state != TaskState.CLOSED,
        CallbackTask.outcome == Outcome.GRANTED,
        CallbackTask.merged_into_id.is_not(None),
    )
    return and_(InterpreterBooking.canceled_at.is_(None), InterpreterBooking.task.has(needed))


def _is_ahead(now: datetime) -> ColumnElement[bool]:
    """The condition for bookings that count, are not over, and have not been used."""
    return and_(_counts(), InterpreterBooking.ends_at > now, InterpreterBooking.rung_at.is_(None))


def _is_now(now: datetime) -> ColumnElement[bool]:
    return and_(InterpreterBooking.begins_at <= now + _BEFORE, InterpreterBooking.ends_at > now)


def _overlaps(number: str, begins_at: datetime, ends_at: datetime) -> ColumnElement[bool]:
    return and_(
        InterpreterBooking.number == number,
        _counts(),
        InterpreterBooking.begins_at < ends_at,
        InterpreterBooking.ends_at > begins_at,
    )
