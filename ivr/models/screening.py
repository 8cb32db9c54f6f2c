"""The tables of unwanted calls: numbers that ring very often, and numbers that are blocked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.models.accounts import User
from ivr.platform.orm import Base, Id


class FrequentCaller(Base):
    """A number that has rung very often; one row a number, however often it rings."""

    __tablename__ = "frequent_callers"
    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    calls: Mapped[int] = mapped_column(default=0)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)


class BlockedNumber(Base):
    """A number a supervisor has blocked for a stated time and reason."""

    __tablename__ = "blocked_numbers"
    id: Mapped[Id] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), index=True)
    reason: Mapped[str] = mapped_column(String(500))
    blocked_at: Mapped[datetime]
    until_at: Mapped[datetime]
    blocked_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    blocked_by: Mapped[User] = relationship(foreign_keys=[blocked_by_id])
