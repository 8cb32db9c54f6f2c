"""Copies a table of PostgreSQL with other types of some columns while it is written; the copy takes its place."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from ivr.platform import database

#: Rows of one batch, and for how long a batch is rested, as a share of what it took.
_BATCH, _REST = 5000, 0.2
#: Rows of a table whose indexes are made last.
_LARGE = 100_000
#: Milliseconds for which the exchange waits for whoever holds the table: all others wait behind it. Below the
#: deadlock_timeout of PostgreSQL (1 s): where two wait for each other, the copy gives way and not the house.
_WAIT_MS = 300
_FOREIGN = """
SELECT k.conname, k.conrelid::regclass::text AS source, k.confrelid::regclass::text AS target,
pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k WHERE k.contype = 'f' AND k.{side} = CAST(:table AS regclass) ORDER BY 1
"""
_UNIQUE = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = CAST(:table AS regclass) AND contype IN ('p', 'u') ORDER BY contype, 1
"""
_INDEXES = """
SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = CAST(:table AS regclass)
AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u')) ORDER BY 1
"""
_TRIGGERS = """
SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = CAST(:table AS regclass) AND NOT tgisinternal
ORDER BY 1
"""
_COLUMNS = """
SELECT attname FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped
AND attgenerated = '' ORDER BY attnum
"""
_KEY = """
SELECT a.attname FROM pg_constraint k, unnest(k.conkey) WITH ORDINALITY AS n (attnum, place)
JOIN pg_attribute a ON a.attrelid = CAST(:table AS regclass) AND a.attnum = n.attnum
WHERE k.conrelid = CAST(:table AS regclass) AND k.contype = 'p' ORDER BY n.place
"""
_SEQUENCES = """
SELECT d.objid::regclass::text AS sequence, a.attname AS column FROM pg_depend d
JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.refobjid = CAST(:table AS regclass) AND d.deptype = 'a'
"""
_VIEWS = """
SELECT DISTINCT r.ev_class::regclass::text FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
WHERE d.refobjid = CAST(:table AS regclass) AND d.classid = 'pg_rewrite'::regclass
"""
_GRANTS = """
SELECT CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END AS grantee, g.privilege_type
FROM pg_class c, aclexplode(c.relacl) AS g
WHERE c.oid = CAST(:table AS regclass) AND g.grantee <> c.relowner ORDER BY 1, 2
"""
_REPEAT = """
CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR ({old_key}) <> ({new_key})) THEN
    DELETE FROM {copy} WHERE ({key}) = ({old_key});
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO {copy} ({columns}) VALUES ({values}) ON CONFLICT ({key}) DO {on_conflict};
  END IF;
  RETURN NULL;
END $$
"""
_FILL = """
WITH batch AS MATERIALIZED (
  SELECT {columns} FROM {table} {after} ORDER BY {key} LIMIT {most} FOR KEY SHARE
), filled AS (INSERT INTO {copy} ({columns}) SELECT {columns} FROM batch ON CONFLICT ({key}) DO NOTHING)
SELECT {key}, count(*) OVER () AS rows FROM batch ORDER BY {descending} LIMIT 1
"""


_SOME = 'SELECT count(*) FROM (SELECT FROM "{table}" LIMIT {most}) AS found'


class CannotCopy(Exception):
    """Something depends on the table that would be lost."""


_INTERIM = "wide_"


def _interim(name: str) -> str:
    """The name of an index of the copy until it has its place."""
    return f"{_INTERIM}{sha256(name.encode()).hexdigest()[:20]}"


def _run(connection: Connection, statement: str) -> None:
    """A statement as it stands: what looks like a parameter is none."""
    connection.execute(text(re.sub(r":(?=\w)", r"\\:", statement)))


def _quoted(names: Sequence[str], prefix: str = "") -> str:
    return ", ".join(f'{prefix}"{name}"' for name in names)


class Copy:
    """The copy of one table, of which some columns become bigint."""

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        self.table, self.name, self._wide = table, f"{table}__wide", columns
        self._function = f"{table}__repeat"

    def _own(self) -> Any:
        """One connection, each statement a transaction of its own."""
        return database.engine().execution_options(isolation_level="AUTOCOMMIT").connect()

    def _ask(self, connection: Connection, query: str, table: str = "") -> list[Any]:
        return list(connection.execute(text(query), {"table": table or self.table}).all())

    def drop(self) -> None:
        """Forget the copy, however far it has come: what refers to it refers to the table again."""
        with self._own() as connection:
            if connection.scalar(text("SELECT to_regclass(:name)"), {"name": f'"{self.name}"'}) is not None:
                self._take_back(connection)
            _run(connection, f'DROP FUNCTION IF EXISTS "{self._function}" CASCADE')
            _run(connection, f'DROP TABLE IF EXISTS "{self.name}"')

    def fill(self) -> int:
        """Make the copy, let it follow the table, and copy what is there; how many rows.

        Raises:
            CannotCopy: a view shows the table.
        """
        self.drop()
        with self._own() as connection:
            if views := [row[0] for row in self._ask(connection, _VIEWS)]:
                raise CannotCopy(f"{', '.join(views)} shows {self.table}: drop it first and make it anew afterwards")
            columns = [row[0] for row in self._ask(connection, _COLUMNS)]
            key = [row[0] for row in self._ask(connection, _KEY)]
            self._make(connection)
            is_small = not self._is_large(connection)
            if is_small:
                self._make_indexes(connection, "")
            self._follow(columns, key)
            rows = self._copy_rows(connection, columns, key)
            if not is_small:
                self._make_indexes(connection, "CONCURRENTLY")
            self._refer_to_others(connection)
            _run(connection, f'ANALYZE "{self.name}"')
        return rows

    def _make(self, connection: Connection) -> None:
        options = "INCLUDING ALL EXCLUDING INDEXES"
        _run(connection, f'CREATE TABLE "{self.name}" (LIKE "{self.table}" {options})')
        changes = ", ".join(f'ALTER COLUMN "{column}" TYPE bigint' for column in self._wide)
        _run(connection, f'ALTER TABLE "{self.name}" {changes}')
        for name, definition in self._ask(connection, _UNIQUE):
            _run(connection, f'ALTER TABLE "{self.name}" ADD CONSTRAINT "{_interim(name)}" {definition}')

    def _follow(self, columns: Sequence[str], key: Sequence[str]) -> None:
        others = [column for column in columns if column not in key]
        changed = ", ".join(f'"{column}" = EXCLUDED."{column}"' for column in others)
        function = _REPEAT.format(
            function=f'"{self._function}"', copy=f'"{self.name}"', key=_quoted(key), columns=_quoted(columns),
            values=_quoted(columns, "NEW."), old_key=_quoted(key, "OLD."), new_key=_quoted(key, "NEW."),
            on_conflict=f"UPDATE SET {changed}" if others else "NOTHING",
        )  # fmt: skip
        trigger = (
            f'CREATE TRIGGER "{self._function}" AFTER INSERT OR UPDATE OR DELETE ON "{self.table}"'
            f' FOR EACH ROW EXECUTE FUNCTION "{self._function}"()'
        )
        with self._own() as connection:
            _run(connection, function)
        _patiently(lambda own: _run(own, trigger))

    def _copy_rows(self, connection: Connection, columns: Sequence[str], key: Sequence[str]) -> int:
        rows, last = 0, dict[str, Any]()
        while True:
            began = time.monotonic()
            given = ", ".join(f":k{number}" for number in range(len(key)))
            query = _FILL.format(
                table=f'"{self.table}"', copy=f'"{self.name}"', columns=_quoted(columns), key=_quoted(key), most=_BATCH,
                after=f"WHERE ({_quoted(key)}) > ({given})" if last else "",
                descending=", ".join(f'"{column}" DESC' for column in key),
            )  # fmt: skip
            found = connection.execute(text(query), last).one_or_none()
            if found is None:
                return rows
            rows += found.rows
            last = {f"k{number}": value for number, value in enumerate(found[: len(key)])}
            time.sleep(_REST * (time.monotonic() - began))

    def _is_large(self, connection: Connection) -> bool:
        """Whether indexes are made quicker when all rows are there; that waits for all transactions several times."""
        found = connection.scalar(text(_SOME.format(table=self.table, most=_LARGE)))
        return int(found or 0) >= _LARGE

    def _make_indexes(self, connection: Connection, how: str) -> None:
        for name, definition in self._ask(connection, _INDEXES):
            begins, _, rest = definition.partition(" ON ")
            unique = "UNIQUE " if begins.startswith("CREATE UNIQUE ") else ""
            columns = rest.partition(" ")[2]  # behind the name of the table
            _run(connection, f'CREATE {unique}INDEX {how} "{_interim(name)}" ON "{self.name}" {columns}')

    def _take_back(self, connection: Connection) -> None:
        for name, source, _, definition in self._ask(connection, _FOREIGN.format(side="confrelid"), self.name):
            if source == self.name:
                continue
            if name.startswith(_INTERIM):  # the one to the table is still there
                _run(connection, f'ALTER TABLE {_plain(source)} DROP CONSTRAINT "{name}"')
            else:
                self._repoint(connection, source, name, definition, self.table)
        there = {name for name, *_ in self._ask(connection, _FOREIGN.format(side="conrelid"))}
        for name, _, target, definition in self._ask(connection, _FOREIGN.format(side="conrelid"), self.name):
            if name not in there:
                to = self.table if target == self.name else target
                self._refer(connection, self.table, name, _pointing_at(definition, to))

    def _refer(self, connection: Connection, table: str, name: str, definition: str) -> None:
        """Let a table refer to another one; what is there already is looked at while nobody waits."""
        statement = f'ALTER TABLE {_plain(table)} ADD CONSTRAINT "{name}" {_unproven(definition)}'
        _patiently(partial(_run, statement=statement))
        _run(connection, f'ALTER TABLE {_plain(table)} VALIDATE CONSTRAINT "{name}"')

    def _refer_to_others(self, connection: Connection) -> None:
        """Let the copy refer to what the table refers to, and where to itself, to itself."""
        for name, _, target, definition in self._ask(connection, _FOREIGN.format(side="conrelid")):
            to = self.name if target == self.table else target
            self._refer(connection, self.name, name, _pointing_at(definition, to))

    def _repoint(self, connection: Connection, source: str, name: str, definition: str, to: str) -> None:
        """Let a table refer to the other of the two: both have the same rows at each moment."""
        interim = _interim(name)
        _run(connection, f'ALTER TABLE {_plain(source)} DROP CONSTRAINT IF EXISTS "{interim}"')
        self._refer(connection, source, interim, _pointing_at(definition, to))
        _patiently(partial(_in_its_place, table=source, name=name, interim=interim))

    def take_over(self) -> None:
        """Let all that refers to the table refer to the copy, and the table to nothing: one after the other."""
        with self._own() as connection:
            for name, source, _, definition in self._ask(connection, _FOREIGN.format(side="confrelid")):
                if source != self.table:
                    self._repoint(connection, source, name, definition, self.name)
            for name, *_ in self._ask(connection, _FOREIGN.format(side="conrelid")):
                statement = f'ALTER TABLE "{self.table}" DROP CONSTRAINT "{name}"'
                _patiently(partial(_run, statement=statement))

    def take_its_place(self) -> float:
        """The copy becomes the table, after :meth:`take_over`; for how many seconds it was locked.

        Raises:
            OperationalError: somebody holds the table. Nothing has changed.
        """
        with database.engine().begin() as connection:
            _run(connection, f"SET LOCAL lock_timeout = '{_WAIT_MS}ms'")
            triggers = [row for row in self._ask(connection, _TRIGGERS) if row[0] != self._function]
            names = [row[0] for query in (_UNIQUE, _INDEXES) for row in self._ask(connection, query)]
            grants, sequences = self._ask(connection, _GRANTS), self._ask(connection, _SEQUENCES)
            _run(connection, f'LOCK TABLE "{self.table}", "{self.name}" IN ACCESS EXCLUSIVE MODE')
            began = time.monotonic()
            for sequence, column in sequences:
                _run(connection, f'ALTER SEQUENCE {sequence} OWNED BY "{self.name}"."{column}"')
                _run(connection, f"ALTER SEQUENCE {sequence} AS bigint")
            _run(connection, f'DROP TABLE "{self.table}"')
            _run(connection, f'DROP FUNCTION "{self._function}"')
            _run(connection, f'ALTER TABLE "{self.name}" RENAME TO "{self.table}"')
            for name in names:
                _run(connection, f'ALTER INDEX "{_interim(name)}" RENAME TO "{name}"')
            for _, definition in triggers:
                _run(connection, definition)
            for grantee, right in grants:
                _run(connection, f'GRANT {right} ON "{self.table}" TO {grantee}')
        return time.monotonic() - began


def _pointing_at(definition: str, table: str) -> str:
    return re.sub(r"REFERENCES [^(]+\(", f"REFERENCES {_plain(table)}(", definition, count=1)


def _in_its_place(connection: Connection, table: str, name: str, interim: str) -> None:
    _run(connection, f'ALTER TABLE {_plain(table)} DROP CONSTRAINT "{name}"')
    _run(connection, f'ALTER TABLE {_plain(table)} RENAME CONSTRAINT "{interim}" TO "{name}"')


def _plain(table: str) -> str:
    return table if table.startswith('"') else f'"{table}"'


def _unproven(definition: str) -> str:
    return definition if definition.endswith("NOT VALID") else f"{definition} NOT VALID"


def _patiently(act: Callable[[Connection], object], tries: int = 200) -> None:
    """Do something that needs a table for a moment, again and again while somebody else holds it."""
    while True:
        with suppress(OperationalError), database.engine().begin() as connection:
            _run(connection, f"SET LOCAL lock_timeout = '{_WAIT_MS}ms'")
            act(connection)
            return
        tries -= 1
        if not tries:
            raise CannotCopy("somebody holds a table all the time: see pg_stat_activity")
        time.sleep(0.5)
