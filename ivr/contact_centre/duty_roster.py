"""The duty roster (Dienstplan): who should answer a team's calls, who does, who is missing.

Duties recur weekly. An exception for a day takes precedence. Members of a team's fallback group answer when nobody
of the team is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.contact_centre.agent_presence import is_there
from ivr.domain.roles import SERVING
from ivr.models.accounts import User, team_members
from ivr.models.contact_centre import Duty, DutyException, Presence


def who_answers(session: Session, team_id: int, now: datetime) -> Sequence[Presence]:
    """The members of a team who are there now; if there are none, those of its fallback group on duty."""
    there = select(Presence).where(is_there(now))
    own = session.scalars(there.where(_of_team(team_id))).all()
    return own or session.scalars(there.where(Presence.user_id.in_(_helpers(session, team_id, now)))).all()


def somebody_answers(session: Session, team_id: int, now: datetime) -> bool:
    """Whether anybody is there for a team."""
    return bool(who_answers(session, team_id, now))


def _of_team(team_id: int) -> ColumnElement[bool]:
    serving = select(User.id).join(team_members).where(team_members.c.team_id == team_id, User.active)
    return Presence.user_id.in_(serving.where(User.role.in_(SERVING)))


def _helpers(session: Session, team_id: int, now: datetime) -> list[int]:
    return [user.id for user in _by_plan(session, team_id, now, fallback=True)]


def on_duty(session: Session, team_id: int, now: datetime) -> list[User]:
    """The members who should answer now, without the fallback group. Exceptions of the day are taken into account."""
    found = {user.id: user for user in _by_plan(session, team_id, now, fallback=False)}
    local = now.astimezone(settings().hours.zone)
    theirs = select(User).join(team_members).where(team_members.c.team_id == team_id)
    extra = [
        user_id
        for user_id, (starts, ends) in _exceptions(session, local.date()).items()
        if user_id not in found and starts is not None and ends is not None and starts <= local.time() < ends
    ]
    return [*found.values(), *session.scalars(theirs.where(User.id.in_(extra)).order_by(User.id))]


def _by_plan(session: Session, team_id: int, now: datetime, *, fallback: bool) -> list[User]:
    local = now.astimezone(settings().hours.zone)
    planned = _planned(local.date()).where(Duty.team_id == team_id)
    duties = session.scalars(planned.where(Duty.fallback if fallback else ~Duty.fallback)).all()
    exceptions = _exceptions(session, local.date())
    found: dict[int, User] = {}
    for duty in duties:
        starts, ends = exceptions.get(duty.user_id, (duty.starts, duty.ends))
        if starts is not None and ends is not None and starts <= local.time() < ends:
            found[duty.user_id] = duty.user
    return list(found.values())


def begun(session: Session, now: datetime) -> dict[int, datetime]:
    """Since when each member has been on duty who is on duty now, in any team; helpers of the fallback group are not.

    Duties that follow each other without a pause are one.
    """
    local = now.astimezone(settings().hours.zone)
    exceptions = _exceptions(session, local.date())
    planned = _planned(local.date()).where(~Duty.fallback)
    spans = [(duty.user_id, duty.starts, duty.ends) for duty in session.scalars(planned)]
    spans = [span for span in spans if span[0] not in exceptions]
    spans += [(user, starts, ends) for user, (starts, ends) in exceptions.items() if starts and ends]
    found: dict[int, time] = {}
    for user_id, starts, ends in sorted(spans, key=lambda span: span[1], reverse=True):
        if starts <= local.time() < ends or ends == found.get(user_id):
            found[user_id] = starts
    return {user: datetime.combine(local.date(), starts, local.tzinfo) for user, starts in found.items()}


def whose_duty_is_over(session: Session, now: datetime) -> set[int]:
    """The members whose last duty of the day has ended since they came; one for that day alone is a duty, too."""
    local = now.astimezone(settings().hours.zone)
    exceptions = _exceptions(session, local.date())
    ends = {user_id: until for user_id, (_, until) in exceptions.items() if until is not None}
    for duty in session.scalars(_planned(local.date())):
        _, until = exceptions.get(duty.user_id, (duty.starts, duty.ends))
        if until is not None:
            ends[duty.user_id] = max(until, ends.get(duty.user_id, until))
    over = {user_id: until for user_id, until in ends.items() if until <= local.time()}
    here = session.execute(select(Presence.user_id, Presence.came_at).where(Presence.user_id.in_(over)))
    return {
        user_id
        for user_id, came_at in here
        if came_at is not None and came_at < datetime.combine(local.date(), over[user_id], local.tzinfo)
    }


def staff_by_hour(session: Session, day: date) -> list[int]:
    """How many members of all teams should answer in the middle of each hour of a local day, by the roster."""
    duties = session.scalars(_planned(day).where(~Duty.fallback)).all()
    exceptions = _exceptions(session, day)
    spans = {(duty.user_id, *exceptions.get(duty.user_id, (duty.starts, duty.ends))) for duty in duties}
    spans |= {(user_id, *hours) for user_id, hours in exceptions.items()}
    return [
        len({user for user, starts, ends in spans if starts is not None and ends is not None and starts <= at < ends})
        for at in (time(hour, 30) for hour in range(24))
    ]


def missing(session: Session, team_id: int, now: datetime) -> list[User]:
    """The members who should answer now and are not there."""
    there = {presence.user_id for presence in session.scalars(select(Presence).where(is_there(now)))}
    return [user for user in on_duty(session, team_id, now) if user.id not in there]


#: Whose duties count. Those of who has left stay in the plan until somebody deletes them.
_SERVES = (User.active, User.role.in_(SERVING))


def _planned(day: date) -> Select[Duty]:
    return select(Duty).join(Duty.user).where(Duty.weekday == day.weekday(), *_SERVES)


def _exceptions(session: Session, day: date) -> dict[int, tuple[time | None, time | None]]:
    found = session.scalars(select(DutyException).join(User).where(DutyException.day == day, *_SERVES))
    return {exception.user_id: (exception.starts, exception.ends) for exception in found}
