"""Which telephone numbers are in a call with the hotline now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from ivr.domain.enums import CallRowState
from ivr.models.calls import Call

#: A call whose end was never told counts no longer than this.
_LONGEST = timedelta(hours=3)


def with_number(number: Any, now: datetime) -> ColumnElement[bool]:
    """The condition for numbers (a value or a column) whose telephone is in a call with us."""
    return exists().where(
        Call.from_number == number, Call.state != CallRowState.ENDED, Call.started_at > now - _LONGEST
    )


def is_calling(session: Session, number: str | None, now: datetime) -> bool:
    """Whether a telephone that shows a number is in a call with us: in a menu, recording, waiting or talking."""
    return number is not None and bool(session.scalar(select(with_number(number, now))))
