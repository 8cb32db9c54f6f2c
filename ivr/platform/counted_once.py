"""Requests that have been counted: one of the carrier that is delivered again, because no answer came, counts as one.

Forms of pages are counted like that, too. Only a keyed hash of the request is kept, and for an hour: the carrier
repeats a request within seconds.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ivr.platform.column_types import insert
from ivr.platform.crypto import Purpose
from ivr.platform.keyed_hash import keyed_hash, keyed_hashes
from ivr.platform.work_models import CountedRequest

#: For how long it is known.
KEPT = timedelta(hours=1)


def is_counted(session: Session, what: str, request: str) -> bool:
    """Whether `what` was counted for a request. An empty request is a new one each time."""
    if not request:
        return False
    known = select(CountedRequest.id).where(CountedRequest.id.in_(_hashes(what, request)))
    return session.scalar(known.limit(1)) is not None


def count(session: Session, what: str, request: str, now: datetime) -> bool:
    """Whether `what` was not counted for a request before; from now on it is."""
    if not request:
        return True
    if is_counted(session, what, request):
        return False
    new = insert(session.get_bind().dialect, CountedRequest).values(id=_hashes(what, request)[0], counted_at=now)
    return session.scalar(new.on_conflict_do_nothing().returning(CountedRequest.id)) is not None


def is_first(session: Session, what: str, request: str, now: datetime) -> bool:
    """As :func:`count`, in one statement; a repetition is not recognised while the secret key is changed."""
    if not request:
        return True
    mark = keyed_hash(Purpose.COUNTED_REQUESTS, f"{what} {request}")
    new = insert(session.get_bind().dialect, CountedRequest).values(id=mark, counted_at=now)
    return session.scalar(new.on_conflict_do_nothing().returning(CountedRequest.id)) is not None


def forget(session: Session, now: datetime) -> None:
    """Delete what is no longer repeated."""
    session.execute(delete(CountedRequest).where(CountedRequest.counted_at <= now - KEPT))


def _hashes(what: str, request: str) -> list[str]:
    return keyed_hashes(Purpose.COUNTED_REQUESTS, f"{what} {request}")
