"""What every test would compile again is compiled once a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> None:
    """Nearly every test has a database of its own, whose engine would compile every statement again.

    The compiled statements of all SQLite databases of this process are one collection. Its keys hold the dialect,
    which is the same for all of them.
    """
    SQLiteDialect_pysqlite.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign]
    SQLiteDialect_pysqlite.__hash__ = lambda one: hash(type(one))  # type: ignore[method-assign]
    compiled = LRUCache(5000)

    @event.listens_for(Engine, "engine_connect")
    def share(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.execution_options(compiled_cache=compiled)


@pytest.fixture(scope="session", autouse=True)
def addresses_compiled_once() -> None:
    """Many tests have a web application of their own, which would compile what builds its 300 addresses again.

    What is compiled depends on the text of the rule alone; the converters are looked up in the rule when it is called.
    """
    compile_builder, compiled = Rule._compile_builder, dict[Any, Callable[..., tuple[str, str]]]()

    def compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if rule.defaults:
            return compile_builder(rule, append_unknown)
        key = rule.rule, tuple(rule._trace), append_unknown
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    Rule._compile_builder = compile_once  # type: ignore[method-assign]
