"""The directory (Verzeichnis): numbers of offices, partners and interpreters, and when somebody answers there.

Supervisors and administrators keep it. Offices and partners are fetched into a conversation by members; interpreters
are rung in the order of :mod:`ivr.contact_centre.interpreter_pool`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.callbacks.refused import Refused
from ivr.config.settings import settings
from ivr.domain import opening_hours, phone_numbers, text_folding
from ivr.domain.enums import AccessAction, DirectoryKind, Refusal
from ivr.domain.opening_hours import WEEKDAYS, Hours
from ivr.models.accounts import User
from ivr.models.directory import DirectoryEntry

#: Days within which an entry that is closed opens again; what opens later counts as always closed.
_HORIZON_DAYS = 60


@dataclass(frozen=True)
class Listed:
    """What an entry says. The number is E.164 and may be dialled; `weekdays` has hours like `08:00-16:00`."""

    kind: DirectoryKind
    name: str
    number: str
    weekdays: Mapping[str, str]
    languages: tuple[str, ...] = ()
    closed_on_holidays: bool = True
    cents_per_minute: int = 0
    hint: str = ""


@dataclass(frozen=True)
class Reach:
    """Whether somebody answers at a number now, until when; else from when on. None: not within the next weeks."""

    is_open: bool
    until: datetime | None
    opens: datetime | None


def add(session: Session, listed: Listed, by: User | None, actor: Actor, now: datetime) -> DirectoryEntry:
    """Add an entry; the access log names the actor. Without `by`: a program.

    Raises:
        Refused: `number_listed`, `hours_needed`; `language_needed` of an interpreter.
    """
    _check(session, listed, None)
    entry = DirectoryEntry()
    session.add(entry)
    _put(entry, listed, by, now)
    _note(session, entry, "added", actor, now)
    return entry


def change(
    session: Session, entry_id: int, listed: Listed, by: User | None, actor: Actor, now: datetime
) -> DirectoryEntry:
    """Change an entry; the access log has what it said before.

    Raises:
        Refused: as :func:`add`; `not_listed`: somebody has ended it.
    """
    entry = one(session, entry_id)
    _check(session, listed, entry)
    before = f"{entry.name} {entry.number}"
    _put(entry, listed, by, now)
    _note(session, entry, f"changed, before: {before}", actor, now)
    return entry


def end(session: Session, entry_id: int, actor: Actor, now: datetime) -> None:
    """End an entry: it is deleted, and the access log has what it said.

    Raises:
        Refused: `not_listed`: somebody has ended it already.
    """
    entry = one(session, entry_id)
    _note(session, entry, "ended", actor, now)
    session.delete(entry)


def one(session: Session, entry_id: int) -> DirectoryEntry:
    """An entry.

    Raises:
        Refused: `not_listed`.
    """
    entry = session.get(DirectoryEntry, entry_id)
    if entry is None:
        raise Refused(Refusal.NOT_LISTED)
    return entry


def entries(session: Session, words: str = "") -> Sequence[DirectoryEntry]:
    """The entries, by kind and name; only those in whose name, hint or number each of the words occurs."""
    found = session.scalars(select(DirectoryEntry)).all()
    wanted = text_folding.folded(words).split()
    order = list(DirectoryKind)
    return sorted(
        (entry for entry in found if all(word in _searched(entry) for word in wanted)),
        key=lambda entry: (order.index(entry.kind), text_folding.folded(entry.name), entry.id),
    )


def _searched(entry: DirectoryEntry) -> str:
    return text_folding.folded(f"{entry.name} {entry.hint} {phone_numbers.digits_to_speak(entry.number)}")


def to_fetch(session: Session) -> Sequence[DirectoryEntry]:
    """The entries that members fetch into a conversation: offices and partners."""
    return [entry for entry in entries(session) if entry.kind != DirectoryKind.INTERPRETER]


def hours(entry: DirectoryEntry) -> Hours:
    """The hours of an entry, in the hotline's time zone."""
    spans = {day: entry.weekdays.get(day, "closed") for day in WEEKDAYS}
    return Hours.model_validate(
        {
            "timezone": settings().hours.timezone,
            "daily": "closed",
            "weekdays": spans,
            "holidays": entry.closed_on_holidays,
        }
    )


def reach(entry: DirectoryEntry, now: datetime) -> Reach:
    """Whether somebody answers at an entry's number now, and when that changes."""
    span = next(opening_hours.open_spans(hours(entry), now, _HORIZON_DAYS), None)
    if span is None:
        return Reach(is_open=False, until=None, opens=None)
    is_open = span[0] <= now
    return Reach(is_open, span[1] if is_open else None, None if is_open else span[0])


def _check(session: Session, listed: Listed, entry: DirectoryEntry | None) -> None:
    same = session.scalar(select(DirectoryEntry).where(DirectoryEntry.number == listed.number).limit(1))
    if same is not None and same is not entry:
        raise Refused(Refusal.NUMBER_LISTED)
    if not listed.weekdays:
        raise Refused(Refusal.HOURS_NEEDED)
    if listed.kind == DirectoryKind.INTERPRETER and not listed.languages:
        raise Refused(Refusal.LANGUAGE_NEEDED)


def _put(entry: DirectoryEntry, listed: Listed, by: User | None, now: datetime) -> None:
    interprets = listed.kind == DirectoryKind.INTERPRETER
    entry.kind, entry.name, entry.number, entry.hint = listed.kind, listed.name, listed.number, listed.hint
    entry.languages = list(listed.languages) if interprets else []
    entry.cents_per_minute = listed.cents_per_minute if interprets else 0
    entry.weekdays, entry.closed_on_holidays = dict(listed.weekdays), listed.closed_on_holidays
    entry.changed_at, entry.changed_by_id = now, by.id if by else None


def _note(session: Session, entry: DirectoryEntry, how: str, actor: Actor, now: datetime) -> None:
    session.flush()
    detail = f"directory, {entry.kind} {entry.name} {entry.number}: {how}"
    access_log.append(session, actor, AccessAction.DIRECTORY_CHANGED, now, detail=detail)
