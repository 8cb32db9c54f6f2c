"""A database of PostgreSQL as the versions made it whose ids had 32 bits."""

from __future__ import annotations

from sqlalchemy import BigInteger, text

from ivr.platform import database
from ivr.platform.orm import Base

#: What had 64 bits before.
_ALWAYS_WIDE = {("spending", "price")}


def make_narrow() -> None:
    """Give all ids 32 bits again."""
    with database.engine().begin() as connection:
        for table in Base.metadata.sorted_tables:
            columns = [column.name for column in table.columns if isinstance(column.type, BigInteger)]
            columns = [name for name in columns if (table.name, name) not in _ALWAYS_WIDE]
            if columns:
                changes = ", ".join(f'ALTER COLUMN "{name}" TYPE integer' for name in columns)
                connection.execute(text(f'ALTER TABLE "{table.name}" {changes}'))
        for sequence in connection.scalars(text("SELECT sequencename FROM pg_sequences")).all():
            connection.execute(text(f'ALTER SEQUENCE "{sequence}" AS integer'))
