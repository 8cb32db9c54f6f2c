"""The tables of promises."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain.enums import SlaMeasure, SlaState, SlaTime
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import Base, Id, one_of

_RUNS = text("next_change_at IS NOT NULL")


class SlaClock(Base):
    """How far one promise of a task has come. Each state is reached once, and its instant stays."""

    __tablename__ = "sla_clocks"
    __table_args__ = (
        # tried: first real attempt; reached: spoken with, or closed with a reason
        one_of("measure", *SlaMeasure),
        one_of("clock", *SlaTime),
        # void: no longer expected (withdrawn, or closed without an attempt being needed)
        one_of("state", *SlaState),
        # The sweep reads only what changes by itself.
        Index("ix_sla_clocks_next_change", "next_change_at", sqlite_where=_RUNS, postgresql_where=_RUNS),
        Index("ix_sla_clocks_met", "met_at", "measure"),
        Index(
            "ix_sla_clocks_missed",
            "due_at",
            sqlite_where=text("missed_at IS NOT NULL"),
            postgresql_where=text("missed_at IS NOT NULL"),
        ),
        Index("ix_sla_clocks_running", "measure", "due_at", sqlite_where=_RUNS, postgresql_where=_RUNS),
        Index(
            "ix_sla_clocks_missed_open",
            "measure",
            "due_at",
            sqlite_where=text("state = 'missed'"),
            postgresql_where=text("state = 'missed'"),
        ),
    )
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True)
    measure: Mapped[SlaMeasure] = mapped_column(Enumerated(SlaMeasure, 10), primary_key=True)
    clock: Mapped[SlaTime] = mapped_column(Enumerated(SlaTime, 10))
    #: Hours of that clock that were promised.
    hours: Mapped[float]
    state: Mapped[SlaState] = mapped_column(Enumerated(SlaState, 10), default=SlaState.ON_TRACK)
    #: From when on it is at risk, and when it falls due.
    at_risk_at: Mapped[datetime]
    due_at: Mapped[datetime]
    #: When it was recorded to be at risk, missed, and met.
    at_risk_recorded_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]
    met_at: Mapped[datetime | None]
    #: When who answers for it was told that it is still open, hours after the miss.
    escalated_at: Mapped[datetime | None]
    #: When it changes by itself: at risk, then missed, then escalated.
    next_change_at: Mapped[datetime | None]
    task: Mapped[CallbackTask] = relationship(back_populates="clocks")


class SlaPause(Base):
    """The caller asked for a later date: the clocks of a task stand still."""

    __tablename__ = "sla_pauses"
    id: Mapped[Id] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    from_at: Mapped[datetime] = mapped_column(index=True)
    until_at: Mapped[datetime]
    user: Mapped[User] = relationship()
