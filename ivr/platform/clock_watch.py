"""Notices when this machine's clock has leapt: nothing is deleted or recorded by it until a person has looked.

The last instant that was seen is a checkpoint, which the schedulers renew. A clock that is far ahead of it may be
wrong, or everything has stood still for days: a machine cannot tell. What deletes by time, records missed promises or
counts days then waits for the clock to be put right, or for somebody to say that it is right (page *Needs a person*,
`python -m ivr retention confirm-clock`).

A shorter leap looks like a scheduler that stood still. The instant before such a gap is kept: a clock that goes back
to after it was ahead in between, and has returned.

Where PostgreSQL tells its own time, there is a third witness: of this clock, the last instant that was seen and the
server's clock, two outvote one. So a host whose clock is permanently wrong, beside one whose clock is right, records
nothing, and takes nothing back.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ivr.domain.enums import ClockState
from ivr.domain.timestamps import CLOCKS_DIFFER, iso, utc_now
from ivr.platform import database
from ivr.platform.column_types import insert
from ivr.platform.work_models import Checkpoint

log = logging.getLogger(__name__)

_CHECKPOINT = "clock"
#: The instant before the first gap of the last days.
_BEFORE_GAP = "clock before a gap"
#: A clock may be ahead of the last instant seen by so much, and behind it by so much.
FORWARD, BACKWARD = timedelta(days=2), timedelta(hours=1)
#: What lies further in the future was written while a clock was wrong.
DIFFERENCE = CLOCKS_DIFFER
_RENEWED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Look:
    """What an instant looks like beside the last one that was seen (None: none was)."""

    state: ClockState
    now: datetime
    last: datetime | None
    #: Another host goes on by the clock of the database server, and this one by neither.
    is_outvoted: bool = False

    @property
    def is_right(self) -> bool:
        """Whether time has gone on as usual."""
        return self.state in (ClockState.RIGHT, ClockState.RETURNED)

    @property
    def trusted(self) -> datetime:
        """The instant that is right, or the earlier one of both, for what is written down about the leap itself."""
        if self.last is None:
            return self.now
        return self.last if self.is_outvoted else min(self.now, self.last)


def compare(session: Session, now: datetime) -> Look:
    """Compare an instant with the last one seen. Changes nothing."""
    last, before_gap = _at(session, _CHECKPOINT), _at(session, _BEFORE_GAP)
    known = last if last is not None else utc_now()
    if now > known + FORWARD:
        return Look(ClockState.AHEAD, now, last)
    if last is not None and _is_outvoted(now, last, server_clock(session)):
        return Look(ClockState.AHEAD if now > last else ClockState.BEHIND, now, last, is_outvoted=True)
    if last is not None and is_in_future(last, now) and before_gap is not None and before_gap <= now:
        return Look(ClockState.RETURNED, now, last)
    if last is not None and now < last - BACKWARD:
        return Look(ClockState.BEHIND, now, last)
    return Look(ClockState.RIGHT, now, last)


def server_clock(session: Session) -> datetime | None:
    """What the database server's own clock shows; None for SQLite, which has the clock of the process."""
    if session.get_bind().dialect.name != "postgresql":
        return None
    return session.scalar(select(func.clock_timestamp()))


def _is_outvoted(now: datetime, last: datetime, server: datetime | None) -> bool:
    """Whether the last instant that was seen agrees with the server's clock, and this one with neither."""
    return server is not None and abs(server - last) <= DIFFERENCE and abs(now - last) > DIFFERENCE < abs(now - server)


def is_ahead(now: datetime) -> bool:
    """Whether an instant is far ahead of the last one seen: nothing is done by it that cannot be taken back."""
    with database.reading() as session:
        return compare(session, now).state == ClockState.AHEAD


def may_record(now: datetime) -> bool:
    """Whether what is due at an instant may be recorded. It becomes the last one seen, so that it can be taken back."""
    with database.reading() as session:
        found = compare(session, now)
    if found.state == ClockState.RIGHT:
        _renew(found)
    return found.state != ClockState.AHEAD


def look(now: datetime) -> Look:
    """Compare an instant with the last one seen, which it becomes unless it has leapt."""
    with database.reading() as session:
        found = compare(session, now)
    if not found.is_right:
        log.critical("%s", sentence(found))
    else:
        _renew(found)
    return found


def returned(session: Session, now: datetime) -> None:
    """What was recorded while the clock was ahead has been taken back: it is right from now on."""
    session.execute(update(Checkpoint).where(Checkpoint.name == _CHECKPOINT, Checkpoint.at > now).values(at=now))


def confirm(session: Session, now: datetime) -> Sequence[str]:
    """Somebody says that the clock is right now. Gives the names of checkpoints that lay in the future."""
    names = in_future(session, now)
    session.execute(update(Checkpoint).where(Checkpoint.at > now).values(at=now))
    new = insert(session.get_bind().dialect, Checkpoint).values(name=_CHECKPOINT, at=now)
    session.execute(new.on_conflict_do_update(index_elements=[Checkpoint.name], set_={"at": now}))
    return names


def in_future(session: Session, now: datetime) -> Sequence[str]:
    """Names of checkpoints that were written while a clock was ahead."""
    late = select(Checkpoint.name).where(Checkpoint.at > now + DIFFERENCE)
    return session.scalars(late.order_by(Checkpoint.name)).all()


def is_in_future(at: datetime, now: datetime) -> bool:
    """Whether an instant was written while a clock was ahead."""
    return at > now + DIFFERENCE


def sentence(found: Look) -> str:
    """What is wrong, and what is to be done."""
    last = iso(found.last) if found.last is not None else "none"
    how = "ahead of" if found.state == ClockState.AHEAD else "behind"
    return (
        f"the clock of this machine ({iso(found.now)}) is {how} the last instant that was seen ({last}): nothing is "
        "deleted until it is put right, or somebody says that it is right (python -m ivr retention confirm-clock)"
    )


def _renew(found: Look) -> None:
    if found.last is None or found.now - found.last > _RENEWED_EVERY:
        with database.writing(durable=False) as session:
            _keep_before_gap(session, found.last, found.now)
            _set(session, found.now)


def _at(session: Session, name: str) -> datetime | None:
    return session.scalar(select(Checkpoint.at).where(Checkpoint.name == name))


def _keep_before_gap(session: Session, last: datetime | None, now: datetime) -> None:
    """Keep the instant before a gap: of several within :data:`FORWARD` the first, all may be one leap's."""
    if last is None or not is_in_future(now, last):
        return
    new = insert(session.get_bind().dialect, Checkpoint).values(name=_BEFORE_GAP, at=last)
    old = Checkpoint.at < now - FORWARD
    session.execute(new.on_conflict_do_update(index_elements=[Checkpoint.name], set_={"at": last}, where=old))


def _set(session: Session, now: datetime) -> None:
    new = insert(session.get_bind().dialect, Checkpoint).values(name=_CHECKPOINT, at=now)
    later = new.on_conflict_do_update(index_elements=[Checkpoint.name], set_={"at": now}, where=Checkpoint.at < now)
    session.execute(later)
