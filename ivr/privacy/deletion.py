"""Deletes expired data, and counts what would be deleted.

Each transaction deletes a few rows, so that nobody waits long for the database. A deletion can be interrupted and
repeated. Which data has expired is decided in :mod:`ivr.privacy.expired_data`, how it is deleted in
:mod:`ivr.privacy.anonymisation`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, func, select, union
from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.domain.enums import RetentionKind
from ivr.models.audit import AccessLine
from ivr.models.calls import KnownCaller
from ivr.models.privacy import DeletionRecord
from ivr.models.reporting import DailyMetric
from ivr.platform import database
from ivr.platform.column_types import rows
from ivr.privacy import retention_periods
from ivr.privacy.deletion_records import add_count
from ivr.privacy.expired_data import KINDS, Part, count_held

#: The number of rows that one transaction deletes.
_PORTION = 200


@dataclass(frozen=True)
class Due:
    """The expired data of a kind: how many rows, and how many tasks are held."""

    kind: str
    cutoff_at: datetime
    days: int
    count: int
    held: int


def plan(session: Session, now: datetime) -> list[Due]:
    """What would be deleted now. Nothing is changed."""
    found = []
    for kind, length in retention_periods.all_days(session).items():
        before = now - timedelta(days=length)
        found.append(Due(kind, before, length, _count(session, kind, before, now), count_held(session, kind, before)))
    return found


def _count(session: Session, kind: str, before: datetime, now: datetime) -> int:
    if kind in KINDS:
        # Two parts may select the same row, which is deleted once.
        due: dict[object, list[Select[int]]] = defaultdict(list)
        for part in KINDS[kind]:
            due[part.delete].append(part.select_due(part.cutoff(before, now)))
        counts = (select(func.count()).select_from(union(*parts).subquery()) for parts in due.values())
        return sum(session.scalar(count) or 0 for count in counts)
    table, column = _TABLES_BY_AGE[kind]
    limit = before.date() if table is DailyMetric else before
    return session.scalar(select(func.count()).select_from(table).where(column < limit)) or 0


_TABLES_BY_AGE: dict[str, tuple[type, ColumnElement[object]]] = {
    RetentionKind.REMEMBERED_LANGUAGE: (KnownCaller, KnownCaller.last_called_at),  # type: ignore[dict-item]
    RetentionKind.ACCESS_LOG: (AccessLine, AccessLine.at),  # type: ignore[dict-item]
    "statistics": (DailyMetric, DailyMetric.day),  # type: ignore[dict-item]
}


def delete_kind(record: DeletionRecord) -> None:
    """Delete all expired data of a record's kind. Each transaction adds its count to the record."""
    kind, before, record_id = record.kind, record.cutoff_at or record.at, record.id
    if kind == RetentionKind.ACCESS_LOG:
        with database.writing() as session:
            add_count(session, record_id, access_log.trim(session, before, record.at))
    elif kind in _TABLES_BY_AGE:
        table, column = _TABLES_BY_AGE[kind]
        limit = before.date() if table is DailyMetric else before
        with database.writing() as session:
            add_count(session, record_id, rows(session.execute(delete(table).where(column < limit))))
    else:
        for part in KINDS[kind]:
            _delete_in_portions(part, part.cutoff(before, record.at), record_id)


def _delete_in_portions(part: Part, before: datetime, record_id: int) -> None:
    while True:
        with database.reading() as session:
            ids = session.scalars(part.select_due(before).limit(_PORTION)).all()
        if not ids:
            return
        with database.writing() as session:
            still = session.scalars(part.select_due(before).where(_key_of(part, before).in_(ids))).all()
            if still:
                part.delete(session, still)
                add_count(session, record_id, len(still))


def _key_of(part: Part, before: datetime) -> ColumnElement[int]:
    return part.select_due(before).selected_columns[0]


def left(kind: str, before: datetime, now: datetime) -> int:
    """The number of expired rows that still exist.

    (The newest line of the access log does not count, because the next line needs its hash.)
    """
    with database.reading() as session:
        if kind != RetentionKind.ACCESS_LOG:
            return _count(session, kind, before, now)
        newest = access_log.newest(session)[0]
        old = select(func.count(AccessLine.number)).where(AccessLine.at < before, AccessLine.number != newest)
        return session.scalar(old) or 0
