"""Writes alone, again and again while a row is held by somebody else, so that one held row holds up nobody else.

place = taking_turns.alone(lambda session: ...)   # what it does must be right when it is done anew
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.domain.enums import DatabaseFault
from ivr.platform import database
from ivr.platform.database_faults import fault_of

_Result = TypeVar("_Result")
#: Seconds for which a transaction that writes alone is tried while a row is held by somebody else.
_PATIENCE = 1.2
_PAUSE = 0.05


def alone(write: Callable[[Session], _Result], *, patience: float | None = None) -> _Result:
    """What `write` gives, in a transaction of its own (see :func:`ivr.platform.database.writing_alone`).

    A row that somebody else holds must not hold up all who write alone: they go first, and it is tried again, for
    `patience` seconds.

    Raises:
        SQLAlchemyError: the row was held for too long, or the database is away.
    """
    until = time.monotonic() + (_PATIENCE if patience is None else patience)
    while True:
        try:
            with database.writing_alone(waits_for_rows=False) as session:
                return write(session)
        except SQLAlchemyError as error:
            if fault_of(error) != DatabaseFault.BUSY or time.monotonic() > until:
                raise
        time.sleep(_PAUSE)
