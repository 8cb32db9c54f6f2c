"""The access log, its kept heads, and tasks that were opened with a reason."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from ivr.platform.orm import Base, Id


class Opening(Base):
    """Somebody has uncovered a task they do not hold, for a stated reason and a while."""

    __tablename__ = "openings"
    __table_args__ = (Index(None, "task_id", "user_id"),)
    id: Mapped[Id] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(String(300))
    opened_at: Mapped[datetime]
    until_at: Mapped[datetime] = mapped_column(index=True)


class AccessLine(Base):
    """A line of the access log (Zugriffsprotokoll), chained to the one before; see :mod:`ivr.audit.access_log`.

    It refers to nothing, so that it outlives what it is about.
    """

    __tablename__ = "access_log"
    __table_args__ = (
        Index(None, "task_id", "number"),
        Index(None, "user_id", "action", "at"),
        Index(None, "action", "number"),
        Index(None, "team", "number"),
    )
    number: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    #: See ivr.audit.access_log.ACTIONS.
    action: Mapped[str] = mapped_column(String(20))
    #: The user; None where a program or the hotline itself has acted, which `actor` names.
    user_id: Mapped[Id | None]
    actor: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    task_id: Mapped[Id | None]
    #: Key of the team whose task it was.
    team: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(300))
    address: Mapped[str] = mapped_column(String(64))
    #: What else: which recording, how many tasks, covered or not; never what was read.
    detail: Mapped[str] = mapped_column(String(500))
    #: For a line that says that older ones were deleted: up to which.
    trimmed_through: Mapped[Id | None]
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AccessHead(Base):
    """The newest line of the access log; a writer locks this row, so that lines follow each other."""

    __tablename__ = "access_head"
    id: Mapped[Id] = mapped_column(primary_key=True)
    number: Mapped[Id]
    hash: Mapped[str] = mapped_column(String(64))
