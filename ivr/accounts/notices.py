"""What somebody is told about their own log-in: which of it others have changed, when, and who it was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ivr.domain.enums import AccountChange
from ivr.models.accounts import AccountNotice, User

#: For so long after somebody else has changed a log-in, it confirms nothing that needs two people.
FRESH = timedelta(days=7)
#: What gives somebody else a way into a log-in, or a log-in other rights.
_WAYS_IN = (
    AccountChange.MADE, AccountChange.PASSWORD_SET, AccountChange.SECOND_FACTOR_REMOVED, AccountChange.ROLE_CHANGED,
    AccountChange.ACTIVITY_CHANGED, AccountChange.MAIL_CHANGED, AccountChange.LINK_MADE,
)  # fmt: skip
_KEPT = timedelta(days=365)
_SHOWN = 20


def tell(session: Session, user: User, change: AccountChange, by: str, now: datetime) -> None:
    """Tell somebody, from their next log-in on until they say that they have read it."""
    session.flush()
    session.add(AccountNotice(user_id=user.id, at=now, change=change, by_name=by[:120]))


def unread(session: Session, user_id: int) -> Sequence[AccountNotice]:
    """What somebody has not yet said to have read, the oldest first. That a log-in was made is no news."""
    query = select(AccountNotice).where(
        AccountNotice.user_id == user_id, AccountNotice.seen_at.is_(None), AccountNotice.change != AccountChange.MADE
    )
    return session.scalars(query.order_by(AccountNotice.id)).all()


def latest(session: Session, user_id: int) -> Sequence[AccountNotice]:
    """What others have changed about somebody's log-in, the newest first, read or not."""
    query = select(AccountNotice).where(AccountNotice.user_id == user_id)
    return session.scalars(query.order_by(AccountNotice.id.desc()).limit(_SHOWN)).all()


def read(session: Session, user_id: int, last: int, now: datetime) -> None:
    """Somebody has read everything up to the notice `last`."""
    theirs = (AccountNotice.user_id == user_id, AccountNotice.id <= last, AccountNotice.seen_at.is_(None))
    session.execute(update(AccountNotice).where(*theirs).values(seen_at=now))


def is_fresh(session: Session, user_id: int, now: datetime) -> bool:
    """Whether somebody else has lately opened a way into a log-in, or given it its role."""
    lately = (AccountNotice.change.in_(_WAYS_IN), AccountNotice.at > now - FRESH)
    query = select(AccountNotice.id).where(AccountNotice.user_id == user_id, *lately)
    return session.scalar(query.limit(1)) is not None


def forget(session: Session, now: datetime) -> None:
    """Delete old notices that were read."""
    session.execute(delete(AccountNotice).where(AccountNotice.seen_at < now - _KEPT))
