"""Teams (Team): the database mirrors what the configuration names."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.domain.routing import TeamSettings
from ivr.models.accounts import Team
from ivr.platform import found_rows


def mirror(session: Session, configured: Mapping[str, TeamSettings]) -> None:
    """Add and rename teams. A team that is no longer configured stays: its tasks do."""
    known = {team.key: team for team in session.scalars(select(Team))}
    for key, team in configured.items():
        if key in known:
            known[key].name = team.name
        else:
            session.add(Team(key=key, name=team.name))


def by_key(session: Session, key: str, name: str) -> Team:
    """The team of a configured key; written down if the configuration is newer than the last `migrate`."""
    team = found_rows.find(session, ("team", key), lambda: session.scalar(select(Team).where(Team.key == key)))
    if team is None:
        team = Team(key=key, name=name)
        session.add(team)
        session.flush()
    return team
