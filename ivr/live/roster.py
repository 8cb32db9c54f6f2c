"""The duty roster (Dienstplan): who should answer a team's calls, who does, who is missing.

Duties recur weekly; an exception of a day goes before them. Members of a team's fallback group answer when nobody
of the team is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from ivr.configuration import settings
from ivr.live.models import Duty, DutyException, Presence
from ivr.live.presence import THERE
from ivr.models import User, team_members


def who_answers(session: Session, team_id: int) -> Sequence[Presence]:
    """Those of a team who are there now; if nobody is, those of its fallback group."""
    own, helpers = _of_team(team_id), _helpers(team_id)
    there = select(Presence).where(Presence.state.in_(THERE))
    return session.scalars(there.where(own)).all() or session.scalars(there.where(helpers)).all()


def somebody_answers(session: Session, team_id: int) -> bool:
    """Whether anybody is there for a team."""
    there = select(Presence.user_id).where(Presence.state.in_(THERE), or_(_of_team(team_id), _helpers(team_id)))
    return session.scalar(there.limit(1)) is not None


def _of_team(team_id: int) -> ColumnElement[bool]:
    return Presence.user_id.in_(select(team_members.c.user_id).where(team_members.c.team_id == team_id))


def _helpers(team_id: int) -> ColumnElement[bool]:
    return Presence.user_id.in_(select(Duty.user_id).where(Duty.team_id == team_id, Duty.fallback))


def on_duty(session: Session, team_id: int, now: datetime) -> list[User]:
    """Who should answer now, the fallback group not counted."""
    local = now.astimezone(settings().hours.zone)
    duties = session.scalars(
        select(Duty).where(Duty.team_id == team_id, ~Duty.fallback, Duty.weekday == local.weekday())
    ).all()
    exceptions = _exceptions(session, local.date())
    found: dict[int, User] = {}
    for duty in duties:
        starts, ends = exceptions.get(duty.user_id, (duty.starts, duty.ends))
        if starts is not None and ends is not None and starts <= local.time() < ends:
            found[duty.user_id] = duty.user
    return list(found.values())


def missing(session: Session, team_id: int, now: datetime) -> list[User]:
    """Who should answer now and is not there."""
    there = {presence.user_id for presence in session.scalars(select(Presence).where(Presence.state.in_(THERE)))}
    return [user for user in on_duty(session, team_id, now) if user.id not in there]


def _exceptions(session: Session, day: date) -> dict[int, tuple[time | None, time | None]]:
    found = session.scalars(select(DutyException).where(DutyException.day == day))
    return {exception.user_id: (exception.starts, exception.ends) for exception in found}
