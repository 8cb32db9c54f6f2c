"""Addresses from which a person's calendar program reads appointments: one a person, with a token, revocable."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain.roles import SERVING
from ivr.models.accounts import CalendarFeed, User


def make(session: Session, user: User, now: datetime) -> str:
    """A new address, which replaces the one before. Gives its token, which the database does not have."""
    revoke(session, user)
    token = secrets.token_urlsafe(32)
    session.add(CalendarFeed(user_id=user.id, token_hash=_hash(token), made_at=now))
    return token


def revoke(session: Session, user: User) -> None:
    """The address is worth nothing any more."""
    session.execute(delete(CalendarFeed).where(CalendarFeed.user_id == user.id))


def of(session: Session, user: User) -> CalendarFeed | None:
    """The address that somebody has."""
    return session.get(CalendarFeed, user.id)


def owner(session: Session, token: str) -> User | None:
    """Whose address a token is, if they work here and serve callers."""
    user = session.scalar(select(User).join(CalendarFeed).where(CalendarFeed.token_hash == _hash(token), User.active))
    if user is None or user.role not in SERVING or (user.demo and not settings().local):
        return None
    return user


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
