"""Links with which somebody chooses a password, once: invitations, and links for a forgotten password.

The database has the SHA-256 of a link's token. The token of an e-mail is made when the e-mail is written
(:mod:`ivr.accounts.link_mail_job`), so that it waits nowhere.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ivr.accounts import notices, users
from ivr.config.settings import settings
from ivr.domain.enums import AccountChange, LinkPurpose, WorkKind
from ivr.models.accounts import AccountLink, User
from ivr.platform import outbox
from ivr.platform.column_types import rows

#: For so long a link can be used.
LASTS = {LinkPurpose.INVITATION: timedelta(days=7), LinkPurpose.FORGOTTEN: timedelta(minutes=30)}
_KEPT = timedelta(days=30)


class NoLink(Exception):
    """The link was used, is too old, was replaced by another one, or its person has no password here."""


def invite(session: Session, user: User, by: str, now: datetime, *, by_mail: bool, token: str | None = None) -> str:
    """A new invitation, which replaces earlier links. Gives its token, or "" where it goes out by e-mail.

    `token`: the one that is given, at least 256 random bits; otherwise one is made.
    """
    link = _add(session, user, LinkPurpose.INVITATION, now)
    notices.tell(session, user, AccountChange.LINK_MADE, by, now)
    return "" if by_mail and _send(session, link, now) else give_token(link, token)


def forgotten(session: Session, email: str, now: datetime) -> User | None:
    """Send a link to whoever has an e-mail address; gives the person.

    For an address that is nobody's the same rows are written, so that the answer takes as long.
    """
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    if user is not None and not _has_password(user):
        user = None
    _send(session, _add(session, user, LinkPurpose.FORGOTTEN, now), now)
    return user


def _add(session: Session, user: User | None, purpose: LinkPurpose, now: datetime) -> AccountLink:
    if user is not None:
        session.flush()
        _end(session, user, now)
    link = AccountLink(user_id=user.id if user else None, purpose=purpose, made_at=now, expires_at=now + LASTS[purpose])
    session.add(link)
    session.flush()
    return link


def _end(session: Session, user: User, now: datetime) -> None:
    live = (AccountLink.user_id == user.id, AccountLink.expires_at > now)
    session.execute(update(AccountLink).where(*live).values(expires_at=now))


def _send(session: Session, link: AccountLink, now: datetime) -> bool:
    if not settings().smtp_url or (link.user is not None and not link.user.email):
        return False
    outbox.add(session, WorkKind.SEND_LINK, link.id, run_after=now)
    return True


def _has_password(user: User) -> bool:
    return user.active and user.sso_subject is None and (settings().local or not user.demo)


def give_token(link: AccountLink, token: str | None = None) -> str:
    """A new token for a link, or this one; one that it had before is worth nothing any more."""
    token = token or secrets.token_urlsafe(32)
    link.token_hash = _hash(token)
    return token


def find(session: Session, token: str, now: datetime) -> AccountLink | None:
    """The link of a token, if it can be used."""
    found = session.scalar(
        select(AccountLink).where(AccountLink.token_hash == _hash(token), AccountLink.expires_at > now)
    )
    return found if found is not None and found.user is not None and _has_password(found.user) else None


def use(session: Session, token: str, password: str, now: datetime) -> User:
    """Set the password that somebody has chosen. Log-ins of theirs end, second factors stay.

    Raises:
        NoLink: it cannot be used (any more).
        ValueError: the password is too short; the link can still be used.
    """
    users.check_password(password)
    link = find(session, token, now)
    if link is None or link.user is None:
        raise NoLink
    once = update(AccountLink).where(AccountLink.id == link.id, AccountLink.expires_at > now)
    if not rows(session.execute(once.values(expires_at=now))):
        raise NoLink  # somebody else was quicker with the same link
    if link.purpose == LinkPurpose.FORGOTTEN:
        notices.tell(session, link.user, AccountChange.PASSWORD_BY_MAIL, link.user.name, now)
    users.set_password(session, link.user, password, now)
    _end(session, link.user, now)
    return link.user


def invited_until(session: Session, now: datetime) -> dict[int, datetime]:
    """Until when the invitation of each person can be used, by their ids."""
    live = (AccountLink.purpose == LinkPurpose.INVITATION, AccountLink.expires_at > now)
    found = session.execute(select(AccountLink.user_id, AccountLink.expires_at).where(*live))
    return {user_id: until for user_id, until in found if user_id is not None}


def forget(session: Session, now: datetime) -> None:
    """Delete old links."""
    session.execute(delete(AccountLink).where(AccountLink.expires_at < now - _KEPT))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
