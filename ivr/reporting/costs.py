"""Keeps what the carrier has asked for, by day, kind and country, and reads it for a page and a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ivr.carrier import spending
from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.enums import CarrierName, SpendingKind
from ivr.models.spending import Spending
from ivr.platform import database
from ivr.platform.column_types import insert
from ivr.platform.work_models import Checkpoint

#: Prices come hours later: so many days are asked for anew each time; after a pause as many as were missed.
_ANEW, _MOST = 3, 35
_ASKED, _FAILED = "costs", "costs_failed"
_MILLION = 1_000_000


@dataclass(frozen=True)
class Standing:
    """When the carrier last told its prices, and when it last could not be asked."""

    asked_at: datetime | None
    failed_at: datetime | None

    @property
    def is_behind(self) -> bool:
        """Whether the last attempt has failed, so that the figures are those of before."""
        return self.failed_at is not None and (self.asked_at is None or self.failed_at > self.asked_at)


@dataclass(frozen=True)
class Sum:
    """What was spent for one kind with one country, or for one kind in all (`country` is empty)."""

    kind: SpendingKind
    country: str
    currency: str
    count: int
    unpriced: int
    price: Decimal


def carrier_tells_prices() -> bool:
    """Whether it is known how the configured carrier tells prices."""
    return settings().carrier == CarrierName.TWILIO


def refresh(now: datetime) -> None:
    """Ask the carrier what the last days have cost, and store it.

    Raises:
        TwilioException, requests.RequestException: the carrier could not be asked, which is noted; what was known stays
            as it is.
    """
    if not carrier_tells_prices():
        return
    try:
        for day in _days(now):
            found = [*spending.calls_of(day), *spending.texts_of(day)]
            told = spending.between(day, day, ("totalprice",))
            with database.writing() as session:
                _note(session, _ASKED, now)  # the row also keeps a second scheduler waiting
                _replace(session, day, found, told)
    except Exception:
        with database.writing() as session:
            _note(session, _FAILED, now)
        raise


def _days(now: datetime) -> list[date]:
    """The days to ask for, the latest first."""
    with database.reading() as session:
        asked_at = standing(session).asked_at
    missed = (now.date() - asked_at.date()).days if asked_at else _MOST
    count = min(max(missed, 0) + _ANEW, _MOST)
    return [now.date() - timedelta(days=number) for number in range(count)]


def _note(session: Session, name: str, now: datetime) -> None:
    new = insert(session.get_bind().dialect, Checkpoint).values(name=name, at=now)
    session.execute(new.on_conflict_do_update(index_elements=[Checkpoint.name], set_={"at": now}))


def _replace(session: Session, day: date, found: Iterable[spending.Priced], account: Iterable[spending.Spent]) -> None:
    sums: dict[tuple[SpendingKind, str, str], list[int]] = {}
    for one in found:
        key = (one.kind, phone_numbers.country_of(one.number), one.currency if one.price is not None else "")
        counted = sums.setdefault(key, [0, 0, 0])
        counted[0] += 1
        counted[1] += one.price is None
        counted[2] += _millionths(one.price or Decimal(0))
    for told in account:
        sums[SpendingKind.ACCOUNT, "", told.currency[:3]] = [told.count, 0, _millionths(told.price)]
    session.execute(delete(Spending).where(Spending.day == day))
    for (kind, country, currency), (count, unpriced, price) in sums.items():
        session.add(
            Spending(
                day=day, kind=kind, country=country, currency=currency, count=count, unpriced=unpriced, price=price
            )
        )


def _millionths(price: Decimal) -> int:
    return int((price * _MILLION).to_integral_value())


def standing(session: Session) -> Standing:
    """When the carrier told its prices."""
    kept = {
        row.name: row.at for row in session.scalars(select(Checkpoint).where(Checkpoint.name.in_((_ASKED, _FAILED))))
    }
    return Standing(kept.get(_ASKED), kept.get(_FAILED))


def rows(session: Session, first: date, last: date) -> Sequence[Spending]:
    """Everything known of some days, the latest first."""
    query = select(Spending).where(Spending.day.between(first, last))
    order = (Spending.day.desc(), Spending.kind, Spending.price.desc(), Spending.country, Spending.currency)
    return session.scalars(query.order_by(*order)).all()


def sums(session: Session, first: date, last: date) -> list[Sum]:
    """What some days have cost, by kind and country; the dearest first."""
    query = (
        select(
            Spending.kind, Spending.country, Spending.currency, func.sum(Spending.count), func.sum(Spending.unpriced),
            func.sum(Spending.price),
        )
        .where(Spending.day.between(first, last))
        .group_by(Spending.kind, Spending.country, Spending.currency)
    )  # fmt: skip
    found = [
        Sum(kind, country, currency, int(count), int(unpriced), amount(int(price)))
        for kind, country, currency, count, unpriced, price in session.execute(query)
    ]
    places = list(SpendingKind)
    return sorted(found, key=lambda one: (places.index(one.kind), -one.price, one.country, one.currency))


def amount(millionths: int) -> Decimal:
    """A stored price in units of its currency."""
    return Decimal(millionths) / _MILLION
