"""Work that must happen is a row before it is a job.

    outbox.add(session, "fetch_recording", recording.id)

writes the row in the caller's transaction. After the commit the ids go to the queue (`hand_over`, set by
the process that has one); what could not be enqueued, or whose worker died, is found by the clock through
:func:`overdue`. A worker holds a row by a lease it keeps renewing, so a row is done by one at a time and
a dead worker's rows come back. See docs/decisions/003-outbox.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from ivr.instants import utc_now
from ivr.models import Work

log = logging.getLogger(__name__)

#: A worker renews its lease every few seconds; silence longer than this means it is gone.
LEASE = timedelta(seconds=20)
#: How long a handed-over row may wait before the clock looks whether the queue still knows it.
PATIENCE = timedelta(seconds=20)
#: Seconds before the nth new try; after the last one a person is asked.
BACKOFF = (1, 2, 5, 15, 60, 300, 900, 3600)


@dataclass(frozen=True)
class Errand:
    """What the queue is told about a row: its id, its kind, and whether it goes to the front."""

    work_id: int
    kind: str
    urgent: bool


#: Puts errands on the queue; set by processes that have one. It may raise: the clock repairs.
hand_over: Callable[[Sequence[Errand]], None] = lambda errands: None  # noqa: E731


def add(
    session: Session, kind: str, subject_id: int, *, urgent: bool = False, run_after: datetime | None = None
) -> None:
    """Write (or wake) the one row for `kind` of `subject_id`; enqueue it once the session commits.

    `run_after` delays it: it is left to the clock.
    """
    now = utc_now()
    work = session.scalar(select(Work).where(Work.kind == kind, Work.subject_id == subject_id))
    if work is None:
        work = Work(kind=kind, subject_id=subject_id, urgent=urgent, attempts=0)
        session.add(work)
    work.done_at = work.failed_at = work.last_error = None
    work.attempts = 0
    # The clock leaves it alone until the hand-over below has had its chance.
    work.run_after = run_after or now + PATIENCE
    session.flush()
    if run_after is None:
        session.info.setdefault("errands", []).append(Errand(work.id, kind, urgent))


def dispatch(session: Session) -> None:
    """Hand over what a committed session has written. Never raises: the rows are safe already."""
    errands = session.info.pop("errands", [])
    if not errands:
        return
    try:
        hand_over(errands)
    except Exception as error:  # whatever the queue's client raises, the clock enqueues later
        log.warning("could not enqueue %d errands (%s); the clock will", len(errands), type(error).__name__)


def claim(session: Session, work_id: int, worker: str, now: datetime) -> Work | None:
    """Lease a row to `worker`, or None if it is done, given up, or another's."""
    taken = session.execute(
        update(Work)
        .where(
            Work.id == work_id,
            Work.done_at.is_(None),
            Work.failed_at.is_(None),
            or_(Work.leased_until.is_(None), Work.leased_until < now),
        )
        .values(leased_until=now + LEASE, leased_by=worker, attempts=Work.attempts + 1)
    )
    return session.get(Work, work_id) if _rows(taken) == 1 else None


def renew(session: Session, work_id: int, worker: str, now: datetime) -> bool:
    """Keep a lease for another :data:`LEASE`; False if it is no longer ours."""
    kept = session.execute(
        update(Work).where(Work.id == work_id, Work.leased_by == worker).values(leased_until=now + LEASE)
    )
    return _rows(kept) == 1


def finish(session: Session, work_id: int, now: datetime) -> None:
    """Mark a row done."""
    session.execute(
        update(Work).where(Work.id == work_id).values(done_at=now, leased_until=None, leased_by=None, last_error=None)
    )


def postpone(session: Session, work_id: int, reason: str, now: datetime) -> bool:
    """After a failure: try again later, or give up. True when this was the last try."""
    work = session.get_one(Work, work_id)
    work.leased_until = work.leased_by = None
    work.last_error = reason[:500]
    if work.attempts > len(BACKOFF):
        work.failed_at = now
        return True
    work.run_after = now + timedelta(seconds=BACKOFF[work.attempts - 1])
    return False


def release(session: Session, worker: str, now: datetime) -> list[Errand]:
    """Take back everything leased to a worker that died; returns it for enqueueing at once."""
    rows = session.scalars(select(Work).where(Work.leased_by == worker, Work.done_at.is_(None))).all()
    for work in rows:
        work.leased_until = work.leased_by = None
        work.run_after = now + PATIENCE
    return [Errand(work.id, work.kind, work.urgent) for work in rows]


def overdue(session: Session, now: datetime, limit: int = 500) -> list[Errand]:
    """Rows that should be on the queue or in work by now, urgent first; asked again after PATIENCE."""
    due = (
        select(Work)
        .where(
            Work.done_at.is_(None),
            Work.failed_at.is_(None),
            Work.run_after <= now,
            or_(Work.leased_until.is_(None), Work.leased_until < now),
        )
        .order_by(Work.urgent.desc(), Work.run_after)
        .limit(limit)
    )
    rows = session.scalars(due).all()
    for work in rows:
        work.run_after = now + PATIENCE
    return [Errand(work.id, work.kind, work.urgent) for work in rows]


def _rows(result: object) -> int:
    assert isinstance(result, CursorResult)  # noqa: S101 - an UPDATE always gives one
    return result.rowcount
