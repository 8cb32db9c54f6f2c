"""The declarative base of all tables, and the checks and options that tables share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Integer,
    MetaData,
)
from sqlalchemy.orm import DeclarativeBase

from ivr.platform.column_types import Instant

#: The number of a row, or of one that is referred to: 64 bits. SQLite has no others, and counts only what is INTEGER.
Id = Annotated[int, "id"]


class Base(DeclarativeBase):
    """Declarative base with constraint names that migrations can rely on in both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        datetime: Instant(),
        Id: BigInteger().with_variant(Integer(), "sqlite"),
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
    }


def one_of(column: str, *values: str) -> CheckConstraint:
    """A check that a column has one of these values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


#: SQLite would reuse the id of a deleted last row. A URL must never lead to another person's row.
NEVER_REUSED = {"sqlite_autoincrement": True}
