"""People who work at the desk, their passwords, and the tokens of programs that read the interface."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from ivr import callbacks
from ivr.access import log_ins, second_factors
from ivr.access.models import Opening
from ivr.access.roles import SERVING
from ivr.live import presence
from ivr.models import ApiToken, CallbackTask, Team, User

_hasher = PasswordHasher()


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


#: What a token may open: tasks without the caller; and numbers, words and messages as well.
SCOPES = ("tasks", "callers")
#: A token lasts so long unless said otherwise, and never longer.
TOKEN_DAYS, MOST_TOKEN_DAYS = 365, 730
#: Characters of a password.
SHORTEST_PASSWORD = 12


def add(session: Session, username: str, name: str, role: str, password: str, team_keys: Sequence[str]) -> User:
    """Add somebody. The teams are those a member works for, or a supervisor supervises; nobody else has any.

    Raises:
        ValueError: the name is taken, a team does not exist, or the password is too short.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(f"a password has at least {SHORTEST_PASSWORD} characters")
    if session.scalar(select(User.id).where(User.username == username)):
        raise ValueError(f"there is already a user {username!r}")
    user = User(username=username, name=name, role=role, password_hash=_hasher.hash(password), active=True)
    _give_teams(session, user, team_keys)
    session.add(user)
    return user


def change(
    session: Session, user: User, *, name: str, role: str, active: bool, team_keys: Sequence[str], now: datetime
) -> None:
    """Change what somebody is. Who may do less than before is logged out everywhere, and answers no calls.

    Raises:
        ValueError: a team does not exist.
    """
    before = (user.role, user.active, {team.key for team in user.scope})
    user.name, user.role, user.active = name, role, active
    _give_teams(session, user, team_keys)
    session.flush()
    if (user.role, user.active, {team.key for team in user.scope}) != before:
        log_ins.end_all(session, user.id, now)
        _let_go(session, user, now)
        if not (active and role in SERVING):
            with suppress(presence.NotNow):
                presence.go(session, user, now, for_good=True)


def _let_go(session: Session, user: User, now: datetime) -> None:
    """Tasks that are not somebody's business any more go back to the queue, and what they had opened is covered."""
    session.execute(delete(Opening).where(Opening.user_id == user.id))
    kept = [team.id for team in user.scope] if user.active else []
    held = select(CallbackTask).where(
        CallbackTask.state == "claimed", CallbackTask.claimed_by_id == user.id, CallbackTask.team_id.not_in(kept)
    )
    for task in session.scalars(held).all():
        callbacks.release(session, task, user, now)


def _give_teams(session: Session, user: User, team_keys: Sequence[str]) -> None:
    teams = list(session.scalars(select(Team).where(Team.key.in_(team_keys))))
    if missing := set(team_keys) - {team.key for team in teams}:
        raise ValueError(f"there is no team {', '.join(sorted(missing))}")
    user.teams = teams if user.role == "member" else []
    user.supervised = teams if user.role == "supervisor" else []


def colleagues(session: Session, user: User) -> Sequence[User]:
    """Active people to whom somebody may give tasks: those who serve the teams that are their business."""
    own = [team.id for team in user.scope]
    serves = or_(User.teams.any(Team.id.in_(own)), User.supervised.any(Team.id.in_(own)))
    query = select(User).where(User.active, User.role.in_(SERVING), serves | (User.id == user.id))
    return session.scalars(query.order_by(User.name)).all()


def set_password(session: Session, user: User, password: str, now: datetime) -> None:
    """A new password; whoever is logged in with the old one is not any more.

    Raises:
        ValueError: it is too short.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError("too short")
    user.password_hash = _hasher.hash(password)
    second_factors.drop_unconfirmed(user)
    log_ins.end_all(session, user.id, now)


def password_fits(user: User, password: str) -> bool:
    """Whether it is somebody's password."""
    try:
        return _hasher.verify(user.password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def authenticate(session: Session, username: str, password: str) -> User | None:
    """The active user of a name and password. An unknown name takes as long as a wrong password."""
    user = session.scalar(select(User).where(User.username == username, User.active, User.sso_subject.is_(None)))
    try:
        _hasher.verify(user.password_hash if user else _nobody(), password)
    except (VerificationError, InvalidHashError):
        return None
    return user


def set_pin(session: Session, username: str, personal_number: str, pin: str) -> None:
    """Let somebody say by telephone whether they answer calls.

    Raises:
        ValueError: no such user, a number that is taken, or digits that are none.
    """
    user = session.scalar(select(User).where(User.username == username))
    if user is None:
        raise ValueError(f"there is no user {username!r}")
    if not (personal_number.isdigit() and 3 <= len(personal_number) <= 8 and pin.isdigit() and 4 <= len(pin) <= 8):
        raise ValueError("a personal number has 3 to 8 digits, a PIN 4 to 8")
    if session.scalar(select(User.id).where(User.personal_number == personal_number, User.id != user.id)):
        raise ValueError(f"the number {personal_number} is somebody else's")
    user.personal_number, user.pin_hash = personal_number, _hasher.hash(pin)


def by_pin(session: Session, personal_number: str, pin: str) -> User | None:
    """The active user of a personal number and PIN. An unknown number takes as long as a wrong PIN."""
    serves = (User.personal_number == personal_number, User.active, User.role.in_(SERVING))
    user = session.scalar(select(User).where(*serves))
    try:
        _hasher.verify((user.pin_hash if user else None) or _nobody(), pin)
    except (VerificationError, InvalidHashError):
        return None
    return user


def new_token(
    session: Session, name: str, now: datetime, *, scopes: Sequence[str] = ("tasks",), days: int = TOKEN_DAYS
) -> str:
    """Make a bearer token; it is shown once and kept as a hash.

    Raises:
        ValueError: the name is taken, a scope is none of :data:`SCOPES`, or it would last too long.
    """
    if not name.strip() or len(name) > 80:
        raise ValueError("a token needs a name of at most 80 characters")
    if session.scalar(select(ApiToken.id).where(ApiToken.name == name)):
        raise ValueError(f"there is already a token {name!r}")
    if not scopes or set(scopes) - set(SCOPES):
        raise ValueError(f"a token has scopes of {', '.join(SCOPES)}")
    if not 1 <= days <= MOST_TOKEN_DAYS:
        raise ValueError(f"a token lasts 1 to {MOST_TOKEN_DAYS} days")
    token = secrets.token_urlsafe(32)
    expires_at = now + timedelta(days=days)
    chosen = [scope for scope in SCOPES if scope in scopes]
    session.add(
        ApiToken(name=name, token_hash=_token_hash(token), scopes=chosen, created_at=now, expires_at=expires_at)
    )
    return token


def token_of(session: Session, token: str, now: datetime) -> ApiToken | None:
    """The token that is known, not revoked and not expired."""
    found = session.scalar(select(ApiToken).where(ApiToken.token_hash == _token_hash(token)))
    return found if found is not None and found.revoked_at is None and found.expires_at > now else None


def tokens(session: Session) -> Sequence[ApiToken]:
    """All tokens, the newest first."""
    return session.scalars(select(ApiToken).order_by(ApiToken.id.desc())).all()


def revoke_token(session: Session, name: str, now: datetime) -> bool:
    """Revoke a token; False if there is none of that name."""
    token = session.scalar(select(ApiToken).where(ApiToken.name == name, ApiToken.revoked_at.is_(None)))
    if token is None:
        return False
    token.revoked_at = now
    return True


def _token_hash(token: str) -> str:
    # 256 random bits need no slow hash.
    return hashlib.sha256(token.encode()).hexdigest()
