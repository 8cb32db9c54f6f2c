"""PostgreSQL plans a statement once for each connection, not each time it is sent.

A page of the desk is forty statements, most of which take longer to plan than to execute. psycopg prepares what a
connection has sent five times. Two things made it forget that:

- It drops all prepared statements at a ROLLBACK, and every session that only reads ended with one. Such a transaction
  is read-only now and ends with COMMIT: there is nothing to roll back.
- A list of fifty ids was a statement of fifty parameters, and one of forty-nine another statement. `IN` with a list is
  sent as `= ANY` of one array, which is one statement however long the list is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy import BinaryExpression, BindParameter, Engine
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.compiler import SQLCompiler


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
