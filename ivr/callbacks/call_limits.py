"""How many callers are called back within 24 hours, in all and in a country: what is over a limit waits.

A limit is for the case that somebody has the hotline call dear numbers, or that a program runs wild. An emergency is
called back all the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ivr.callbacks import house_alarms
from ivr.callbacks.refused import Refused
from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.enums import AlertEvent, ConversationKind, LegRole, Refusal, Urgency
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation, Leg

_DAY = timedelta(days=1)


def check(session: Session, task: CallbackTask, now: datetime) -> None:
    """Whether a caller may be called back within the limits.

    Raises:
        Refused: `too_many_calls`; never in an emergency.
    """
    if task.urgency == Urgency.EMERGENCY or task.callback_number is None:
        return
    if any(count >= limit for count, limit in _counts(session, task.callback_number, now)):
        raise Refused(Refusal.TOO_MANY_CALLS)


def tell(session: Session, number: str, now: datetime) -> None:
    """Tell the house if the call that was just added comes near a limit, or reaches it."""
    counts = _counts(session, number, now)
    if any(count >= limit for count, limit in counts):
        house_alarms.note(session, AlertEvent.CALL_CAP, now)
    elif any(is_near(count, limit) for count, limit in counts):
        house_alarms.note(session, AlertEvent.CAP_NEAR, now)


def is_near(count: int, limit: int) -> bool:
    """Whether so many are near a limit, of which the house is told."""
    return count >= limit * settings().cap_warning


def _counts(session: Session, number: str, now: datetime) -> list[tuple[int, int]]:
    """Calls of the last 24 hours and their limit: in all, and to the country of a number where it has a limit."""
    calls = (
        select(func.count(Leg.id))
        .join(Conversation, Conversation.id == Leg.conversation_id)
        .where(Conversation.kind == ConversationKind.CALLBACK, Leg.role == LegRole.CALLER, Leg.created_at > now - _DAY)
    )
    counts = [(session.scalar(calls) or 0, settings().calls_a_day)]
    country = phone_numbers.country_of(number)
    if (limit := settings().calls_by_country.get(country)) is not None:
        counts.append((_in_country(session, calls, country), limit))
    return counts


def _in_country(session: Session, calls: Select[int], country: str) -> int:
    prefix = phone_numbers.prefix_of(country)
    numbers = calls.add_columns(Leg.number).where(Leg.number.startswith(prefix)).group_by(Leg.number)
    # Some countries share a prefix (+1, +7): the number itself tells which it is.
    return sum(count for count, to in session.execute(numbers) if phone_numbers.country_of(to or "") == country)
