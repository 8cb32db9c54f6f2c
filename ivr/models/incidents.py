"""The table of what members have marked in calls: that they need help, an insult, a threat."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain.enums import BlockProposal, IncidentKind
from ivr.models.accounts import Team, User
from ivr.models.contact_centre import Conversation
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import NEVER_REUSED, Base, Id, one_of


class Incident(Base):
    """A call that a member has marked (Vorfall). An insult or a threat is evidence, with a period of its own."""

    __tablename__ = "incidents"
    __table_args__ = (one_of("kind", *IncidentKind), one_of("proposal", *BlockProposal), NEVER_REUSED)
    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[IncidentKind] = mapped_column(Enumerated(IncidentKind, 20))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"), index=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    #: The number that the telephone showed, or that was called; None: withheld, or only help was needed.
    number: Mapped[str | None] = mapped_column(String(32), index=True)
    #: What was said, as the member has written it down.
    text: Mapped[str] = mapped_column(Text, default="")
    marked_at: Mapped[datetime] = mapped_column(index=True)
    marked_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    #: When a supervisor has seen it.
    seen_at: Mapped[datetime | None]
    seen_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    #: Whether the number is to be blocked. Dismissed: there was no danger, and it counts no longer.
    proposal: Mapped[BlockProposal] = mapped_column(Enumerated(BlockProposal, 20), default=BlockProposal.NONE)
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    conversation: Mapped[Conversation | None] = relationship()
    team: Mapped[Team] = relationship()
    marked_by: Mapped[User] = relationship(foreign_keys=[marked_by_id])
