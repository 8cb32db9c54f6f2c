"""The callback promise (Rückrufzusage): when it falls due, and that a miss is recorded once.

Source: "Ein Rückruf zur Klärung des Anliegens erfolgt in der Regel innerhalb von 24 Stunden." The clock
starts at the first contact and never restarts; the first real attempt to reach the caller keeps the promise.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select, true, update
from sqlalchemy.orm import Session

from ivr import business_hours
from ivr.configuration import Settings
from ivr.models import CallbackTask, TaskEvent


def due_at(first_contact_at: datetime, kind: str, urgency: str, settings: Settings) -> datetime:
    """The deadline of a promise (Rückrufzusage), by the policy of its kind and urgency.

    Ordinary promises count wall-clock hours from the first contact. An emergency counts opening time, so that
    whoever calls at night is called first thing in the morning; but never later than an ordinary callback.
    """
    hours = {"callback": settings.callback_hours, "postal_order": settings.postal_order_hours}
    ordinary = first_contact_at + timedelta(hours=hours.get(kind, settings.appointment_hours))
    if urgency != "emergency":
        return ordinary
    open_time = timedelta(hours=settings.emergency_open_hours)
    soon = business_hours.after_open_time(settings.hours, first_contact_at, open_time)
    return min(ordinary, soon) if soon else ordinary


#: Local times of day at which people are tried, by when they said that they can be reached.
_TIMES_OF_DAY = {
    "morning": (time(8, 30), time(10, 0), time(11, 15)),
    "afternoon": (time(12, 30), time(14, 30), time(17, 0)),
    "any_time": (time(9, 0), time(11, 30), time(14, 0), time(17, 0)),
}
#: Whoever did not answer is left in peace for so long.
_REST = timedelta(hours=2)


def next_attempt_at(
    tried_at: Sequence[datetime], availability: str | None, now: datetime, settings: Settings
) -> datetime | None:
    """When to try again to reach somebody: at another time of day than before, within the hours they named and
    opening time, spread over `callback_days`. None when the attempts (`callback_attempts`) are used up."""
    if len(tried_at) >= settings.callback_attempts:
        return None
    times = _TIMES_OF_DAY[availability if availability in _TIMES_OF_DAY else "any_time"]
    zone = settings.hours.zone
    used = {_nearest(times, at.astimezone(zone).time()) for at in tried_at}
    fresh = [moment for moment in times if moment not in used] or list(times)
    # The attempts that are left share the days that are left.
    left = settings.callback_attempts - len(tried_at)
    days_gone = (now.astimezone(zone).date() - tried_at[0].astimezone(zone).date()).days if tried_at else 0
    days_left = settings.callback_days - 1 - days_gone
    first_day = now.astimezone(zone).date() + timedelta(days=1 if days_left >= left else 0)
    for day in (first_day + timedelta(days=number) for number in range(400)):
        for moment in fresh if day == first_day else dict.fromkeys((*fresh, *times)):
            at = datetime.combine(day, moment, zone).astimezone(UTC)
            in_hours = business_hours.is_open(settings.hours, at) and business_hours.is_open(settings.calling_hours, at)
            if at >= now + _REST and in_hours:
                return at
    return None


def _nearest(times: Sequence[time], moment: time) -> time:
    return min(times, key=lambda one: abs((one.hour - moment.hour) * 60 + one.minute - moment.minute))


def record_breaches(session: Session, now: datetime, *, only: int | None = None, limit: int = 1000) -> Sequence[int]:
    """Mark promises that are past due and not kept; returns the ids of those marked by this call.

    Conditional, so of several clock processes exactly one records each breach. `only` looks at one task: before
    an attempt or a closing that comes too late, so that the miss is recorded even if the clock has not ticked.
    """
    missed = (
        CallbackTask.due_at <= now,
        CallbackTask.breached_at.is_(None),
        CallbackTask.first_attempt_at.is_(None),
        CallbackTask.state != "closed",
    )
    which = CallbackTask.id == only if only is not None else true()
    query = select(CallbackTask.id).where(which, *missed).order_by(CallbackTask.due_at).limit(limit)
    candidates = session.scalars(query).all()
    if not candidates:
        return []
    marked = session.scalars(
        update(CallbackTask)
        .where(CallbackTask.id.in_(candidates), *missed)
        .values(breached_at=now)
        .returning(CallbackTask.id)
        .execution_options(synchronize_session=False)
    ).all()
    session.add_all(TaskEvent(task_id=task_id, at=now, kind="breached") for task_id in marked)
    return marked
