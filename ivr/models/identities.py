"""Whose task it is, where a member has found that out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain.enums import IdentityProof
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import Base, one_of


class ProvenIdentity(Base):
    """A member has found out whose task it is (Identität festgestellt). A number that is shown proves nothing."""

    __tablename__ = "proven_identities"
    __table_args__ = (one_of("proof", *IdentityProof),)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True)
    #: A random mark that all tasks of one person share.
    person: Mapped[str] = mapped_column(String(32), index=True)
    #: file_data, document, code
    proof: Mapped[IdentityProof] = mapped_column(Enumerated(IdentityProof, 20))
    proven_at: Mapped[datetime]
    proven_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    task: Mapped[CallbackTask] = relationship()
    proven_by: Mapped[User] = relationship()
