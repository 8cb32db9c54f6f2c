"""Ids of 64 bits in a database of PostgreSQL that has 32, while calls go on (`python -m ivr widen-ids`).

Each table is copied: an empty one with wide columns is filled in small batches while a trigger repeats there what
happens in the old one, and then takes its name. Only that last step locks the table, for some milliseconds; it gives up
soon where somebody else holds the table, and tries again. Whoever is stopped in the middle begins that table anew.

Processes would not expect other types of what they have planned (:mod:`ivr.platform.kept_plans`), so that they keep no
plans from a moment before the first table until the last one is done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import BigInteger, Connection, text
from sqlalchemy.exc import OperationalError

from ivr.operations.table_copy import Copy
from ivr.platform import database, kept_plans, schema
from ivr.platform.orm import Base

log = logging.getLogger(__name__)

#: Ids end at this number where they have 32 bits.
_END = 2**31
_TYPES = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND data_type = 'integer'
"""
_LAST = (
    "SELECT max(last_value) FROM pg_sequences WHERE schemaname = current_schema() AND data_type = 'integer'::regtype"
)
#: How often a table is tried to be exchanged, and the seconds between two tries.
_TRIES, _PAUSE = 200, 0.5
#: Seconds after which every process has noticed that it is to keep no plans.
_NOTICED = 3.0


def narrow(connection: Connection) -> Mapping[str, Sequence[str]]:
    """Columns of ids that have 32 bits, by table."""
    if connection.dialect.name != "postgresql":
        return {}
    there = {(row.table_name, row.column_name) for row in connection.execute(text(_TYPES))}
    wide = {
        table.name: [column.name for column in table.columns if isinstance(column.type, BigInteger)]
        for table in Base.metadata.sorted_tables
    }
    found = {name: [column for column in columns if (name, column) in there] for name, columns in wide.items()}
    return {name: columns for name, columns in found.items() if columns}


def used(connection: Connection) -> float:
    """The share of the numbers of 32 bits that the furthest table has given away."""
    return int(connection.scalar(text(_LAST)) or 0) / _END


def widen(tell: Callable[[str], None]) -> None:
    """Widen all that is narrow. Safe to repeat; other processes go on.

    Raises:
        CannotCopy: something of a table is not ours, such as a view that somebody has made.
        StillMigrating: another process changes the schema.
    """
    with schema.changing():
        with database.glancing() as connection:
            tables = narrow(connection)
        if not tables:
            with database.writing() as session:
                kept_plans.go_on(session)  # whoever was stopped in the middle has left that
            return
        with _without_plans():
            for name, columns in tables.items():
                widen_table(name, columns, tell)


@contextmanager
def _without_plans() -> Iterator[None]:
    with database.writing() as session:
        kept_plans.pause(session)
    time.sleep(_NOTICED)
    try:
        yield
    finally:
        with database.writing() as session:
            kept_plans.go_on(session)


def widen_table(name: str, columns: Sequence[str], tell: Callable[[str], None]) -> None:
    """Widen columns of one table, and tell how long it took."""
    began = time.monotonic()
    copy = Copy(name, columns)
    rows = copy.fill()
    copy.take_over()
    for tries_left in reversed(range(_TRIES)):
        try:
            locked = copy.take_its_place()
            break
        except OperationalError:  # somebody holds the table: all others go on while we wait
            if not tries_left:
                copy.drop()
                raise
            time.sleep(_PAUSE)
    seconds = time.monotonic() - began
    tell(f"{name}: {rows} rows in {seconds:.1f} s, locked for {locked * 1000:.0f} ms")
