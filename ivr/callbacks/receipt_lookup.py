"""Looks up keyed-in codes, and limits the number of wrong tries.

A code is the receipt code (Eingangsnummer) of a request, or personal number and PIN of a team member. A wrong code
counts against the calling number and against all callers together. At the limit every code is refused for an hour, so
that a guesser learns nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ivr.accounts import users
from ivr.callbacks import contacts
from ivr.calls.caller_language import number_hash, number_hashes
from ivr.config.settings import settings
from ivr.models.accounts import User
from ivr.models.calls import CodeTry
from ivr.models.contacts import Contact

#: The period over which wrong codes are counted.
WINDOW = timedelta(hours=1)


class Locked(Exception):
    """Too many wrong codes; try again within WINDOW."""


def find(session: Session, code: str, number: str, now: datetime) -> Contact | None:
    """The contact of a receipt code; None, and one try counted, if there is none.

    For a withheld number, attempts are counted per call.

    Raises:
        Locked: this number, or all callers together, have tried too many wrong codes.
    """
    _require_tries_left(session, number, now)
    contact = contacts.by_code(session, code)
    if contact is None:
        session.add(CodeTry(number_hash=number_hash(number), tried_at=now))
    return contact


def member(session: Session, personal_number: str, pin: str, number: str | None, now: datetime) -> User | None:
    """The active team member of a personal number and PIN.

    None, and one try counted, if there is none, or if too many wrong ones have been tried.
    """
    try:
        _require_tries_left(session, number, now)
    except Locked:
        return None
    user = users.by_pin(session, personal_number, pin)
    if user is None:
        session.add(CodeTry(number_hash=number_hash(number), tried_at=now))
    return user


def _require_tries_left(session: Session, number: str | None, now: datetime) -> None:
    lately = CodeTry.tried_at > now - WINDOW
    own = select(func.count(CodeTry.id)).where(lately, CodeTry.number_hash.in_(number_hashes(number)))
    everybodys = session.scalar(select(func.count(CodeTry.id)).where(lately)) or 0
    if (session.scalar(own) or 0) >= settings().code_tries or everybodys >= settings().code_tries_overall:
        raise Locked


def forget(session: Session, now: datetime) -> None:
    """Delete tries that are too old to count."""
    session.execute(delete(CodeTry).where(CodeTry.tried_at <= now - WINDOW))
