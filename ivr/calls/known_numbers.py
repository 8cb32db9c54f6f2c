"""Keeps in this process what the database knows of numbers, so that no call waits for it before the first word.

It is a second old at most while the database answers, and what it last was while it does not.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.exc import SQLAlchemyError

from ivr.calls import caller_language, recognition
from ivr.calls.recognition import KnownNumber
from ivr.config.settings import settings
from ivr.models.calls import KnownCaller
from ivr.models.contact_centre import BlockedNumber
from ivr.platform import database

_KNOWN = Table("known_callers", KnownCaller.metadata)
_BLOCKED = Table("blocked_numbers", BlockedNumber.metadata)

#: Seconds after which the database is asked for what is new.
_FRESH_SECONDS = 1.0
#: The highest number of remembered languages that a process keeps (some 15 MB). Beyond it the database is asked for
#: each call.
MOST_KEPT = 50_000
#: A language may be written so much later than it was chosen.
_LATE = timedelta(minutes=1)


@dataclass(frozen=True)
class _Kept:
    """What the database last said."""

    #: By the hash of the number: its language, and the instant of the call. None: they are too many to keep.
    languages: dict[str, tuple[str, datetime]] | None = field(default_factory=dict)
    #: The end of a block, by what the telephone shows.
    blocks: dict[str, datetime] = field(default_factory=dict)
    #: The latest call among the languages.
    latest_at: datetime | None = None


@dataclass(frozen=True)
class _Read:
    """From which database it was read, when (monotonic clock), and what this process had changed until then."""

    url: str
    at: float
    revision: int


_kept = _Kept()
_read: _Read | None = None
_blocks_changed = False
_reading = threading.Lock()


def look_up(number: str | None, shown: str | None, now: datetime) -> KnownNumber:
    """What is known of a caller. `number`: in E.164; `shown`: what their telephone shows, though it may be no number.

    While the database does not answer, what it last said.
    """
    kept = _present(now)
    if kept.languages is None:
        return _asked(number, shown, now)
    blocked_until = kept.blocks.get(shown) if shown else None
    try:
        language = _language(kept.languages, number, now)
    except SQLAlchemyError:  # former keys are read with the first number, and the database does not answer
        language = None
    return KnownNumber(language, blocked_until is not None and now < blocked_until)


def read_again() -> None:
    """Have the next call read the blocks that have just been changed here."""
    global _blocks_changed
    _blocks_changed = True


def forget() -> None:
    """Begin anew, as a process does that has just been started."""
    global _kept, _read
    _kept, _read = _Kept(), None


def _language(languages: dict[str, tuple[str, datetime]], number: str | None, now: datetime) -> str | None:
    days = settings().remember_language_days
    if not number or not days:
        return None
    try:
        hashes = caller_language.number_hashes(number)
    except SQLAlchemyError:  # former keys are in the database
        hashes = [caller_language.number_hash(number)]
    found = [languages[key] for key in hashes if key in languages]
    if not found:
        return None
    language, last_called_at = max(found, key=lambda one: one[1])
    still = last_called_at >= now - timedelta(days=days) and language in settings().enabled_languages
    return language if still else None


def _asked(number: str | None, shown: str | None, now: datetime) -> KnownNumber:
    try:
        with database.glancing() as connection:
            return recognition.look_up(connection, number, shown, now) if shown else KnownNumber()
    except SQLAlchemyError:
        return KnownNumber()


def _present(now: datetime) -> _Kept:
    """What is kept, read again if it is old. One call in a second waits for that; the others take what there is."""
    global _kept, _read, _blocks_changed
    new = _Read(settings().database, time.monotonic(), caller_language.revision)
    is_ours = _read is not None and _read.url == new.url
    if _read is not None and is_ours and not _is_old(_read, new):
        return _kept
    if not _reading.acquire(blocking=not is_ours):
        return _kept
    try:
        _read, _blocks_changed = new, False  # what is changed from now on is read once more
        before = _kept if is_ours else _Kept()
        _kept = before
        with database.glancing() as connection:
            _kept = _read_from(connection, before, now)
    except SQLAlchemyError:
        pass  # it is asked again in a second
    finally:
        _reading.release()
    return _kept


def _is_old(read: _Read, new: _Read) -> bool:
    return _blocks_changed or new.revision != read.revision or new.at - read.at >= _FRESH_SECONDS


def _read_from(connection: Connection, before: _Kept, now: datetime) -> _Kept:
    current = select(_BLOCKED.c.number, _BLOCKED.c.until_at).where(
        _BLOCKED.c.until_at > now, _BLOCKED.c.lifted_at.is_(None)
    )
    blocks: dict[str, datetime] = {}
    for number, until_at in connection.execute(current):
        blocks[number] = max(until_at, blocks.get(number, until_at))
    count = connection.scalar(select(func.count()).select_from(_KNOWN)) or 0
    if count > MOST_KEPT:
        return _Kept(None, blocks)
    languages = dict(before.languages or {}) if before.latest_at else {}
    if before.latest_at:
        languages |= _languages(connection, before.latest_at - _LATE)
    if len(languages) != count:  # some have been deleted
        languages = _languages(connection)
    return _Kept(languages, blocks, max((at for _, at in languages.values()), default=None))


def _languages(connection: Connection, since: datetime | None = None) -> dict[str, tuple[str, datetime]]:
    rows = select(_KNOWN.c.number_hash, _KNOWN.c.language, _KNOWN.c.last_called_at)
    if since is not None:
        rows = rows.where(_KNOWN.c.last_called_at >= since)
    return {key: (language, at) for key, language, at in connection.execute(rows)}
