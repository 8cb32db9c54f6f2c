"""The table of what the carrier has asked for its services."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Date, String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.domain.enums import SpendingKind
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import Base, one_of


class Spending(Base):
    """What one day (UTC) has cost: calls or text messages of one kind with one country, or the account as a whole."""

    __tablename__ = "spending"
    __table_args__ = (one_of("kind", *SpendingKind),)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[SpendingKind] = mapped_column(Enumerated(SpendingKind, 20), primary_key=True)
    #: Of the telephone at the other end: two letters (ISO 3166); empty where it has none, or for the account.
    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    #: ISO 4217, as the carrier names it; empty where no price is known.
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    #: Calls or text messages, and those among them of which the carrier has told no price (yet).
    count: Mapped[int]
    unpriced: Mapped[int]
    #: In millionths of the currency's unit.
    price: Mapped[int] = mapped_column(BigInteger)
