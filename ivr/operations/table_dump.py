"""Writes all rows of a database as lines of JSON, and reads them back, the same for both databases.

So a backup of SQLite can be restored into PostgreSQL, for an installation that needs a larger database. Tables are
reflected from the database, so that this works for the schema of any version.
"""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Connection, LargeBinary, MetaData, Table, func, inspect, select, text
from sqlalchemy import Date as DateType
from sqlalchemy import DateTime as DateTimeType
from sqlalchemy import Time as TimeType
from sqlalchemy.exc import SAWarning

from ivr.platform import database, schema
from ivr.platform.orm import Base

#: The number of rows in one part.
_ROWS = 2000
_REVISION = "alembic_version"


def tables(connection: Connection) -> dict[str, Table]:
    """The existing tables, ordered so that a table follows those that it refers to."""
    found = _reflected(connection)
    return {table.name: table for table in found.sorted_tables if table.name != _REVISION}


def held() -> list[str]:
    """The hotline's tables that :func:`hold` holds, read in a transaction of its own."""
    with database.glancing() as connection:
        there = set(inspect(connection).get_table_names())
    return sorted(there & {*Base.metadata.tables, _REVISION})


def hold(connection: Connection, names: Iterable[str]) -> None:
    """Let nobody change tables until the end of the transaction, whose first statement this is.

    PostgreSQL shows a table that has been written anew since the transaction began as an empty one. SQLite shows all
    as it was.
    """
    listed = ", ".join(f'"{name}"' for name in names)
    if listed and connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {listed} IN ACCESS SHARE MODE"))


def strangers(connection: Connection) -> list[str]:
    """The tables of a database in which no table is the hotline's: it is another program's."""
    names = [name for name in inspect(connection).get_table_names() if name != _REVISION]
    return [] if set(names) & set(Base.metadata.tables) else sorted(names)


def drop(connection: Connection) -> None:
    """Drop the hotline's tables."""
    _reflected(connection).drop_all(connection)


def _reflected(connection: Connection) -> MetaData:
    """The hotline's tables as they are. What others have made beside them is nobody's business here.

    Of a newer version not all of its tables are known: then all that are there count as the hotline's.
    """
    found, ours = MetaData(), {*Base.metadata.tables, _REVISION}
    is_known = revision(connection) in schema.known_revisions()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # some indexes cannot be reflected
        found.reflect(connection, only=lambda name, _: name in ours or not is_known)
    return found


def revision(connection: Connection) -> str | None:
    """The schema's revision; None if the database was never migrated."""
    if not inspect(connection).has_table(_REVISION):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {_REVISION}"))  # noqa: S608 - a constant
    return found


def parts(connection: Connection, table: Table) -> Iterator[bytes]:
    """The rows of a table as lines of JSON, in parts."""
    order = list(table.primary_key.columns)
    rows = connection.execution_options(yield_per=_ROWS).execute(select(table).order_by(*order)).mappings()
    while some := list(islice(rows, _ROWS)):
        yield b"".join(json.dumps(dict(row), default=_written, ensure_ascii=False).encode() + b"\n" for row in some)


def load(connection: Connection, table: Table, part: bytes) -> int:
    """Insert the rows of a part. Returns their number."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for line in part.splitlines():
        row = {name: _read(table, name, value) for name, value in json.loads(line).items()}
        # A null would be stored as JSON's null in a column of type JSON. It is left out instead.
        row = {
            name: value for name, value in row.items() if value is not None or not isinstance(table.c[name].type, JSON)
        }
        groups.setdefault(tuple(row), []).append(row)
    for rows in groups.values():
        connection.execute(table.insert(), rows)
    return sum(map(len, groups.values()))


def last_ids(connection: Connection, found: Iterable[Table]) -> dict[str, int]:
    """The last id that each table has given, even if its row was deleted. An id is never given twice."""
    if connection.dialect.name == "sqlite":
        if not connection.scalar(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")):
            return {}
        return {row.name: row.seq for row in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    given = {}
    for table in found:
        sequence = _sequence(connection, table)
        last = sequence and connection.scalar(text(f"SELECT last_value FROM {sequence} WHERE is_called"))  # noqa: S608
        if last:
            given[table.name] = int(last)
    return given


def go_on_after(connection: Connection, found: Iterable[Table], given: Mapping[str, int]) -> None:
    """Set each table's next id to come after all that were given."""
    for table in found:
        last = given.get(table.name, 0)
        if connection.dialect.name == "sqlite":
            connection.execute(
                text("UPDATE sqlite_sequence SET seq = max(seq, :last) WHERE name = :name"),
                {"last": last, "name": table.name},
            )
            if last and _has_autoincrement(connection, table):
                connection.execute(
                    text(
                        "INSERT INTO sqlite_sequence (name, seq) SELECT :name, :last "
                        "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = :name)"
                    ),
                    {"last": last, "name": table.name},
                )
        elif sequence := _sequence(connection, table):
            (key,) = table.primary_key.columns
            highest = max(last, connection.scalar(select(func.max(key))) or 0)
            if highest:
                connection.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": highest})


def _has_autoincrement(connection: Connection, table: Table) -> bool:
    made = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table.name})
    return "AUTOINCREMENT" in (made or "").upper()


def _sequence(connection: Connection, table: Table) -> str | None:
    keys = list(table.primary_key.columns)
    if len(keys) != 1:
        return None
    named: str | None = connection.scalar(
        text("SELECT pg_get_serial_sequence(:table, :key)"), {"table": table.name, "key": keys[0].name}
    )
    return named


def _written(value: object) -> str:
    if isinstance(value, datetime):  # SQLite returns UTC without a time zone
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    raise TypeError(f"a value of type {type(value).__name__} cannot be dumped")


def _read(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].type
    if value is None:
        return None
    if isinstance(kind, DateTimeType):
        return datetime.fromisoformat(value)
    if isinstance(kind, DateType):
        return date.fromisoformat(value)
    if isinstance(kind, TimeType):
        return time.fromisoformat(value)
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    return value
