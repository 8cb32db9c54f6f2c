"""Changes a person's role, teams or activity, and takes away what they may no longer do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ivr.accounts import login_sessions
from ivr.accounts.users import _give_teams
from ivr.callbacks import claims
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence
from ivr.domain.enums import Role, TaskState
from ivr.domain.roles import SERVING
from ivr.models.accounts import User
from ivr.models.audit import Opening
from ivr.models.callbacks import CallbackTask


class OnlyForTrying(Exception):
    """A log-in of local mode is worth nothing in production: if it were active, no process would start."""


def change(
    session: Session, user: User, *, name: str, role: Role, active: bool, team_keys: Sequence[str], now: datetime
) -> None:
    """Change a user's role, teams or activity. A user with fewer rights than before is logged out and answers no calls.

    Raises:
        ValueError: a team does not exist. OnlyForTrying: in production a log-in of local mode stays inactive.
    """
    if active and user.demo and not settings().local:
        raise OnlyForTrying
    before = (user.role, user.active, {team.key for team in user.scope})
    user.name, user.role, user.active = name, role, active
    _give_teams(session, user, team_keys)
    session.flush()
    if (user.role, user.active, {team.key for team in user.scope}) != before:
        login_sessions.end_all(session, user.id, now)
        _let_go(session, user, now, kept=user.scope_ids if active else ())
        if not (active and role in SERVING):
            _is_rung_no_more(session, user, now)


def leave(session: Session, user: User, now: datetime) -> None:
    """Somebody's log-in is removed: no caller is put through to them, and the tasks that they hold are free again."""
    _let_go(session, user, now, kept=())
    _is_rung_no_more(session, user, now)


def _is_rung_no_more(session: Session, user: User, now: datetime) -> None:
    with suppress(agent_presence.NotNow):
        agent_presence.stop_answering(session, user, now, for_good=True)


def _let_go(session: Session, user: User, now: datetime, kept: Collection[int]) -> None:
    """Release the user's claims but on tasks of some teams (by their ids), and hide what the user had unlocked."""
    session.execute(delete(Opening).where(Opening.user_id == user.id))
    held = select(CallbackTask).where(
        CallbackTask.state == TaskState.CLAIMED,
        CallbackTask.claimed_by_id == user.id,
        CallbackTask.team_id.not_in(kept),
    )
    for task in session.scalars(held).all():
        claims.release(session, task, user, now)
