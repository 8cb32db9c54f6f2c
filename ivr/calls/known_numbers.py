"""Keeps in this process what the database knows of numbers, so that no call waits for it before the first word.

It is a second old at most while the database answers, and what it last was while it does not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.calls import caller_language, recognition
from ivr.calls.recognition import KnownNumber
from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.models.calls import KnownCaller
from ivr.models.screening import BlockedNumber
from ivr.platform import database
from ivr.platform.kept_reading import KeptReading

_KNOWN = Table("known_callers", KnownCaller.metadata)
_BLOCKED = Table("blocked_numbers", BlockedNumber.metadata)

#: The highest number of remembered languages that a process keeps (some 15 MB). Beyond it the database is asked for
#: each call.
MOST_KEPT = 50_000
#: A language may be written so much later than it was chosen, and is still among the new ones.
_LATE = timedelta(minutes=1)
#: Seconds after which all languages are read, whatever seems to be new: one that was written later than that, and one
#: that was erased when another came, may have been missed.
WHOLE_SECONDS = 300.0


@dataclass(frozen=True)
class _Languages:
    """What a process remembers of all numbers."""

    #: By the hash of the number: its language, and the instant of the call.
    of: Mapping[str, tuple[str, datetime]] = field(default_factory=dict)
    #: The latest call among them.
    latest_at: datetime | None = None
    #: When all of them were read, on the monotonic clock.
    whole_at: float = float("-inf")


@dataclass(frozen=True)
class _Numbers:
    """What the database last said. `languages`: None where they are too many to keep."""

    languages: _Languages | None = field(default_factory=_Languages)
    #: The end of a block, by what the telephone shows.
    blocks: Mapping[str, datetime] = field(default_factory=dict)


_revision = caller_language.revision


def look_up(number: str | None, shown: str | None, now: datetime) -> KnownNumber:
    """What is known of a caller. `number`: in E.164; `shown`: what their telephone shows, though it may be no number.

    While the database does not answer, what it last said.
    """
    global _revision
    if _revision != caller_language.revision:  # this process has remembered one
        _revision = caller_language.revision
        _kept.read_again()
    numbers = _kept.value()
    blocked_until = numbers.blocks.get(shown) if shown else None
    is_blocked = blocked_until is not None and now < blocked_until
    try:
        language = (
            _asked(number, shown, now) if numbers.languages is None else _language(numbers.languages.of, number, now)
        )
    except SQLAlchemyError:  # former keys are read with the first number, and the database does not answer
        language = None
    return KnownNumber(language, is_blocked)


def read_again_after(session: Session) -> None:
    """Have the next call read the blocks that a session changes, once it has committed."""
    _kept.read_again_after(session)


def forget() -> None:
    """Begin anew, as a process does that has just been started."""
    _kept.forget()


def _language(languages: Mapping[str, tuple[str, datetime]], number: str | None, now: datetime) -> str | None:
    days = settings().remember_language_days
    if not number or not days or not languages:
        return None
    hashes = caller_language.number_hashes(number)
    found = [languages[key] for key in hashes if key in languages]
    if not found:
        return None
    language, last_called_at = max(found, key=lambda one: one[1])
    still = last_called_at >= now - timedelta(days=days) and language in settings().enabled_languages
    return language if still else None


def _asked(number: str | None, shown: str | None, now: datetime) -> str | None:
    with database.glancing() as connection:
        return recognition.look_up(connection, number, shown, now).language


def _read(connection: Connection, before: _Numbers | None) -> _Numbers:
    current = select(_BLOCKED.c.number, _BLOCKED.c.until_at).where(
        _BLOCKED.c.until_at > utc_now(), _BLOCKED.c.lifted_at.is_(None)
    )
    blocks: dict[str, datetime] = {}
    for number, until_at in connection.execute(current):
        blocks[number] = max(until_at, blocks.get(number, until_at))
    return _Numbers(_languages(connection, before.languages if before else None), blocks)


def _languages(connection: Connection, before: _Languages | None) -> _Languages | None:
    """All languages, of which only the new ones are read where that is enough; None where they are too many."""
    count = connection.scalar(select(func.count()).select_from(_KNOWN)) or 0
    if count > MOST_KEPT:
        return None
    if before and before.latest_at and time.monotonic() - before.whole_at < WHOLE_SECONDS:
        new = _rows(connection, before.latest_at - _LATE)
        all_of_them = {**before.of, **new}
        if len(all_of_them) == count:  # otherwise some have been deleted
            return _Languages(all_of_them, _latest(new, before.latest_at), before.whole_at)
    found = _rows(connection)
    return _Languages(found, _latest(found), time.monotonic())


def _rows(connection: Connection, since: datetime | None = None) -> dict[str, tuple[str, datetime]]:
    rows = select(_KNOWN.c.number_hash, _KNOWN.c.language, _KNOWN.c.last_called_at)
    if since is not None:
        rows = rows.where(_KNOWN.c.last_called_at >= since)
    return {key: (language, at) for key, language, at in connection.execute(rows)}


def _latest(rows: Mapping[str, tuple[str, datetime]], default: datetime | None = None) -> datetime | None:
    return max((at for _, at in rows.values()), default=default)


#: What is new is known a second later in every process.
_kept = KeptReading("languages and blocks of numbers", _read, _Numbers(), seconds=1.0)
