"""Writes waiting entries into the database: many in one transaction, each as if it were alone."""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import Table, delete
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.domain.enums import DatabaseFault, EntryOutcome
from ivr.domain.timestamps import utc_now
from ivr.platform import crypto, database, found_rows, outbox
from ivr.platform.column_types import insert
from ivr.platform.crypto import Purpose
from ivr.platform.database_faults import fault_of
from ivr.platform.spool_files import named
from ivr.platform.work_models import SpoolEntry

log = logging.getLogger(__name__)

#: Writes an entry's payload into the database, in the session's transaction.
Handler = Callable[[Session, Any], object]

#: The most entries and the most seconds of one transaction, which holds other writers up.
_MOST = 100
_MOST_SECONDS = 0.25
#: How many times as long a transaction may take before it ends in the middle of a group: what it has looked up of
#: the group is looked up again after that.
_FOR_A_GROUP = 2
#: The most entries of a group that are written within one savepoint.
_TOGETHER = 20
_MARKS = Table("spool_entries", SpoolEntry.metadata)
#: How often a transaction is tried whose turn did not come.
_TRIES = 3
#: Files that could not be read the last time: each is told of once.
_unreadable: set[str] = set()


class Lines(Protocol):
    """Where lines are kept: :mod:`ivr.platform.spool_files` or :mod:`ivr.platform.spool_memory`."""

    def lines(self, name: str) -> list[bytes]:
        """The lines of a group."""

    def remove(self, name: str, is_done: Callable[[bytes], bool]) -> None:
        """Remove lines."""


class Source:
    """The waiting entries of one group, in their order."""

    def __init__(self, name: str, kept: Lines) -> None:
        """`kept`: where they are."""
        self._name, self._kept = name, kept
        self._lines: deque[bytes] = deque()
        self._is_read = False
        self._done: list[str] = []
        #: Entries that cannot be written.
        self.bad: list[bytes] = []

    def following(self, most: int) -> list[bytes]:
        """The first lines that are not done."""
        if not self._is_read:
            self._lines.extend(self._read())
            self._is_read = True
        return list(islice(self._lines, most))

    def _read(self) -> list[bytes]:
        """All lines; none where the disk does not give them (another user's file, a bad sector): they stay there."""
        try:
            found = self._kept.lines(self._name)
        except OSError as error:
            if self._name not in _unreadable:
                log.error("the spool's file %s cannot be read (%s); its entries wait", self._name, error.strerror)
            _unreadable.add(self._name)
            return []
        _unreadable.discard(self._name)
        return found

    def is_done(self, *, bad: bool = False) -> None:
        """The first line needs no other try."""
        line = self._lines.popleft()
        self._done.append(_name_of(line))
        if bad and line.strip():
            self.bad.append(line)

    def put_back(self, lines: Sequence[bytes]) -> None:
        """Lines that were done are not, because their transaction has failed."""
        self._lines.extendleft(reversed(lines))
        names = {_name_of(line) for line in lines}
        self._done = [name for name in self._done if name not in names]
        self.bad = [line for line in self.bad if line not in lines]

    def remove_done(self) -> None:
        """Remove what is done from where it is kept.

        Raises:
            OSError: the disk cannot be written.
        """
        if self._done:
            self._kept.remove(self._name, named(self._done))
            self._done.clear()


def write_all(sources: Sequence[Source], handlers: Mapping[str, Handler]) -> int:
    """Write the entries of groups; how many were new to the database.

    An entry that waits for a row which somebody else holds stays, with what follows it in its group.

    Raises:
        SQLAlchemyError: the database does not answer; what was committed is marked as done.
    """
    remaining, done, tries, all_is_well = deque(sources), 0, 0, True
    while remaining:
        batch = _Batch(handlers)
        try:
            with database.writing_alone(waits_for_rows=False) as session:
                all_is_well = all_is_well and batch.write_at_once(session, remaining)
                if not all_is_well:
                    batch.write(session, remaining)
        except SQLAlchemyError as error:
            batch.undo(remaining)
            tries += 1
            if fault_of(error) != DatabaseFault.BUSY or tries >= _TRIES:
                raise
            continue
        done, tries = done + batch.new, 0
    return done


class _Batch:
    """The entries of one transaction."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers
        #: Sources, and what was tried of each.
        self._touched: list[tuple[Source, list[bytes]]] = []
        self.new = 0

    def write_at_once(self, session: Session, remaining: deque[Source]) -> bool:
        """Write the entries of many groups within one savepoint; sources that are through are taken away.

        False: one of them cannot be written, or waits for a row, and nothing of it is written.
        """
        found_rows.remember(session)
        parts, planned = list(self._parts(remaining)), outbox.planned(session)
        try:
            with session.begin_nested():
                outcomes = _write_together(
                    session, [entries for _, entries in parts], _MOST_SECONDS, _MOST_SECONDS * _FOR_A_GROUP
                )
        except SQLAlchemyError as error:
            if fault_of(error) not in (DatabaseFault.BUSY, DatabaseFault.INPUT):
                raise
        except Exception:
            log.debug("the groups of the spool are written one by one", exc_info=True)
        else:
            for (source, entries), some in zip(parts, outcomes, strict=False):
                done = source.following(len(entries))[: len(some)]
                self._touched.append((source, done))
                for outcome in some:
                    source.is_done()
                    self.new += outcome == EntryOutcome.NEW
                if not source.following(1):
                    remaining.remove(source)
            return True
        outbox.forget(session, planned)
        return False

    def _parts(self, remaining: deque[Source]) -> Iterator[tuple[Source, Sequence[_Opened]]]:
        """The first entries of groups, enough for a transaction. Lines that are no entries are set aside."""
        count = 0
        for source in list(remaining):
            entries: list[_Opened] = []
            while not entries and (lines := source.following(_TOGETHER)):
                entries = list(_readable(lines, self._handlers))
                if not entries:
                    source.is_done(bad=True)
            if entries:
                yield source, entries
            else:
                remaining.remove(source)
            count += len(entries)
            if count >= _MOST:
                return

    def write(self, session: Session, remaining: deque[Source]) -> None:
        """Write groups one by one, each within a savepoint, until there is enough for a transaction.

        Sources that are through are taken away.
        """
        until, count = time.monotonic() + _MOST_SECONDS, 0
        found_rows.remember(session)
        while remaining:
            source, done = remaining[0], list[bytes]()
            self._touched.append((source, done))
            while some := source.following(min(_TOGETHER, max(_MOST - count, 1))):
                if count >= _MOST or (count and time.monotonic() > until):
                    return
                entries = list(_readable(some, self._handlers))
                if not entries:
                    source.is_done(bad=True)  # at once, whatever becomes of the entries after it
                    continue
                outcomes = _write_some(session, entries, until)
                for line, outcome in zip(some, outcomes, strict=False):
                    if outcome != EntryOutcome.BUSY:
                        self.new += outcome == EntryOutcome.NEW
                        source.is_done(bad=outcome == EntryOutcome.BAD)
                        done.append(line)
                count += len(outcomes)
                if outcomes[-1] == EntryOutcome.BUSY:
                    break
            remaining.popleft()

    def undo(self, remaining: deque[Source]) -> None:
        """Nothing of it was committed."""
        for source, lines in reversed(self._touched):
            source.put_back(lines)
            if source not in remaining:
                remaining.appendleft(source)
        self._touched.clear()


def _name_of(line: bytes) -> str:
    return line.split(b" ", 1)[0].strip().decode(errors="replace")


#: The name of an entry, its payload, and what writes it.
_Opened = tuple[str, Any, Handler]


def _readable(lines: Sequence[bytes], handlers: Mapping[str, Handler]) -> Iterator[_Opened]:
    """The entries of lines, up to the first line that is none."""
    for line in lines:
        if (entry := _opened(line, handlers)) is None:
            return
        yield entry


def _opened(line: bytes, handlers: Mapping[str, Handler]) -> _Opened | None:
    """The entry of a line; None for what is no entry."""
    try:
        name, _, token = line.decode().strip().partition(" ")
        kind, payload = json.loads(crypto.unseal(Purpose.SPOOL, token, what="an entry of the spool"))
        return name, payload, handlers[kind]
    except (ValueError, KeyError, TypeError) as error:
        if line.strip():
            what = f"is of a kind unknown to this version: {error}" if isinstance(error, KeyError) else "is damaged"
            log.error("%s", error if isinstance(error, crypto.CannotOpen) else f"an entry of the spool {what}")
        return None


def _write_some(session: Session, entries: Sequence[_Opened], until: float) -> list[EntryOutcome]:
    """Write entries of one group; what became of the first ones. A busy one is the last.

    All together, which nearly always succeeds and is several times as quick; else one by one. At least one is tried;
    after the instant `until` (monotonic) no further one.
    """
    planned = outbox.planned(session)
    try:
        with session.begin_nested():
            seconds = until - time.monotonic()
            return _write_together(session, [entries], seconds, seconds)[0]
    except SQLAlchemyError as error:
        if fault_of(error) not in (DatabaseFault.BUSY, DatabaseFault.INPUT):
            raise
    except Exception:  # one of them cannot be written: which, and why, is found by writing each alone
        log.debug("entries of the spool are written one by one", exc_info=True)
    outbox.forget(session, planned)
    outcomes = list[EntryOutcome]()
    for entry in entries:
        outcomes.append(_write_one(session, *entry))
        if outcomes[-1] == EntryOutcome.BUSY or time.monotonic() > until:
            break
    return outcomes


def _write_together(
    session: Session, groups: Sequence[Sequence[_Opened]], seconds: float, at_most: float
) -> list[list[EntryOutcome]]:
    """Write entries of groups; what became of the first ones of the first groups. At least one is tried.

    After so many `seconds` no further group is begun, after `at_most` no further entry.
    """
    began = time.monotonic()
    new = _take_marks(session, [name for entries in groups for name, _, _ in entries])
    found: list[list[EntryOutcome]] = []
    for entries in groups:
        if found and time.monotonic() > began + seconds:
            break
        found.append([])
        for name, payload, handler in entries:
            if any(found) and time.monotonic() > began + at_most:
                break
            if name not in new:
                found[-1].append(EntryOutcome.KNOWN)
            else:
                handler(session, payload)
                new.remove(name)
                found[-1].append(EntryOutcome.NEW)
    session.flush()
    if new:  # there was no time for them
        session.execute(delete(SpoolEntry).where(SpoolEntry.id.in_(new)))
    return found


def _write_one(session: Session, name: str, payload: Any, handler: Handler) -> EntryOutcome:
    """Write an entry within a savepoint, so that its failure undoes nothing else."""
    found_rows.remember(session)
    planned = outbox.planned(session)
    try:
        with session.begin_nested():
            if not take_mark(session, name):
                return EntryOutcome.KNOWN
            handler(session, payload)
            session.flush()
        return EntryOutcome.NEW
    except SQLAlchemyError as error:
        outbox.forget(session, planned)
        fault = fault_of(error)
        if fault == DatabaseFault.BUSY:
            return EntryOutcome.BUSY
        if fault != DatabaseFault.INPUT:
            raise
        log.exception("an entry of the spool does not fit the database")
    except Exception:
        outbox.forget(session, planned)
        log.exception("an entry of the spool could not be replayed")
    return EntryOutcome.BAD


def take_mark(session: Session, name: str) -> bool:
    """Whether something that is written once was not written before; from now on it is."""
    return bool(_take_marks(session, [name]))


def _take_marks(session: Session, names: Sequence[str]) -> set[str]:
    """Which of some names were not marked before; from now on they are."""
    if not names:
        return set()
    new = insert(session.get_bind().dialect, _MARKS).on_conflict_do_nothing().returning(_MARKS.c.id)
    now = utc_now()
    return set(session.connection().scalars(new, [{"id": name, "replayed_at": now} for name in names]))
