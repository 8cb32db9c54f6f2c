"""Column types and statements that both databases treat alike."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import CursorResult, DateTime, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime in both databases (SQLite would drop the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values, store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give aware UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def insert(dialect: Dialect, table: Table | type[DeclarativeBase]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that may say what to do on a conflict; both databases spell that alike."""
    return postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)


def rows(result: object) -> int:
    """How many rows an UPDATE or DELETE has changed: of two who try the same, the one with 1 was first."""
    assert isinstance(result, CursorResult)  # noqa: S101 - these statements always give one
    return result.rowcount
