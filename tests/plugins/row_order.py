"""Rows that no query has ordered come in another order than they were written in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


@event.listens_for(Engine, "connect")
def _reverse(connection: Any, _record: Any) -> None:
    """Let SQLite read backwards where it may, as PostgreSQL does once a row was changed."""
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute("PRAGMA reverse_unordered_selects=ON")
