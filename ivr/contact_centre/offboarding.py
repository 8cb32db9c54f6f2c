"""Changes a person's role, teams or activity, and takes away what they may no longer do."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ivr.accounts import login_sessions
from ivr.accounts.users import _give_teams
from ivr.callbacks import claims
from ivr.contact_centre import agent_presence
from ivr.domain.enums import Role, TaskState
from ivr.domain.roles import SERVING
from ivr.models.accounts import User
from ivr.models.audit import Opening
from ivr.models.callbacks import CallbackTask


def change(
    session: Session, user: User, *, name: str, role: Role, active: bool, team_keys: Sequence[str], now: datetime
) -> None:
    """Change a user's role, teams or activity. A user with fewer rights than before is logged out and answers no calls.

    Raises:
        ValueError: a team does not exist.
    """
    before = (user.role, user.active, {team.key for team in user.scope})
    user.name, user.role, user.active = name, role, active
    _give_teams(session, user, team_keys)
    session.flush()
    if (user.role, user.active, {team.key for team in user.scope}) != before:
        login_sessions.end_all(session, user.id, now)
        _let_go(session, user, now)
        if not (active and role in SERVING):
            with suppress(agent_presence.NotNow):
                agent_presence.stop_answering(session, user, now, for_good=True)


def _let_go(session: Session, user: User, now: datetime) -> None:
    """Release the user's claims on tasks of other teams, and hide what the user had unlocked."""
    session.execute(delete(Opening).where(Opening.user_id == user.id))
    kept = [team.id for team in user.scope] if user.active else []
    held = select(CallbackTask).where(
        CallbackTask.state == TaskState.CLAIMED,
        CallbackTask.claimed_by_id == user.id,
        CallbackTask.team_id.not_in(kept),
    )
    for task in session.scalars(held).all():
        claims.release(session, task, user, now)
