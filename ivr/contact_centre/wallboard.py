"""The wallboard: for each team the waiting callers, missed promises, members' states, and who should be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from ivr.callbacks import promises
from ivr.contact_centre import conversations, duty_roster, queue_order, service_level
from ivr.contact_centre.agent_presence import THERE
from ivr.domain.enums import PresenceState, SlaMeasure
from ivr.models.accounts import Team, User, team_members
from ivr.models.contact_centre import Conversation, Presence, QueueEntry


@dataclass(frozen=True)
class TeamBoard:
    """One team's call queue and members. The page counts the times itself."""

    team: Team
    waiting: Sequence[QueueEntry]
    #: Members with the conversation they are in, if any.
    members: Sequence[tuple[Presence, Conversation | None]]
    missing: Sequence[User]
    level: service_level.ServiceLevel
    #: Promises to call back that are missed and still open.
    missed: Mapping[SlaMeasure, int]


def of_teams(session: Session, teams: Sequence[Team], now: datetime) -> list[TeamBoard]:
    """The boards of these teams; the service level is that of the last half hour."""
    return [_of(session, team, now) for team in teams]


def _of(session: Session, team: Team, now: datetime) -> TeamBoard:
    waiting = session.scalars(
        select(QueueEntry)
        .where(
            QueueEntry.team_id == team.id,
            queue_order.IN_QUEUE,
            queue_order.is_served(session, now),
        )
        .order_by(*queue_order.ORDER)
    ).all()
    present = session.scalars(
        select(Presence)
        .options(joinedload(Presence.user))
        .join(team_members, team_members.c.user_id == Presence.user_id)
        .where(team_members.c.team_id == team.id, Presence.state.in_((*THERE, PresenceState.PAUSED)))
        .order_by(Presence.idle_since_at)
    ).all()
    return TeamBoard(
        team,
        waiting,
        [(here, conversations.of_user(session, here.user_id)) for here in present],
        duty_roster.missing(session, team.id, now),
        service_level.between(session, now - timedelta(minutes=30), now, team.id),
        promises.count_missed(session, team.id),
    )
