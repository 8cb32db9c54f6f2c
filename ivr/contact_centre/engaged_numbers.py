"""Telephone numbers that are in a call with us, or are rung for one: nobody is rung there a second time."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.calls import going_on
from ivr.config.settings import settings
from ivr.contact_centre import interpreter_pool
from ivr.domain.enums import CallRowState, LegRole, LegState
from ivr.models.calls import Call
from ivr.models.contact_centre import Leg, Presence


def everywhere(session: Session, now: datetime) -> set[str | None]:
    """The numbers that are rung or talk, in whatever role: an interpreter may be in a call as somebody's companion.

    Of a service that takes several calls, when it has them all.
    """
    lately = Leg.created_at.between(now - going_on.LONGEST, now)
    engaged = select(Leg.number).where(Leg.number.is_not(None), Leg.state != LegState.ENDED, lately)
    calls = Counter(session.scalars(engaged))
    return {number for number, count in calls.items() if count >= interpreter_pool.calls_at_once(number)}


def of_members(session: Session, now: datetime) -> set[str | None]:
    """The numbers at which no member is rung now, because somebody is in a call with us there, or is rung for one.

    A member who is available may be in a call all the same: as an interpreter, as a caller, or because a colleague has
    the same telephone. The number of a telephone system (`trunk_numbers`) has lines enough for several.
    """
    theirs = select(Presence.number).where(Presence.number.is_not(None))
    calls_us = (Call.state != CallRowState.ENDED, Call.started_at > now - going_on.LONGEST)
    calling = select(Call.from_number).where(*calls_us, Call.from_number.in_(theirs))
    return {*everywhere(session, now), *session.scalars(calling)}.difference(settings().trunk_numbers)


def is_in_another_call(session: Session, leg: Leg, now: datetime) -> bool:
    """Whether a person is in another call with us, or is rung for one. A listed number has lines enough for several."""
    if leg.role == LegRole.COMPANION and leg.name is not None:
        return False
    elsewhere = select(func.count(Leg.id)).where(Leg.number == leg.number, Leg.id != leg.id, going_on.is_called())
    at_once = interpreter_pool.calls_at_once(leg.number)
    if (session.scalar(elsewhere) or 0) >= at_once:
        return True
    return at_once == 1 and going_on.is_calling(session, leg.number, now, apart_from=leg.id)
