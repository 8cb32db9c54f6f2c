"""What the account has spent, by the carrier's own prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from ivr.carrier.client import client

#: The carrier's categories that the hotline uses; the total has others, too, such as the rent of the number.
CATEGORIES = ("calls-inbound", "calls-outbound", "sms-outbound", "recordings", "totalprice")


@dataclass(frozen=True)
class Spent:
    """What was spent in one category within days; `count` calls, messages or recordings."""

    category: str
    count: int
    price: Decimal
    currency: str


def between(first: date, last: date) -> list[Spent]:
    """What was spent from the first to the last day (UTC, both included); prices may come hours after the calls.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    found = []
    for category in CATEGORIES:
        for told in client().usage.records.list(category=category, start_date=first, end_date=last, limit=1):
            currency = str(told.price_unit or "").upper()
            found.append(Spent(category, int(_number(told.count)), _number(told.price), currency))
    return found


def _number(told: object) -> Decimal:
    try:
        return Decimal(str(told))
    except InvalidOperation:  # the carrier does not tell it (yet)
        return Decimal(0)
