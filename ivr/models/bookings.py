"""The table of interpreters who are booked in advance."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform.orm import NEVER_REUSED, Base, Id


class InterpreterBooking(Base):
    """An interpreter is booked for the callback or the appointment of a task (Vormerkung).

    It counts while it is not canceled and the task still needs it, see :mod:`ivr.contact_centre.interpreter_bookings`.
    """

    __tablename__ = "interpreter_bookings"
    __table_args__ = (NEVER_REUSED,)
    id: Mapped[Id] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), index=True)
    #: What is to be interpreted.
    language: Mapped[str] = mapped_column(String(8))
    #: Who interprets, as the settings or the directory had them; the number is E.164.
    name: Mapped[str] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(String(32), index=True)
    begins_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    booked_at: Mapped[datetime]
    #: None: a program has booked them.
    booked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    canceled_at: Mapped[datetime | None]
    #: When they were first rung for it, and when they came.
    rung_at: Mapped[datetime | None]
    kept_at: Mapped[datetime | None]
    task: Mapped[CallbackTask] = relationship()
    booked_by: Mapped[User | None] = relationship()
