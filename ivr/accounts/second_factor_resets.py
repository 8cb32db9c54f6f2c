"""Removing somebody's second factors takes two administrators: one asks for it, another one confirms it.

Otherwise whoever may set passwords could log in as anybody. Where there is no second administrator, the operator does
it on the command line, which is logged (docs/operators.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.accounts import login_sessions, mfa, notices
from ivr.domain.enums import AccountChange, Role
from ivr.models.accounts import SecondFactorReset, User

#: What was asked for and not confirmed for so long has to be asked for again.
LASTS = timedelta(days=3)


class NeedsAnother(Exception):
    """This administrator cannot confirm it: they have asked for it, it is their own, or their log-in is too new."""


def ask(session: Session, user: User, asker: User, now: datetime) -> SecondFactorReset:
    """Ask that somebody's second factors are removed; the same wish twice is one."""
    for wish in waiting(session, now):
        if wish.user_id == user.id:
            return wish
    wish = SecondFactorReset(user_id=user.id, asked_by_id=asker.id, asked_at=now, confirmed=False)
    session.add(wish)
    notices.tell(session, user, AccountChange.SECOND_FACTOR_ASKED, asker.name, now)
    return wish


def waiting(session: Session, now: datetime) -> Sequence[SecondFactorReset]:
    """What is asked for and not decided, the oldest first."""
    undecided = (SecondFactorReset.decided_at.is_(None), SecondFactorReset.asked_at > now - LASTS)
    return session.scalars(select(SecondFactorReset).where(*undecided).order_by(SecondFactorReset.id)).all()


def may_confirm(session: Session, wish: SecondFactorReset, person: User, now: datetime) -> bool:
    """Whether somebody is the second one of two."""
    if person.role != Role.ADMINISTRATOR or not person.active or person.id in (wish.asked_by_id, wish.user_id):
        return False
    return not notices.is_fresh(session, person.id, now)


def decide(session: Session, wish: SecondFactorReset, person: User, confirmed: bool, now: datetime) -> None:
    """Confirm, or refuse. Who confirms removes the second factors, and the person is logged out everywhere.

    Raises:
        NeedsAnother: somebody else must confirm it.
    """
    if confirmed and not may_confirm(session, wish, person, now):
        raise NeedsAnother
    wish.decided_by_id, wish.decided_at, wish.confirmed = person.id, now, confirmed
    if confirmed:
        user = session.get_one(User, wish.user_id)
        mfa.remove_all(session, user)
        login_sessions.end_all(session, user.id, now)
        notices.tell(session, user, AccountChange.SECOND_FACTOR_REMOVED, f"{wish.asked_by.name}, {person.name}", now)
