"""Merges: that a member has made one task of two, and what is needed to take that back; and that two are none."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform.orm import NEVER_REUSED, Base, Id


class Merge(Base):
    """A task was merged into another one of the same person (Zusammenführung)."""

    __tablename__ = "merges"
    __table_args__ = (NEVER_REUSED,)
    id: Mapped[Id] = mapped_column(primary_key=True)
    #: The task that stays, and the one that was closed.
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), index=True)
    merged_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), index=True)
    #: None: a program did it.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    merged_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    #: What has moved, and what the tasks and their clocks were before and after (see ivr.callbacks.merging).
    record: Mapped[dict[str, Any]] = mapped_column(default=dict)
    task: Mapped[CallbackTask] = relationship(foreign_keys=[task_id])
    merged: Mapped[CallbackTask] = relationship(foreign_keys=[merged_id])
    user: Mapped[User | None] = relationship()


class JudgedPair(Base):
    """A member has judged that two tasks are not of the same person. The lower id comes first."""

    __tablename__ = "judged_pairs"
    __table_args__ = (UniqueConstraint("low_id", "high_id"),)
    id: Mapped[Id] = mapped_column(primary_key=True)
    low_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"))
    high_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    judged_at: Mapped[datetime]
    user: Mapped[User] = relationship()
