"""What people keep at the desk: pages they have open, drafts, and saved views of the queue."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.models.accounts import User
from ivr.platform.orm import Base


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
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    #: The filters, as they stand in the address.
    query: Mapped[str] = mapped_column(Text)
