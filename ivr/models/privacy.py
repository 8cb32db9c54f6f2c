"""The tables of keeping and deleting. None of them names a caller."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain.enums import (
    DeletionCause,
    IdentityCheck,
    PendingDeletionKind,
    ProposalState,
    RetentionKind,
    SubjectRequestState,
    SubjectRight,
)
from ivr.models.accounts import User
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import Base, Id, one_of


class PeriodChange(Base):
    """A period (Löschfrist) an administrator wants changed; it counts once the officer has confirmed it."""

    __tablename__ = "period_changes"
    __table_args__ = (one_of("state", *ProposalState), Index(None, "kind", "decided_at"))
    id: Mapped[Id] = mapped_column(primary_key=True)
    #: See ivr.privacy.retention_periods.PERIODS.
    kind: Mapped[RetentionKind] = mapped_column(Enumerated(RetentionKind, 30))
    days: Mapped[int]
    reason: Mapped[str] = mapped_column(String(300))
    state: Mapped[ProposalState] = mapped_column(Enumerated(ProposalState, 10), default=ProposalState.PROPOSED)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    proposed_by: Mapped[User] = relationship(foreign_keys=[proposed_by_id])
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])


_LIES = text("lifted_at IS NULL")


class LegalHold(Base):
    """A task that must not be deleted for now, and why (for example a claim in court)."""

    __tablename__ = "legal_holds"
    __table_args__ = (Index("ix_legal_holds_lying", "task_id", sqlite_where=_LIES, postgresql_where=_LIES),)
    id: Mapped[Id] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id"))
    reason: Mapped[str] = mapped_column(String(300))
    placed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    placed_at: Mapped[datetime]
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    lifted_at: Mapped[datetime | None]
    placed_by: Mapped[User] = relationship(foreign_keys=[placed_by_id])


class PendingDeletion(Base):
    """Something outside of the database that has to go: audio in our store, or what the carrier keeps.

    When it is gone, a keyed hash stays for some days, so that nothing brings back what was deleted
    (:mod:`.tombstones`).
    """

    __tablename__ = "pending_deletions"
    __table_args__ = (one_of("kind", *PendingDeletionKind),)
    kind: Mapped[PendingDeletionKind] = mapped_column(Enumerated(PendingDeletionKind, 10), primary_key=True)
    sid: Mapped[str] = mapped_column(String(64), primary_key=True)
    planned_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class DeletionRecord(Base):
    """That something was deleted (Löschprotokoll): what kind, how much, why, and whether it was seen to be gone."""

    __tablename__ = "deletion_records"
    __table_args__ = (one_of("cause", *DeletionCause),)
    id: Mapped[Id] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    #: period: it was kept long enough; erasure: the person has demanded it; replay: again, after a restore
    cause: Mapped[DeletionCause] = mapped_column(Enumerated(DeletionCause, 10))
    kind: Mapped[str] = mapped_column(String(30))
    #: What was older than this.
    cutoff_at: Mapped[datetime | None]
    deleted: Mapped[int]
    #: Kept although it is older: a legal hold, or a restriction.
    held: Mapped[int]
    verified: Mapped[bool] = mapped_column(Boolean)
    #: Where something was still found; empty when all is gone.
    remains: Mapped[str] = mapped_column(String(300))


class SubjectRequest(Base):
    """A data subject (betroffene Person) has asked for one of their rights; whose data it was is not kept."""

    __tablename__ = "subject_requests"
    __table_args__ = (
        one_of("kind", *SubjectRight),
        one_of("state", *SubjectRequestState),
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[SubjectRight] = mapped_column(Enumerated(SubjectRight, 20))
    state: Mapped[SubjectRequestState] = mapped_column(
        Enumerated(SubjectRequestState, 10), default=SubjectRequestState.OPENED
    )
    #: How we know that it is them, see ivr.web.data_subject_requests.IDENTITY_CHECKS.
    identity_check: Mapped[IdentityCheck] = mapped_column(Enumerated(IdentityCheck, 30))
    #: The number or code that was named, sealed; emptied when the request is done.
    named: Mapped[str] = mapped_column(Text)
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    opened_at: Mapped[datetime] = mapped_column(index=True)
    done_at: Mapped[datetime | None]
    #: Who has looked at the identity a second time, where the check needs two people.
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    confirmed_at: Mapped[datetime | None]
    #: What came of it, in numbers.
    result: Mapped[str] = mapped_column(String(300))
    opened_by: Mapped[User] = relationship(foreign_keys=[opened_by_id])
    confirmed_by: Mapped[User | None] = relationship(foreign_keys=[confirmed_by_id])
