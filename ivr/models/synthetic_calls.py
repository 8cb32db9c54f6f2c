"""The table of synthetic calls, which the hotline makes to its own number."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ivr.platform.orm import Base, Id


class SyntheticCall(Base):
    """A call of the hotline to itself: how far it has come. It is no call of anybody and counts nowhere."""

    __tablename__ = "synthetic_calls"
    id: Mapped[Id] = mapped_column(primary_key=True)
    placed_at: Mapped[datetime] = mapped_column(index=True)
    #: The carrier's id of the call that came in; None until it has shown that it is ours.
    call_sid: Mapped[str | None] = mapped_column(String(64), unique=True)
    #: The step of the call script that is asked, and how many documents it has had.
    step: Mapped[str] = mapped_column(String(60), default="")
    turns: Mapped[int] = mapped_column(default=0)
    #: When it was told its receipt code.
    receipt_at: Mapped[datetime | None]
