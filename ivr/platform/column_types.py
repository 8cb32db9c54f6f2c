"""Column types and statements that both databases treat alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, CursorResult, DateTime, String, Table, and_, or_, select, type_coerce
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DataError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

_Member = TypeVar("_Member", bound=StrEnum)


class UnknownStoredValue(DataError):
    """A column of an enumeration holds a value that this version does not know.

    It counts as an error of the data: webhooks answer as if the row could not be read, the spool sets its entry aside.
    """

    def __init__(self, column: Column[Any] | None, expected: Sequence[str], value: str) -> None:
        super().__init__(None, None, ValueError(value))
        self.column = column
        self.expected = expected
        self.value = value
        #: Primary keys of rows with the value, as far as :meth:`look_up` has found them.
        self.rows: Sequence[Mapping[str, Any]] = ()

    def look_up(self, connection: Connection) -> None:
        """Find the primary keys of (the first three) rows that hold the value."""
        if self.column is None:
            return
        keys = [type_coerce(key, _plain(key)).label(key.name) for key in self.column.table.primary_key.columns]
        query = select(*keys).where(type_coerce(self.column, String()) == self.value).limit(3)
        self.rows = [dict(row) for row in connection.execute(query).mappings()]

    def __str__(self) -> str:
        """Table, column, row and value, and the values that are known."""
        place = "a column" if self.column is None else f"{self.column.table.name}.{self.column.name}"
        where = "; ".join(", ".join(f"{name} {key}" for name, key in row.items()) for row in self.rows)
        row = f" (row with {where})" if where else ""
        return f"{place} holds the unknown value {self.value!r}{row}; known are {', '.join(self.expected)}"


class Enumerated(TypeDecorator[_Member], Generic[_Member]):
    """Text of at most `length` characters that is one of an enumeration's values."""

    impl = String
    cache_ok = True

    def __init__(self, enumeration: type[_Member], length: int) -> None:
        """Raise ValueError where a member is longer than the column, which SQLite would not notice."""
        if longer := [f"{member!r}" for member in enumeration if len(member) > length]:
            raise ValueError(f"the column takes {length} characters, which is less than {', '.join(longer)}")
        super().__init__(length)
        self.enumeration = enumeration
        self.length = length
        self._column: Column[Any] | None = None

    def _set_parent(self, parent: Any, outer: bool = False, **options: Any) -> None:
        super()._set_parent(parent, outer=outer, **options)
        self._column = parent  # for the error only

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Refuse what is no value of the enumeration (ValueError)."""
        return None if value is None else self.enumeration(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> _Member | None:
        """The member of a stored value.

        Raises:
            UnknownStoredValue: the enumeration has no such value.
        """
        if value is None:
            return None
        try:
            return self.enumeration(value)
        except ValueError:
            raise UnknownStoredValue(self._column, list(self.enumeration), value) from None


def _plain(column: Column[Any]) -> Any:
    return String() if isinstance(column.type, Enumerated) else column.type


def has_known_values(model: type[DeclarativeBase]) -> ColumnElement[bool]:
    """A condition that leaves out rows whose enumerations hold values this version does not know.

    For work on many rows at once, which one such row must not stop.
    """
    conditions = []
    for column in model.__table__.columns:
        if isinstance(column.type, Enumerated):
            enumeration: type[StrEnum] = column.type.enumeration
            conditions.append(or_(column.is_(None), column.in_(list(enumeration))))
    return and_(*conditions)


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
    """How many rows an UPDATE or DELETE has changed: of two who try the same, the one with 1 was first.

    Not for an INSERT, of which PostgreSQL does not tell it: ask for RETURNING there.
    """
    assert isinstance(result, CursorResult)  # noqa: S101 - these statements always give one
    return result.rowcount
