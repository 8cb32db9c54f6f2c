"""Which telephone numbers are in a call with the hotline now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from ivr.domain.enums import CallRowState, LegRole, LegState
from ivr.models.calls import Call
from ivr.models.contact_centre import Leg

#: A telephone of a caller whom we call back: it rings, or they are on the line.
_CALLED = (LegState.RINGING, LegState.ANSWERED, LegState.JOINED)
#: A call whose end was never told counts no longer than this.
_LONGEST = timedelta(hours=3)


def with_number(number: Any, now: datetime) -> ColumnElement[bool]:
    """The condition for numbers (a value or a column) whose telephone is in a call with us."""
    since = now - _LONGEST
    calls_us = exists().where(Call.from_number == number, Call.state != CallRowState.ENDED, Call.started_at > since)
    is_called = exists().where(
        Leg.number == number, Leg.role == LegRole.CALLER, Leg.state.in_(_CALLED), Leg.created_at > since
    )
    return or_(calls_us, is_called)


def is_calling(session: Session, number: str | None, now: datetime) -> bool:
    """Whether a telephone with a number is in a call with us: in a menu, recording, waiting, talking, called back."""
    return number is not None and bool(session.scalar(select(with_number(number, now))))
