"""The caps of calls by the hotline and of text messages, each by its name: how much of it is used.

The name of a cap is that of its setting, with a country where it is one country's. A cap counts our own rows, not
prices, because the carrier tells prices hours later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.enums import Cap, ConversationKind, DeliveryState, LegRole, LegState
from ivr.models.alerts import AlertMessage
from ivr.models.callbacks import TextMessage
from ivr.models.contact_centre import Conversation, Leg
from ivr.platform.clock_watch import DIFFERENCE

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class CapUse:
    """A cap, and how much of it is used now. `country`: two letters, where it is a cap of one country."""

    cap: Cap
    used: int
    limit: int
    country: str = ""

    @property
    def name(self) -> str:
        """Its name, such as `calls_a_day` or `calls_by_country TR`."""
        return f"{self.cap} {self.country}".rstrip()

    @property
    def is_reached(self) -> bool:
        """Whether no further call or text is possible."""
        return self.used >= self.limit

    @property
    def is_near(self) -> bool:
        """Whether the share `cap_warning` is used, or all but one: of a small cap no share comes before the whole."""
        warning = settings().cap_warning
        return self.used >= self.limit * warning or (warning < 1 and self.used == self.limit - 1 > 0)


def of_calls(session: Session, number: str, now: datetime) -> list[CapUse]:
    """The caps that a callback to a number (E.164) counts against."""
    return [_called_back(session, now), *_by_country(session, now, (phone_numbers.country_of(number),))]


def of_rung(session: Session, number: str, now: datetime) -> list[CapUse]:
    """The caps that a call to a member, an interpreter, a companion or an office (E.164) counts against."""
    return [_rung(session, now), *_by_country(session, now, (phone_numbers.country_of(number),))]


def of_texts(session: Session, number: str, now: datetime) -> list[CapUse]:
    """The caps that a text message to a number (E.164) counts against, that of the number itself left out."""
    return list(_texts(session, now, (phone_numbers.country_of(number),)))


def of_number(session: Session, number: str, now: datetime) -> CapUse:
    """The cap of text messages to one number."""
    query = _sent(_DAY, now).where(TextMessage.to_number == number)
    return CapUse(Cap.TEXTS_A_NUMBER, session.scalar(query) or 0, settings().text_messages_a_number)


def everywhere(session: Session, now: datetime) -> list[CapUse]:
    """Every cap of the house and of a country; none of text messages without a carrier."""
    configured = settings()
    texts_to = tuple(sorted(configured.text_messages_by_country))
    calls = _by_country(session, now, tuple(sorted(configured.calls_by_country)))
    return [
        _called_back(session, now),
        _rung(session, now),
        *calls,
        *(_texts(session, now, texts_to) if configured.has_carrier else ()),
    ]


def _called_back(session: Session, now: datetime) -> CapUse:
    made = _made(now).where(Conversation.kind == ConversationKind.CALLBACK, Leg.role == LegRole.CALLER)
    return CapUse(Cap.CALLS_A_DAY, session.scalar(made) or 0, settings().calls_a_day)


def _rung(session: Session, now: datetime) -> CapUse:
    rung = _made(now).where(Leg.role != LegRole.CALLER, Leg.number.startswith("+"))  # browsers have addresses
    return CapUse(Cap.RUNG_A_DAY, session.scalar(rung) or 0, settings().rung_calls_a_day)


def _by_country(session: Session, now: datetime, countries: tuple[str, ...]) -> Iterator[CapUse]:
    by_us = or_(Conversation.kind == ConversationKind.CALLBACK, Leg.role != LegRole.CALLER)
    for country in countries:
        if (limit := settings().calls_by_country.get(country)) is not None:
            used = _to_country(session, _made(now).where(by_us), Leg.number, country)
            yield CapUse(Cap.CALLS_BY_COUNTRY, used, limit, country)


def _made(now: datetime) -> Select[int]:
    """Counts the telephones of conversations within 24 hours, also those that have called us.

    What the carrier was never asked to call, or has refused, costs nothing, and does not count: somebody who was to be
    rung a moment later, or a caller whose call was forbidden.
    """
    legs = select(func.count(Leg.id)).join(Conversation, Conversation.id == Leg.conversation_id)
    counts = or_(Leg.call_sid.is_not(None), Leg.state != LegState.ENDED)
    # Who is to be rung a moment later is not called yet, however small the moment.
    return legs.where(Leg.created_at > now - _DAY, Leg.created_at <= now, counts)


def _texts(session: Session, now: datetime, countries: tuple[str, ...]) -> Iterator[CapUse]:
    configured = settings()
    for cap, within, most in (
        (Cap.TEXTS_AN_HOUR, _HOUR, configured.text_messages_an_hour),
        (Cap.TEXTS_A_DAY, _DAY, configured.text_messages_a_day),
    ):
        yield CapUse(cap, (session.scalar(_sent(within, now)) or 0) + _alerts(session, within, now), most)
    for country in countries:
        if (limit := configured.text_messages_by_country.get(country)) is not None:
            used = _to_country(session, _sent(_DAY, now), TextMessage.to_number, country)
            yield CapUse(Cap.TEXTS_BY_COUNTRY, used, limit, country)


def _sent(within: timedelta, now: datetime) -> Select[int]:
    """Counts text messages. Given up, those count that the carrier had taken: they cost money though none arrives."""
    counts = or_(TextMessage.state != DeliveryState.FAILED, TextMessage.sent_at.is_not(None))
    return select(func.count(TextMessage.id)).where(*_lately(TextMessage.created_at, within, now), counts)


def _lately(
    at: InstrumentedAttribute[Any], within: timedelta, now: datetime
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Within some time before now. What lies further in the future has another clock recorded, which was ahead."""
    return at > now - within, at <= now + DIFFERENCE


def _alerts(session: Session, within: timedelta, now: datetime) -> int:
    """How many alerts were sent as text messages."""
    by_text = [alert.name for alert in settings().alerts if alert.to.startswith("sms:")]
    sent = AlertMessage.subscription.in_(by_text), *_lately(AlertMessage.sent_at, within, now)
    return (session.scalar(select(func.count(AlertMessage.id)).where(*sent)) or 0) if by_text else 0


def _to_country(session: Session, counted: Select[int], number: InstrumentedAttribute[Any], country: str) -> int:
    found = counted.add_columns(number).where(number.startswith(phone_numbers.prefix_of(country))).group_by(number)
    # Some countries share a prefix (+1, +7): the number itself tells which it is.
    return sum(count for count, to in session.execute(found) if phone_numbers.country_of(to or "") == country)
