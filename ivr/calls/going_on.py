"""Which telephone numbers are in a call with the hotline now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from ivr.domain.enums import CallRowState, LegRole, LegState
from ivr.models.calls import Call
from ivr.models.contact_centre import Leg

#: A telephone that we call: it rings, or the person is on the line.
_CALLED = (LegState.RINGING, LegState.ANSWERED, LegState.JOINED)
#: A call whose end was never told counts no longer than this.
LONGEST = timedelta(hours=3)


def is_called() -> ColumnElement[bool]:
    """The condition for telephones that ring, or are on the line, or that the carrier has been asked to ring."""
    dialled = and_(Leg.state == LegState.WANTED, or_(Leg.call_sid.is_not(None), Leg.dialled_at.is_not(None)))
    return or_(Leg.state.in_(_CALLED), dialled)


def with_number(number: Any, now: datetime, *, apart_from: int = 0) -> ColumnElement[bool]:
    """The condition for numbers (a value or a column) whose telephone is in a call with us, or is rung for one.

    A number of the directory has lines enough for several calls. `apart_from`: the leg that is to be rung now.
    """
    since = now - LONGEST
    calls_us = exists().where(Call.from_number == number, Call.state != CallRowState.ENDED, Call.started_at > since)
    is_listed = and_(Leg.role.in_((LegRole.COMPANION, LegRole.SUCCESSOR)), Leg.name.is_not(None), Leg.user_id.is_(None))
    we_call = exists().where(
        Leg.number == number, ~is_listed, is_called(), Leg.created_at > since, Leg.id != apart_from
    )
    return or_(calls_us, we_call)


def is_calling(session: Session, number: str | None, now: datetime, *, apart_from: int = 0) -> bool:
    """Whether a telephone with a number is in a call with us: in a menu, recording, waiting, talking, called by us."""
    return number is not None and bool(session.scalar(select(with_number(number, now, apart_from=apart_from))))
