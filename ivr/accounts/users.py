"""People who work at the desk, their passwords, and the tokens of programs that read the interface."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, lazyload

from ivr.accounts import login_sessions, mfa, notices
from ivr.config.settings import settings
from ivr.domain.digits import is_digits
from ivr.domain.enums import AccountChange, Role
from ivr.domain.roles import SERVING
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User

_hasher = PasswordHasher()


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


#: Characters of a password.
SHORTEST_PASSWORD = 12
#: For so long a password that somebody else has set can be used.
FIRST_PASSWORD_LASTS = timedelta(days=14)


def check_password(password: str) -> None:
    """See that a password is long enough. Spaces around it count for nothing.

    Raises:
        ValueError: it is not.
    """
    if len(password.strip()) < SHORTEST_PASSWORD:
        raise ValueError(f"a password has at least {SHORTEST_PASSWORD} characters")


def check_new(session: Session, username: str, team_keys: Sequence[str]) -> None:
    """See that somebody can be added.

    Raises:
        ValueError: the name is taken, or a team does not exist.
    """
    if session.scalar(select(User.id).where(User.username == username)):
        raise ValueError(f"there is already a user {username!r}")
    _teams(session, team_keys)


def add(
    session: Session, username: str, name: str, role: str, password: str, team_keys: Sequence[str], *,
    by: str = "", demo: bool = False,
) -> User:  # fmt: skip
    """Add somebody. The teams are those a member works for, or a supervisor supervises; nobody else has any.

    `by`: who knows the password beside the person, who then has to change it first. `demo`: for trying in local mode.

    Raises:
        ValueError: the name is taken, a team does not exist, or the password is too short.
    """
    check_password(password)
    check_new(session, username, team_keys)
    user = User(username=username, name=name, role=role, password_hash=_hasher.hash(password), active=True)
    user.demo = demo
    _give_teams(session, user, team_keys)
    session.add(user)
    if by:
        user.password_set_by, user.password_set_at = by[:120], utc_now()
        notices.tell(session, user, AccountChange.MADE, by, utc_now())
    return user


def named(session: Session, username: str) -> User:
    """The user of a name.

    Raises:
        ValueError: there is none.
    """
    user = session.scalar(select(User).where(User.username == username))
    if user is None:
        raise ValueError(f"there is no user {username!r}")
    return user


def _teams(session: Session, team_keys: Sequence[str]) -> list[Team]:
    teams = list(session.scalars(select(Team).where(Team.key.in_(team_keys))))
    if missing := set(team_keys) - {team.key for team in teams}:
        raise ValueError(f"there is no team {', '.join(sorted(missing))}")
    return teams


def _give_teams(session: Session, user: User, team_keys: Sequence[str]) -> None:
    teams = _teams(session, team_keys)
    user.teams = teams if user.role == Role.MEMBER else []
    user.supervised = teams if user.role == Role.SUPERVISOR else []


def colleagues(session: Session, user: User) -> Sequence[User]:
    """Active people to whom somebody may give tasks: those who serve the teams that are their business."""
    own = user.scope_ids
    serves = or_(User.teams.any(Team.id.in_(own)), User.supervised.any(Team.id.in_(own)))
    query = select(User).where(User.active, User.role.in_(SERVING), serves | (User.id == user.id))
    without_teams = (lazyload(User.teams), lazyload(User.supervised))
    return session.scalars(query.order_by(User.name).options(*without_teams)).all()


def set_password(session: Session, user: User, password: str, now: datetime, *, by: str = "") -> None:
    """A new password; whoever is logged in with the old one is not any more.

    `by`: who has set it, if not the person, who is told and has to change it first.

    Raises:
        ValueError: it is too short.
    """
    check_password(password)
    if not by and user.password_set_by is not None and password_fits(user, password):
        raise ValueError("the password must be another one")
    user.password_hash = _hasher.hash(password)
    user.password_set_by, user.password_set_at = (by[:120], now) if by else (None, None)
    if by:
        notices.tell(session, user, AccountChange.PASSWORD_SET, by, now)
    mfa.drop_unconfirmed(user)
    login_sessions.end_all(session, user.id, now)


def set_mail(session: Session, user: User, email: str, now: datetime, *, by: str = "") -> None:
    """Another e-mail address, or none (""). `by`: who has set it, if not the person, who is told.

    Raises:
        ValueError: it is somebody else's.
    """
    email = email.strip().lower()
    if email == (user.email or ""):
        return
    if email and session.scalar(select(User.id).where(User.email == email, User.id != user.id)):
        raise ValueError(f"{email} is the address of somebody else")
    user.email = email or None
    if by:
        notices.tell(session, user, AccountChange.MAIL_CHANGED, by, now)


def must_change_password(user: User) -> bool:
    """Whether somebody else knows the password, so that nothing is done with it but changing it."""
    return user.password_set_by is not None and user.sso_subject is None


def password_fits(user: User, password: str) -> bool:
    """Whether it is somebody's password."""
    try:
        return _hasher.verify(user.password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def authenticate(session: Session, username: str, password: str) -> User | None:
    """The active user of a name and password. An unknown name takes as long as a wrong password.

    A password that somebody else has set opens nothing after :data:`FIRST_PASSWORD_LASTS`.
    """
    user = session.scalar(select(User).where(User.username == username, User.active, User.sso_subject.is_(None)))
    try:
        _hasher.verify(user.password_hash if user else _nobody(), password)
    except (VerificationError, InvalidHashError):
        return None
    if user is None or (user.demo and not settings().local):
        return None
    set_at = user.password_set_at if user.password_set_by is not None else None
    return user if set_at is None or utc_now() < set_at + FIRST_PASSWORD_LASTS else None


def check_personal_number(session: Session, username: str, personal_number: str) -> User:
    """The user of a name, who may have a personal number.

    Raises:
        ValueError: no such user, or a number that is none or is taken.
    """
    user = named(session, username)
    check_personal_digits(personal_number)
    if session.scalar(select(User.id).where(User.personal_number == personal_number, User.id != user.id)):
        raise ValueError(f"the number {personal_number} is somebody else's")
    return user


def check_personal_digits(personal_number: str) -> None:
    """See that a personal number is one, whosever it is.

    Raises:
        ValueError: it is not.
    """
    if not _digits(personal_number, 3):
        raise ValueError("a personal number has 3 to 8 digits")


def check_pin(pin: str) -> None:
    """See that a PIN is one.

    Raises:
        ValueError: it is not.
    """
    if not _digits(pin, 4):
        raise ValueError("a PIN has 4 to 8 digits")


def _digits(text: str, least: int) -> bool:
    return is_digits(text) and least <= len(text) <= 8


def set_pin(session: Session, username: str, personal_number: str, pin: str, *, by: str = "") -> None:
    """Let somebody say by telephone whether they answer calls. `by`: who has set it, if not the person, who is told.

    Raises:
        ValueError: no such user, a number that is taken, or digits that are none.
    """
    user = check_personal_number(session, username, personal_number)
    check_pin(pin)
    user.personal_number, user.pin_hash = personal_number, _hasher.hash(pin)
    if by:
        notices.tell(session, user, AccountChange.PIN_SET, by, utc_now())


def by_pin(session: Session, personal_number: str, pin: str) -> User | None:
    """The active user of a personal number and PIN. An unknown number takes as long as a wrong PIN."""
    serves = (User.personal_number == personal_number, User.active, User.role.in_(SERVING))
    user = session.scalar(select(User).where(*serves))
    try:
        _hasher.verify((user.pin_hash if user else None) or _nobody(), pin)
    except (VerificationError, InvalidHashError):
        return None
    return user if user is not None and (settings().local or not user.demo) else None
