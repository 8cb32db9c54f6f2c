"""PostgreSQL plans a statement once for each connection, not each time it is sent.

A page of the desk is forty statements, most of which take longer to plan than to execute. psycopg prepares what a
connection has sent five times. Two things made it forget that:

- It drops all prepared statements at a ROLLBACK, and every session that only reads ended with one. Such a transaction
  is read-only now and ends with COMMIT: there is nothing to roll back.
- A list of fifty ids was a statement of fifty parameters, and one of forty-nine another statement. `IN` with a list is
  sent as `= ANY` of one array, which is one statement however long the list is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy import BinaryExpression, BindParameter, Engine, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

#: How often a connection sends a statement before it is planned once for all.
_OFTEN = 5
#: Seconds between two looks at whether plans may be kept.
LOOK_EVERY = 1.0
_MARK = "plans_are_not_kept"
#: Asks whether plans may be kept, and so whether the database answers at all.
LOOK = f"SELECT to_regclass('{_MARK}')"


class Plans:
    """Whether this process keeps plans: not while ids get other types, which no plan expects."""

    are_kept = True
    looked_at = 0.0

    def found(self, mark: object) -> None:
        """A look has been answered."""
        self.are_kept, self.looked_at = mark is None, time.monotonic()

    def look(self, connection: Any) -> None:
        """Look on a connection of psycopg that is in no transaction."""
        connection.autocommit = True
        try:
            self.found(connection.execute(LOOK, prepare=False).fetchone()[0])
        finally:
            connection.autocommit = False

    def may_be_used(self, connection: Any) -> bool:
        """Whether a connection plans as it should from now on; otherwise it has to be opened anew."""
        had, connection.prepare_threshold = connection.prepare_threshold, _OFTEN if self.are_kept else None
        return had is not None or not self.are_kept


#: Of this process.
plans = Plans()


def pause(session: Session) -> None:
    """Let no process keep plans, some seconds from now on."""
    session.execute(text(f"CREATE TABLE IF NOT EXISTS {_MARK} ()"))


def go_on(session: Session) -> None:
    """Let all keep plans again."""
    session.execute(text(f"DROP TABLE IF EXISTS {_MARK}"))


def keep(engine: Engine) -> None:
    """Let the connections of an engine for PostgreSQL keep their plans."""
    compiler: type[SQLCompiler] = engine.dialect.statement_compiler
    engine.dialect.statement_compiler = type("ArrayCompiler", (_Arrays, compiler), {})
    roll_back = engine.dialect.do_rollback

    def end(connection: Any) -> None:
        if connection.read_only and connection.pgconn.transaction_status == TransactionStatus.INTRANS:
            connection.commit()
        else:
            roll_back(connection)

    engine.dialect.do_rollback = end  # type: ignore[method-assign,assignment]


@lru_cache(maxsize=4)
def for_reading(engine: Engine) -> Engine:
    """An engine whose transactions only read; in SQLite each transaction says so itself."""
    return engine if engine.dialect.name == "sqlite" else engine.execution_options(postgresql_readonly=True)


class _Arrays(SQLCompiler):
    """Sends lists of values as arrays."""

    def visit_in_op_binary(self, binary: BinaryExpression[bool], operator: Callable[..., Any], **how: Any) -> str:
        if (array := _array_of(binary, how)) is None:
            return self._generate_generic_binary(binary, " IN ", **how)
        return f"{self.process(binary.left, **how)} = ANY ({self.process(array, **how)})"

    def visit_not_in_op_binary(self, binary: BinaryExpression[bool], operator: Callable[..., Any], **how: Any) -> str:
        if (array := _array_of(binary, how)) is None:
            return f"({self._generate_generic_binary(binary, ' NOT IN ', **how)})"
        return f"({self.process(binary.left, **how)} != ALL ({self.process(array, **how)}))"


def _array_of(binary: BinaryExpression[bool], how: dict[str, Any]) -> BindParameter[Any] | None:
    """A list of values as one parameter; None where it is no list, or where the values stand in the statement."""
    values, column = binary.right, binary.left.type
    if not isinstance(values, BindParameter) or not values.expanding or values.literal_execute:
        return None
    if how.get("literal_binds") or how.get("literal_execute") or column._is_tuple_type:
        return None
    array = values._clone(maintain_key=True)
    array.expanding, array.expand_op, array.type = False, None, ARRAY(column)
    return array
