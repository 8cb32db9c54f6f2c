"""Log-ins and tokens that local mode has made for trying: in production they are refused, and removed by a command."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.accounts import login_sessions, mfa
from ivr.config.sections import ConfigurationError
from ivr.config.settings import settings
from ivr.models.accounts import ApiToken, StaffTelephone, User
from ivr.platform import database

#: A password that fits no hash.
_NO_PASSWORD = "!"  # noqa: S105
_LONGEST_NAME = 80


def users(session: Session) -> Sequence[User]:
    """Log-ins for trying with which somebody could log in."""
    return session.scalars(select(User).where(User.demo, User.active).order_by(User.username)).all()


def left(session: Session) -> Sequence[User]:
    """Log-ins for trying that are still to be removed, active or not: each has a user name that a person may want."""
    is_left = or_(User.active, User.password_hash != _NO_PASSWORD)
    return session.scalars(select(User).where(User.demo, is_left).order_by(User.username)).all()


def tokens(session: Session) -> Sequence[ApiToken]:
    """Tokens of programs that were made in local mode."""
    return session.scalars(select(ApiToken).where(ApiToken.demo, ApiToken.revoked_at.is_(None))).all()


def check() -> None:
    """See that production has no log-ins for trying, before a process begins its work.

    Without a database calls are answered all the same; nobody logs in then, and later not with these log-ins.

    Raises:
        ConfigurationError: naming them, and the command that removes them.
    """
    if settings().local:
        return
    names = []
    with suppress(SQLAlchemyError), database.reading() as session:
        names += [user.username for user in users(session)]
        names += [f"token {token.name}" for token in tokens(session)]
    if names:
        raise ConfigurationError(
            f"This database was begun in local mode and has log-ins for trying ({', '.join(names)}): remove them with "
            "`python -m ivr demo remove`, then start again."
        )


def remove(session: Session, now: datetime) -> list[str]:
    """Make the log-ins and tokens worthless; gives their names.

    The rows stay, because tasks may name them; their user names, e-mail addresses and telephones are free again.
    """
    removed = []
    for user in left(session):
        removed.append(user.username)
        login_sessions.end_all(session, user.id, now)
        mfa.remove_all(session, user)
        user.active, user.password_hash = False, _NO_PASSWORD
        user.personal_number = user.pin_hash = user.email = None
        session.execute(delete(StaffTelephone).where(StaffTelephone.user_id == user.id))
        user.username = f"{user.username[: _LONGEST_NAME - 20]} (demo {user.id})"
    for token in tokens(session):
        removed.append(f"token {token.name}")
        token.revoked_at = now
    return removed
