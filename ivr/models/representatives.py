"""People who call for others."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain.enums import Authority, Relation
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import NEVER_REUSED, Base, Id, one_of


class Representative(Base):
    """Somebody who calls about a task for another person (Vertretung): who, for whom, by what authority."""

    __tablename__ = "representatives"
    __table_args__ = (one_of("relation", *Relation), one_of("authority", *Authority), NEVER_REUSED)
    id: Mapped[Id] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), index=True)
    #: Who calls, and for whom, as a member has understood it.
    name: Mapped[str] = mapped_column(String(120))
    represents: Mapped[str] = mapped_column(String(120))
    #: parent, spouse, guardian, social_worker, other
    relation: Mapped[Relation] = mapped_column(Enumerated(Relation, 20))
    #: power_of_attorney, adviser, guardianship, statutory, none
    authority: Mapped[Authority] = mapped_column(Enumerated(Authority, 20))
    #: A member has seen the document that proves it.
    proved: Mapped[bool] = mapped_column(Boolean, default=False)
    #: The last day on which it counts; None: until further notice.
    counts_until: Mapped[date | None]
    recorded_at: Mapped[datetime]
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    #: When a member has noted that it does not count any more.
    ended_at: Mapped[datetime | None]
    task: Mapped[CallbackTask] = relationship()
    entered_by: Mapped[User] = relationship()
