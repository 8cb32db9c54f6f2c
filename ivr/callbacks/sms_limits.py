"""Which numbers get a text message (SMS) now: by their country, and by how many were sent.

A text costs money and is free to ask for: without limits a stranger has the hotline pay, or flood, a number.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from ivr.callbacks import call_limits, house_alarms
from ivr.callbacks.refused import Refused
from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.enums import AlertEvent, DeliveryState, Refusal
from ivr.models.callbacks import TextMessage

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def check(session: Session, number: str | None, now: datetime) -> None:
    """Whether a further text may be sent to a number (E.164).

    Raises:
        Refused: `no_mobile`, `no_text_abroad`, `texted_often` for this number, or `too_many_texts` in all.
    """
    if (refusal := refusal_of(session, number, now)) is not None:
        raise Refused(refusal)


def refusal_of(session: Session, number: str | None, now: datetime) -> Refusal | None:
    """Why no further text may be sent to a number (E.164), as :func:`check` says; None where one may."""
    if number is None or not phone_numbers.is_mobile(number):
        return Refusal.NO_MOBILE
    configured = settings()
    if not configured.may_be_texted(number):
        return Refusal.NO_TEXT_ABROAD
    to_number, in_hour, in_day = _counted(session, number, now)
    if in_hour >= configured.text_messages_an_hour or in_day >= configured.text_messages_a_day:
        return Refusal.TOO_MANY_TEXTS
    in_country, of_country = _in_country(session, number, now)
    if of_country is not None and in_country >= of_country:
        return Refusal.TOO_MANY_TEXTS
    return Refusal.TEXTED_OFTEN if to_number >= configured.text_messages_a_number else None


def tell_if_reached(session: Session, number: str, now: datetime) -> None:
    """Tell the house if the text that was just added was the last one for now, or comes near a limit of a day."""
    if (refusal := refusal_of(session, number, now)) == Refusal.TOO_MANY_TEXTS:
        told(session, refusal, now)
        return
    in_day, (in_country, of_country) = _counted(session, number, now)[2], _in_country(session, number, now)
    if call_limits.is_near(in_day, settings().text_messages_a_day) or (
        of_country is not None and call_limits.is_near(in_country, of_country)
    ):
        house_alarms.note(session, AlertEvent.CAP_NEAR, now)


def told(session: Session, refusal: Refusal | None, now: datetime) -> None:
    """Tell the house of a limit that is in a caller's way."""
    if refusal in (Refusal.TEXTED_OFTEN, Refusal.TOO_MANY_TEXTS):
        house_alarms.note(session, AlertEvent.TEXT_CAP, now)


def _counted(session: Session, number: str, now: datetime) -> tuple[int, int, int]:
    """Texts of a day to a number, of an hour in all, of a day in all; those that were given up do not count."""
    theirs = case((TextMessage.to_number == number, 1))
    lately = case((TextMessage.created_at > now - _HOUR, 1))
    query = select(func.count(theirs), func.count(lately), func.count())
    query = query.where(TextMessage.created_at > now - _DAY, TextMessage.state != DeliveryState.FAILED)
    to_number, in_hour, in_day = session.execute(query).one()
    return to_number, in_hour, in_day


def _in_country(session: Session, number: str, now: datetime) -> tuple[int, int | None]:
    """Texts of a day to the country of a number, and its limit; not counted where it has none."""
    country = phone_numbers.country_of(number)
    limit = settings().text_messages_by_country.get(country)
    if limit is None:
        return 0, None
    query = select(TextMessage.to_number, func.count()).where(
        TextMessage.created_at > now - _DAY,
        TextMessage.state != DeliveryState.FAILED,
        TextMessage.to_number.startswith(phone_numbers.prefix_of(country)),
    )
    found = session.execute(query.group_by(TextMessage.to_number))
    return sum(count for to, count in found if phone_numbers.country_of(to) == country), limit
