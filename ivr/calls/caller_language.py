"""The language of a telephone number's last call, remembered under a keyed hash.

The number itself is not kept; nobody without the secret key can tell whose hash it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from operator import itemgetter

from sqlalchemy import Connection, Dialect, Insert, Table, delete, select
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.models.calls import KnownCaller
from ivr.platform.column_types import insert
from ivr.platform.crypto import Purpose
from ivr.platform.keyed_hash import keyed_hash, keyed_hashes

_KNOWN = Table("known_callers", KnownCaller.metadata)
#: Stands for the number of a caller who withholds it.
_WITHHELD = "withheld"
#: How often this process has remembered languages; whoever keeps them reads them again when it has changed.
revision = 0


def number_hash(number: str | None) -> str:
    """HMAC-SHA256 of an E.164 number in hex; one and the same for all who withhold theirs."""
    return keyed_hash(Purpose.KNOWN_CALLERS, number or _WITHHELD)


def number_hashes(number: str | None) -> list[str]:
    """All hashes that a number can be found under: with former secret keys as well."""
    return keyed_hashes(Purpose.KNOWN_CALLERS, number or _WITHHELD)


def known(session: Session, number: str) -> KnownCaller | None:
    """What is remembered of a number; the latest, where it is remembered under several keys."""
    found = select(KnownCaller).where(KnownCaller.number_hash.in_(number_hashes(number)))
    return session.scalar(found.order_by(KnownCaller.last_called_at.desc()).limit(1))


def language_of(session: Session, number: str | None, now: datetime) -> str | None:
    """The language a number was last served in, if it is remembered (still)."""
    days = settings().remember_language_days
    if number is None or not days:
        return None
    found = known(session, number)
    if found is None or found.last_called_at < now - timedelta(days=days):
        return None
    return found.language if found.language in settings().enabled_languages else None


def remember(connection: Connection, number: str | None, language: str, now: datetime) -> None:
    """Remember the language a caller has chosen."""
    remember_all(connection, [(number, language, now)])


def remember_all(connection: Connection, chosen: Sequence[tuple[str | None, str, datetime]]) -> None:
    """Remember the languages that callers have chosen: number, language and instant of each, the latest last."""
    global revision
    if not settings().remember_language_days:
        return
    values = [
        {"number_hash": number_hash(number), "language": language, "last_called_at": at}
        for number, language, at in chosen
        if number is not None
    ]
    if not values:
        return
    connection.execute(_latest(connection.dialect), sorted(values, key=itemgetter("number_hash")))
    revision += 1


@lru_cache(maxsize=4)
def _latest(dialect: Dialect) -> Insert:
    """The statement that remembers a language. Building it takes longer than writing many rows with it."""
    new = insert(dialect, _KNOWN)
    latest = {"language": new.excluded.language, "last_called_at": new.excluded.last_called_at}
    # Another process may be late with an earlier choice.
    is_later = new.excluded.last_called_at >= _KNOWN.c.last_called_at
    return new.on_conflict_do_update(index_elements=[_KNOWN.c.number_hash], set_=latest, where=is_later)


def forget(session: Session, now: datetime, days: int) -> None:
    """Delete what has been remembered for so many days."""
    oldest = now - timedelta(days=days)
    session.execute(delete(KnownCaller).where(KnownCaller.last_called_at < oldest))
