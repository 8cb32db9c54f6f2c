"""What people keep at the desk: pages they have open, drafts, saved views, and what they can still undo."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain.enums import TaskEventKind
from ivr.models.accounts import User
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import NEVER_REUSED, Base, Id


class TaskView(Base):
    """Somebody has a task's page open."""

    __tablename__ = "task_views"
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime]
    #: The mark of what the page showed when it was last opened (see ivr.callbacks.caller_news).
    seen: Mapped[str | None] = mapped_column(String(60))
    user: Mapped[User] = relationship()


class Draft(Base):
    """What a member is writing about a task and has not saved yet (Entwurf)."""

    __tablename__ = "drafts"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime]


class SavedView(Base):
    """A view of the queue that somebody has given a name."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("user_id", "name"),)
    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    #: The filters, as they stand in the address.
    query: Mapped[str] = mapped_column(Text)


class DoneAction(Base):
    """Something a member has done to tasks and can undo for some minutes."""

    __tablename__ = "done_actions"
    __table_args__ = (Index("ix_done_actions_user_id_done_at", "user_id", "done_at"), NEVER_REUSED)
    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    #: closed, released, handed_over, assigned
    kind: Mapped[TaskEventKind] = mapped_column(Enumerated(TaskEventKind, 40))
    done_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    tasks: Mapped[list[DoneToTask]] = relationship(order_by="DoneToTask.task_id", cascade="all, delete-orphan")


class DoneToTask(Base):
    """One task of such an action."""

    __tablename__ = "done_to_tasks"
    action_id: Mapped[int] = mapped_column(ForeignKey("done_actions.id", ondelete="CASCADE"), primary_key=True)
    task_id: Mapped[int] = mapped_column(
        ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    #: What the task and its clocks were before and after; no data of the caller (see ivr.callbacks.undo).
    record: Mapped[dict[str, Any]]


class Mention(Base):
    """A colleague is named in a note (Erwähnung)."""

    __tablename__ = "mentions"
    id: Mapped[Id] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), index=True)
    #: Who is mentioned, and who wrote the note.
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    #: When they opened the task.
    seen_at: Mapped[datetime | None]
