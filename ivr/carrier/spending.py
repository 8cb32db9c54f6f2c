"""What the account has spent, by the carrier's own prices."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance
from twilio.rest.api.v2010.account.message import MessageInstance
from twilio.rest.api.v2010.account.usage.record import RecordInstance

from ivr.carrier.client import everywhere
from ivr.domain.enums import SpendingKind

#: The carrier's categories that the hotline uses; the total has others, too, such as the rent of the number.
CATEGORIES = ("calls-inbound", "calls-outbound", "sms-outbound", "recordings", "totalprice")

#: States of a call that has cost nothing; no price comes later.
_IN_VAIN = ("busy", "no-answer", "failed", "canceled")


@dataclass(frozen=True)
class Spent:
    """What was spent in one category within days; `count` calls, messages or recordings."""

    category: str
    count: int
    price: Decimal
    currency: str


@dataclass(frozen=True)
class Priced:
    """A call or a text message, the number at the other end (whatever the carrier says of it), and its price.

    `price` is None while the carrier has not told it.
    """

    kind: SpendingKind
    number: str
    currency: str
    price: Decimal | None


def calls_of(day: date) -> Iterator[Priced]:
    """The calls of a day (UTC).

    Raises:
        TwilioException, requests.RequestException: the carrier could not be asked. So does :func:`texts_of`.
    """
    begin, end = _bounds(day)
    span = {"start_time_after": begin, "start_time_before": end}
    for call in everywhere(lambda asked: asked.calls.stream(**span, page_size=1000)):
        if call.start_time is not None and begin <= call.start_time < end:
            inbound = call.direction == "inbound"
            other = (call._from if inbound else call.to) or ""  # the library keeps the field `from` so
            yield _priced(SpendingKind.CALLS_IN if inbound else SpendingKind.CALLS_OUT, other, call)


def texts_of(day: date) -> Iterator[Priced]:
    """The text messages that were sent on a day (UTC)."""
    begin, end = _bounds(day)
    span = {"date_sent_after": begin, "date_sent_before": end}
    for text in everywhere(lambda asked: asked.messages.stream(**span, page_size=1000)):
        if text.direction != "inbound" and text.date_sent is not None and begin <= text.date_sent < end:
            yield _priced(SpendingKind.TEXTS, text.to or "", text)


def _bounds(day: date) -> tuple[datetime, datetime]:
    begin = datetime.combine(day, time(), UTC)
    return begin, begin + timedelta(days=1)


def _priced(kind: SpendingKind, number: str, item: CallInstance | MessageInstance) -> Priced:
    if item.price is not None:  # the carrier writes what it takes as a negative number
        price: Decimal | None = -amount(item.price)
    else:
        price = Decimal(0) if item.status in _IN_VAIN else None
    return Priced(kind, number, str(item.price_unit or "").upper()[:3], price)


def between(first: date, last: date, categories: Sequence[str] = CATEGORIES) -> list[Spent]:
    """What was spent from the first to the last day (UTC, both included); prices may come hours after the calls.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    found: list[Spent] = []
    for category in categories:
        spent: dict[str, Spent] = {}
        for told in everywhere(functools.partial(_usage, category, first, last)):
            currency = str(told.price_unit or "").upper()
            so_far = spent.get(currency, Spent(category, 0, Decimal(0), currency))
            count, price = so_far.count + int(amount(told.count)), so_far.price + amount(told.price)
            spent[currency] = Spent(category, count, price, currency)
        found += spent.values()
    return found


def _usage(category: str, first: date, last: date, asked: Client) -> list[RecordInstance]:
    return list(asked.usage.records.list(category=category, start_date=first, end_date=last, limit=1))


def amount(told: object) -> Decimal:
    """An amount as the carrier writes it; 0 where it tells none."""
    try:
        found = Decimal(str(told))
    except InvalidOperation:  # the carrier does not tell it (yet)
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)
