"""The deletion records: that data was deleted, how much, and whether that is verified. They name nobody."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.domain.enums import (
    AccessAction,
    DeletionCause,
)
from ivr.models.privacy import DeletionRecord
from ivr.platform import monitoring
from ivr.privacy import retention_periods
from ivr.privacy.expired_data import count_held

#: The remark of a record until its run has ended.
NOT_FINISHED = "not finished"


def add_count(session: Session, record_id: int, count: int) -> None:
    """Add the rows that a transaction has deleted to its record."""
    mine = update(DeletionRecord).where(DeletionRecord.id == record_id)
    session.execute(mine.values(deleted=DeletionRecord.deleted + count).execution_options(synchronize_session=False))


def begin_record(session: Session, kind: str, now: datetime) -> DeletionRecord:
    """Begin a record of the deletion of a kind. After a power failure it shows how far the run came."""
    before = retention_periods.cutoff(session, kind, now)
    record = DeletionRecord(
        at=now, cause=DeletionCause.PERIOD, kind=kind, cutoff_at=before, deleted=0, verified=False,
        held=count_held(session, kind, before), remains=NOT_FINISHED,
    )  # fmt: skip
    session.add(record)
    return record


def finish_record(session: Session, record_id: int, remains: str, now: datetime) -> DeletionRecord:
    """Finish a record with what remains; empty if all was deleted."""
    record = session.get_one(DeletionRecord, record_id, populate_existing=True)
    record.verified, record.remains = not remains, remains[:300]
    _log_record(session, record, now)
    return record


def write_record(session: Session, cause: str, count: int, remains: str, now: datetime) -> DeletionRecord:
    """Add a record that a person's data was deleted. It does not name the person."""
    record = DeletionRecord(
        at=now, cause=cause, kind="subject", cutoff_at=None, deleted=count, held=0, verified=not remains,
        remains=remains[:300],
    )  # fmt: skip
    session.add(record)
    _log_record(session, record, now)
    return record


def _log_record(session: Session, record: DeletionRecord, now: datetime) -> None:
    monitoring.count("deletions", record.deleted, record.kind)
    seen = "" if record.verified else ", not verified"
    detail = f"{record.cause} {record.kind}: {record.deleted} deleted, {record.held} held{seen}"
    access_log.append(session, access_log.SYSTEM, AccessAction.DELETED, now, detail=detail)
