"""Remembers, for one transaction, rows that were found by something else than their id.

    found_rows.remember(session)                             # from now on, until the transaction ends
    call = found_rows.find(session, ("call", sid), lookup)   # the lookup runs once

A replay of the spool writes many entries of one call in one transaction, and each looks for the same rows. Without
`remember` every lookup runs. What was not found, or was rolled back, expired or deleted, is looked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import inspect
from sqlalchemy.orm import Session

_KEY = "found_rows"
Row = TypeVar("Row")


def remember(session: Session) -> None:
    """Remember what is found from now on, and forget what was found before (it may have been rolled back)."""
    session.info[_KEY] = {}


def find(session: Session, key: Hashable, lookup: Callable[[], Row | None]) -> Row | None:
    """The row that a lookup finds, or has found under this key in the same transaction."""
    known: dict[Hashable, Any] | None = session.info.get(_KEY)
    if known is None:
        return lookup()
    row: Row | None = known.get(key)
    if row is None or not _holds(row):
        row = lookup()
        if row is not None:
            known[key] = row
    return row


def put(session: Session, key: Hashable, row: object) -> None:
    """The row of a key is this one, which has just been written."""
    if (known := session.info.get(_KEY)) is not None:
        known[key] = row


def expire(session: Session, key: Hashable) -> None:
    """The row of a key was changed past the session: it is read again when it is looked for next.

    What the session itself has changed in it must have been flushed.
    """
    row = session.info.get(_KEY, {}).pop(key, None)
    if row is not None and inspect(row).persistent:
        session.expire(row)


def _holds(row: object) -> bool:
    state = inspect(row)
    return state is not None and bool(state.persistent) and not state.expired
