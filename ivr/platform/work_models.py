"""Tables of the outbox, the spool, checkpoints of periodic work, counted requests, and former keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Boolean,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ivr.platform.orm import Base, Id


class Checkpoint(Base):
    """How far something that is repeated has come."""

    __tablename__ = "checkpoints"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]


class SpoolEntry(Base):
    """An entry of a host's spool that has been written into the database: it is not written twice."""

    __tablename__ = "spool_entries"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    replayed_at: Mapped[datetime] = mapped_column(index=True)


class CountedRequest(Base):
    """A request of the carrier or a form that has been counted: delivered again it counts no second time."""

    __tablename__ = "counted_requests"
    #: Keyed hash of the request, and of what is counted.
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    counted_at: Mapped[datetime] = mapped_column(index=True)


class Work(Base):
    """The outbox: one row per piece of work that must happen, see :mod:`ivr.platform.outbox`."""

    __tablename__ = "work"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id"),
        Index(
            "ix_work_unfinished",
            "run_after",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index(
            "ix_work_failed",
            "failed_at",
            sqlite_where=text("done_at IS NULL AND failed_at IS NOT NULL"),
            postgresql_where=text("done_at IS NULL AND failed_at IS NOT NULL"),
        ),
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[Id]
    urgent: Mapped[bool] = mapped_column(Boolean, default=False)
    #: Times it was begun; a worker that dies over it counts too.
    attempts: Mapped[int] = mapped_column(default=0)
    #: Rises with each `add`, so that a job finishing meanwhile does not swallow the new wish.
    generation: Mapped[int] = mapped_column(default=1)
    run_after: Mapped[datetime]
    #: The hosts it is for, where not all do the same (see `transcription_pools`).
    pool: Mapped[str | None] = mapped_column(String(40))
    #: Of what may be done in any order, the earliest first.
    deadline_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    leased_by: Mapped[str | None] = mapped_column(String(120), index=True)
    done_at: Mapped[datetime | None]
    #: Since when it needs a person; it is still tried once an hour.
    failed_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(500))


class FormerKey(Base):
    """Keys of a former secret key that hashes and anchors still need, see :mod:`ivr.platform.former_keys`."""

    __tablename__ = "former_keys"
    #: The public key (hex) that signed anchors of the access log with that secret key.
    signer: Mapped[str] = mapped_column(String(64), primary_key=True)
    #: JSON, sealed with the present secret key.
    sealed: Mapped[str] = mapped_column(Text)
    kept_at: Mapped[datetime]
