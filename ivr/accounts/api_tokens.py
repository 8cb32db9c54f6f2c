"""Bearer tokens of programs that read the API."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain.enums import TokenScope
from ivr.models.accounts import ApiToken

#: What a token may do: read tasks without the caller; read numbers, words and messages as well; merge tasks, split
#: them, and decide about changes by receipt code.
SCOPES = tuple(TokenScope)

#: A token lasts so long unless said otherwise, and never longer.
TOKEN_DAYS, MOST_TOKEN_DAYS = 365, 730


def new_token(
    session: Session, name: str, now: datetime, *, scopes: Sequence[str] = ("tasks",), days: int = TOKEN_DAYS,
    token: str | None = None,
) -> str:  # fmt: skip
    """Make a bearer token; it is shown once and kept as a hash. `token`: this one, at least 256 random bits.

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
    token = token or secrets.token_urlsafe(32)
    expires_at = now + timedelta(days=days)
    chosen = [scope for scope in SCOPES if scope in scopes]
    session.add(
        ApiToken(
            name=name,
            token_hash=_token_hash(token),
            scopes=chosen,
            created_at=now,
            expires_at=expires_at,
            demo=settings().local,
        )
    )
    return token


def token_of(session: Session, token: str, now: datetime) -> ApiToken | None:
    """The token that is known, not revoked and not expired."""
    found = session.scalar(select(ApiToken).where(ApiToken.token_hash == _token_hash(token)))
    if found is None or (found.demo and not settings().local):
        return None
    return found if found.revoked_at is None and found.expires_at > now else None


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
