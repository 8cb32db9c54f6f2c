"""Rewrites the database's pages, so that deleted rows cannot be read in its files."""

from __future__ import annotations

import logging
import sqlite3
import time

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from ivr.platform import database

log = logging.getLogger(__name__)


#: Attempts to rewrite pages.
_TRIES = 5


#: Seconds to wait for the lock of a table.
_LOCK_SECONDS = 3


def scrub() -> bool:
    """Rewrite SQLite's file, or PostgreSQL's tables with callers' data. Returns False if a long read prevented it."""
    engine = database.engine()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT", writing=True) as connection:
        if engine.dialect.name == "sqlite":
            raw = connection.connection.cursor()
            raw.execute("PRAGMA query_only=OFF")
            for _ in range(_TRIES):
                try:
                    raw.execute("VACUUM")
                    if raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                        return True
                except sqlite3.OperationalError:
                    log.warning("the database is busy and is rewritten later")
                time.sleep(1.0)
            return False
        connection.execute(text(f"SET lock_timeout = '{_LOCK_SECONDS}s'"))
        done = [_rewritten(connection, table) for table in _REWRITTEN]
        connection.execute(text("SET lock_timeout = DEFAULT"))
    return all(done)


def _rewritten(connection: Connection, table: str) -> bool:
    for _ in range(_TRIES):
        try:
            connection.execute(text(f"VACUUM (FULL, ANALYZE) {table}"))
            return True
        except SQLAlchemyError as error:
            log.warning("%s is busy and is rewritten later (%s)", table, type(error).__name__)
            time.sleep(1.0)
    return False


#: The tables with callers' data.
_REWRITTEN = (
    "calls", "callback_tasks", "contacts", "later_calls", "voicebox_messages", "recordings", "transcripts",
    "search_words", "task_events", "drafts", "postal_orders", "appointment_wishes", "text_messages", "line_entries",
    "conversations", "conversation_words", "legs", "interpreter_requests", "transfers", "incidents", "legal_holds",
    "known_callers",
    "frequent_callers", "blocked_numbers", "pending_deletions",
)  # fmt: skip
