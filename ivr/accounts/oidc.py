"""Single sign-on by OpenID Connect: what the provider's claims make of somebody.

The provider vouches for who they are and for their second factor; role and teams follow its claims at every log-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.accounts import notices
from ivr.config.settings import settings
from ivr.domain.enums import AccountChange, Role
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User

#: A password that fits no hash.
_NO_PASSWORD = "!"  # noqa: S105


#: Of several roles that a provider grants, the first one counts.
_STRONGEST_FIRST = (Role.OFFICER, Role.ADMINISTRATOR, Role.SUPERVISOR, Role.MEMBER)


class NotMapped(Exception):
    """The claims give nobody a role, or their name belongs to somebody else."""


def user_of(session: Session, claims: Mapping[str, Any]) -> User:
    """The user of a set of verified claims, made or changed to what they say.

    Raises:
        NotMapped: no claim gives a role, there is no name, or the user name belongs to a log-in with a password.
    """
    configured = settings()
    subject = f"{claims.get('iss', '')} {claims.get('sub', '')}"
    granted = [configured.sso_roles[value] for value in _values(claims, configured.sso_role_claim)
               if value in configured.sso_roles]  # fmt: skip
    role = next((role for role in _STRONGEST_FIRST if role in granted), None)
    if role is None or not claims.get("sub") or len(subject) > 400:
        raise NotMapped("no role")
    user = session.scalar(select(User).where(User.sso_subject == subject))
    username = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])[:80]
    if user is None:
        if session.scalar(select(User.id).where(User.username == username)):
            raise NotMapped("the user name is taken")
        user = User(username=username, password_hash=_NO_PASSWORD, active=True, sso_subject=subject)
        session.add(user)
    elif not user.active:
        raise NotMapped("not active")
    before = user.role
    user.name, user.role = str(claims.get("name") or "").strip()[:120] or username, role
    keys = {
        key for value in _values(claims, configured.sso_team_claim) for key in configured.sso_teams.get(value, (value,))
    }
    teams = list(session.scalars(select(Team).where(Team.key.in_(keys))))
    user.teams = teams if role == Role.MEMBER else []
    user.supervised = teams if role == Role.SUPERVISOR else []
    session.flush()
    if before not in (None, user.role):
        notices.tell(session, user, AccountChange.ROLE_CHANGED, "single sign-on", utc_now())
    return user


def _values(claims: Mapping[str, Any], name: str) -> list[str]:
    value = claims.get(name) if name else None
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)] if value else []
