"""People who work at the desk, their passwords, and the tokens of programs that read the interface."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.models import ApiToken, Team, User

_hasher = PasswordHasher()


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


def add(session: Session, username: str, name: str, role: str, password: str, team_keys: Sequence[str]) -> User:
    """Add somebody; `role` is member or supervisor.

    Raises:
        ValueError: the name is taken, or a team does not exist.
    """
    if session.scalar(select(User.id).where(User.username == username)):
        raise ValueError(f"there is already a user {username!r}")
    teams = session.scalars(select(Team).where(Team.key.in_(team_keys))).all()
    if missing := set(team_keys) - {team.key for team in teams}:
        raise ValueError(f"there is no team {', '.join(sorted(missing))}")
    user = User(username=username, name=name, role=role, password_hash=_hasher.hash(password), active=True)
    user.teams = list(teams)
    session.add(user)
    return user


def colleagues(session: Session, user: User) -> Sequence[User]:
    """Active people to whom somebody may give tasks: those of their own teams; a supervisor, everybody."""
    query = select(User).where(User.active).order_by(User.name)
    if user.role != "supervisor":
        query = query.where(User.teams.any(Team.id.in_([team.id for team in user.teams])))
    return session.scalars(query).all()


def authenticate(session: Session, username: str, password: str) -> User | None:
    """The active user of a name and password. An unknown name takes as long as a wrong password."""
    user = session.scalar(select(User).where(User.username == username, User.active))
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
    user = session.scalar(select(User).where(User.personal_number == personal_number, User.active))
    try:
        _hasher.verify((user.pin_hash if user else None) or _nobody(), pin)
    except (VerificationError, InvalidHashError):
        return None
    return user


def new_token(session: Session, name: str, now: datetime) -> str:
    """Make a bearer token; it is shown once and kept as a hash.

    Raises:
        ValueError: the name is taken.
    """
    if session.scalar(select(ApiToken.id).where(ApiToken.name == name)):
        raise ValueError(f"there is already a token {name!r}")
    token = secrets.token_urlsafe(32)
    session.add(ApiToken(name=name, token_hash=_token_hash(token), created_at=now))
    return token


def token_is_valid(session: Session, token: str) -> bool:
    """Whether a bearer token is known and not revoked."""
    found = select(ApiToken.id).where(ApiToken.token_hash == _token_hash(token), ApiToken.revoked_at.is_(None))
    return session.scalar(found) is not None


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
