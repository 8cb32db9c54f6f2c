"""Telephone numbers that are in a call with us, or are rung for one: nobody is rung there a second time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.calls import going_on
from ivr.domain.enums import LegRole, LegState
from ivr.models.contact_centre import Leg


def everywhere(session: Session, now: datetime) -> set[str | None]:
    """The numbers that are rung or talk, in whatever role: an interpreter may be in a call as somebody's companion."""
    engaged = select(Leg.number).where(Leg.number.is_not(None), Leg.state != LegState.ENDED, Leg.created_at <= now)
    return {*session.scalars(engaged)}


def is_in_another_call(session: Session, leg: Leg, now: datetime) -> bool:
    """Whether a person is in another call with us, or is rung for one. A listed number has lines enough for several."""
    if leg.role == LegRole.COMPANION and leg.name is not None:
        return False
    elsewhere = select(Leg.id).where(Leg.number == leg.number, Leg.id != leg.id, going_on.is_called())
    if session.scalar(elsewhere.limit(1)) is not None:
        return True
    return going_on.is_calling(session, leg.number, now, apart_from=leg.id)
