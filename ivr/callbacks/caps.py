"""The caps of callbacks and text messages, each by its name: how much of it is used.

The name of a cap is that of its setting, with a country where it is one country's. A cap counts our own rows, not
prices, because the carrier tells prices hours later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.enums import Cap, ConversationKind, DeliveryState, LegRole
from ivr.models.callbacks import TextMessage
from ivr.models.contact_centre import Conversation, Leg

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
    return list(_calls(session, now, (phone_numbers.country_of(number),)))


def of_texts(session: Session, number: str, now: datetime) -> list[CapUse]:
    """The caps that a text message to a number (E.164) counts against, that of the number itself left out."""
    return list(_texts(session, now, (phone_numbers.country_of(number),)))


def of_number(session: Session, number: str, now: datetime) -> CapUse:
    """The cap of text messages to one number."""
    query = _sent(_DAY, now).where(TextMessage.to_number == number)
    return CapUse(Cap.TEXTS_A_NUMBER, session.scalar(query) or 0, settings().text_messages_a_number)


def everywhere(session: Session, now: datetime) -> list[CapUse]:
    """Every cap of the house and of a country."""
    configured = settings()
    calls = _calls(session, now, tuple(sorted(configured.calls_by_country)))
    return [*calls, *_texts(session, now, tuple(sorted(configured.text_messages_by_country)))]


def _calls(session: Session, now: datetime, countries: tuple[str, ...]) -> Iterator[CapUse]:
    configured = settings()
    made = (
        select(func.count(Leg.id))
        .join(Conversation, Conversation.id == Leg.conversation_id)
        .where(Conversation.kind == ConversationKind.CALLBACK, Leg.role == LegRole.CALLER, Leg.created_at > now - _DAY)
    )
    yield CapUse(Cap.CALLS_A_DAY, session.scalar(made) or 0, configured.calls_a_day)
    for country in countries:
        if (limit := configured.calls_by_country.get(country)) is not None:
            yield CapUse(Cap.CALLS_BY_COUNTRY, _to_country(session, made, Leg.number, country), limit, country)


def _texts(session: Session, now: datetime, countries: tuple[str, ...]) -> Iterator[CapUse]:
    configured = settings()
    yield CapUse(Cap.TEXTS_AN_HOUR, session.scalar(_sent(_HOUR, now)) or 0, configured.text_messages_an_hour)
    yield CapUse(Cap.TEXTS_A_DAY, session.scalar(_sent(_DAY, now)) or 0, configured.text_messages_a_day)
    for country in countries:
        if (limit := configured.text_messages_by_country.get(country)) is not None:
            used = _to_country(session, _sent(_DAY, now), TextMessage.to_number, country)
            yield CapUse(Cap.TEXTS_BY_COUNTRY, used, limit, country)


def _sent(within: timedelta, now: datetime) -> Select[int]:
    """Counts text messages. Given up, those count that the carrier had taken: they cost money though none arrives."""
    counts = or_(TextMessage.state != DeliveryState.FAILED, TextMessage.sent_at.is_not(None))
    return select(func.count(TextMessage.id)).where(TextMessage.created_at > now - within, counts)


def _to_country(session: Session, counted: Select[int], number: InstrumentedAttribute[Any], country: str) -> int:
    found = counted.add_columns(number).where(number.startswith(phone_numbers.prefix_of(country))).group_by(number)
    # Some countries share a prefix (+1, +7): the number itself tells which it is.
    return sum(count for count, to in session.execute(found) if phone_numbers.country_of(to or "") == country)
