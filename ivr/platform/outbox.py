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
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, and_, or_, select, update
from sqlalchemy.orm import Session

from ivr.domain.timestamps import utc_now
from ivr.platform.column_types import insert, rows
from ivr.platform.log_setup import redacted
from ivr.platform.work_models import Work

log = logging.getLogger(__name__)

#: A worker renews its lease every few seconds; silence longer than this means it is gone.
LEASE = timedelta(seconds=20)
#: How long a handed-over row may wait before the clock looks whether the queue still knows it.
PATIENCE = timedelta(seconds=20)
#: Seconds before the nth new try. After the last one a person is asked, and it is tried once an hour.
BACKOFF = (1, 2, 5, 15, 60, 300, 900, 3600)


_LONGEST_PAUSE = timedelta(hours=2)
#: Kinds of work the clock does itself: they need no queue.
BY_THE_CLOCK = ("send_alert", "send_report")


@dataclass(frozen=True)
class QueuedJob:
    """What the queue is told about a row: its id and generation, its kind, and whether it goes to the front."""

    work_id: int
    kind: str
    urgent: bool
    generation: int = 1
    pool: str = ""


#: Which try of its row the present handler is, from 1.
tries: ContextVar[int] = ContextVar("tries", default=1)

#: Puts jobs on the queue; set by processes that have one. It may raise: the clock repairs.
hand_over: Callable[[Sequence[QueuedJob]], None] = lambda jobs: None  # noqa: E731


def add(
    session: Session,
    kind: str,
    subject_id: int,
    *,
    urgent: bool = False,
    run_after: datetime | None = None,
    deadline_at: datetime | None = None,
    pool: str = "",
) -> None:
    """Write (or wake) the one row for `kind` of `subject_id`; enqueue it once the session commits.

    `run_after` delays it: it is left to the clock. Of a kind that is done in order, that of the earliest `deadline_at`
    goes first.
    """
    now = utc_now()
    # The clock leaves it alone until the hand-over after the commit has had its chance.
    due = run_after or now + PATIENCE
    values = {"kind": kind, "subject_id": subject_id, "urgent": urgent, "attempts": 0, "generation": 1}
    values |= {"deadline_at": deadline_at, "pool": pool or None}
    new = insert(session.get_bind().dialect, Work).values(**values, run_after=due)
    woken = {
        "generation": Work.generation + 1,
        "attempts": 0,
        "done_at": None,
        "failed_at": None,
        "last_error": None,
        "urgent": or_(Work.urgent, new.excluded.urgent),
        "run_after": due,
        "deadline_at": new.excluded.deadline_at,
        "pool": new.excluded.pool,
    }
    upsert = new.on_conflict_do_update(index_elements=[Work.kind, Work.subject_id], set_=woken)
    work_id, is_urgent, generation = session.execute(upsert.returning(Work.id, Work.urgent, Work.generation)).one()
    if run_after is None:
        session.info.setdefault("queued_jobs", []).append(QueuedJob(work_id, kind, is_urgent, generation, pool))


def settle(session: Session, kind: str, subject_id: int, now: datetime) -> None:
    """There is nothing to be done any more."""
    row = update(Work).where(Work.kind == kind, Work.subject_id == subject_id, Work.done_at.is_(None))
    session.execute(row.values(done_at=now, failed_at=None, generation=Work.generation + 1))


def is_planned(session: Session, kind: str, subject_id: int) -> bool:
    """Whether there is a row that is still to be done."""
    row = select(Work.id).where(Work.kind == kind, Work.subject_id == subject_id, Work.done_at.is_(None))
    return session.scalar(row) is not None


def dispatch(session: Session) -> None:
    """Hand over what a committed session has written. Never raises: the rows are safe already."""
    jobs = session.info.pop("queued_jobs", [])
    if not jobs:
        return
    try:
        hand_over(jobs)
    except Exception as error:  # whatever the queue's client raises, the clock enqueues later
        log.warning("could not enqueue %d jobs (%s); the clock will", len(jobs), type(error).__name__)


def claim(session: Session, work_id: int, worker: str, now: datetime) -> Work | None:
    """Lease a row to `worker`, or None if it is done or another's."""
    work = session.scalar(
        update(Work)
        .where(Work.id == work_id, Work.done_at.is_(None), _is_free(now))
        .values(leased_until=now + LEASE, leased_by=worker, attempts=Work.attempts + 1)
        .returning(Work)
        .execution_options(synchronize_session=False)
    )
    if work is None:
        return None
    # If this worker dies without a word, the next try waits as after any other failure.
    work.run_after = now + _pause(work.attempts)
    return work


def may_be_claimed(now: datetime) -> ColumnElement[bool]:
    """Rows nobody has leased which have never been tried, or whose pause is over."""
    return and_(Work.done_at.is_(None), or_(Work.attempts == 0, _is_due(now)), _is_free(now))


def _is_free(now: datetime) -> ColumnElement[bool]:
    # A lease that ends in a distant future was given by a clock that was wrong.
    return or_(Work.leased_until.is_(None), Work.leased_until < now, Work.leased_until > now + 3 * LEASE)


def _is_due(now: datetime) -> ColumnElement[bool]:
    # Nothing is put off for so long: the clock was wrong when it was.
    return or_(Work.run_after <= now, Work.run_after > now + _LONGEST_PAUSE)


def renew(session: Session, work_id: int, worker: str, now: datetime) -> bool:
    """Keep a lease for another :data:`LEASE`; False if it is no longer ours."""
    kept = session.execute(
        update(Work).where(Work.id == work_id, Work.leased_by == worker).values(leased_until=now + LEASE)
    )
    return rows(kept) == 1


def finish(session: Session, work: Work, now: datetime) -> bool:
    """Mark a claimed row done; False if it was asked for again meanwhile (then it is to be claimed again)."""
    mine = update(Work).where(Work.id == work.id, Work.leased_by == work.leased_by)
    done = session.execute(
        mine.where(Work.generation == work.generation).values(
            done_at=now, leased_until=None, leased_by=None, last_error=None
        )
    )
    if rows(done) == 1:
        return True
    session.execute(mine.values(leased_until=None, leased_by=None, run_after=now))
    return False


def postpone(session: Session, work: Work, reason: str, now: datetime) -> None:
    """After a failure: try again later, with growing pauses."""
    session.execute(
        update(Work)
        .where(Work.id == work.id, Work.leased_by == work.leased_by)
        .values(
            leased_until=None, leased_by=None, last_error=redacted(reason)[:500], run_after=now + _pause(work.attempts)
        )
    )


def is_spent(work: Work) -> bool:
    """Whether every try with a short pause has been used, so that a person must be told (once)."""
    return work.attempts > len(BACKOFF) and work.failed_at is None


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=BACKOFF[min(attempts, len(BACKOFF)) - 1])


def release(session: Session, worker: str, now: datetime) -> list[QueuedJob]:
    """Take back what was leased to a worker that died; returns what may be enqueued at once.

    What has killed two workers waits its turn: it may kill the third.
    """
    rows = session.scalars(select(Work).where(Work.leased_by == worker, Work.done_at.is_(None))).all()
    for work in rows:
        work.leased_until = work.leased_by = None
        work.run_after = now + (PATIENCE if work.attempts <= 2 else _pause(work.attempts))
    return [_queued(work) for work in rows if work.attempts <= 2]


def overdue(session: Session, now: datetime, limit: int = 500) -> list[QueuedJob]:
    """Rows that should be on the queue or in work by now, urgent first; asked again after PATIENCE."""
    due = (
        select(Work)
        .where(
            Work.done_at.is_(None),
            Work.kind.not_in(BY_THE_CLOCK),
            _is_due(now),
            _is_free(now),
        )
        .order_by(Work.urgent.desc(), Work.run_after)
        .limit(limit)
    )
    found = session.scalars(due).all()
    for work in found:
        work.run_after = now + PATIENCE
    return [_queued(work) for work in found]


def due_by_the_clock(session: Session, now: datetime, limit: int = 5000) -> Sequence[Row[int, str, int, bool]]:
    """Rows the clock has to do now, urgent first: id, kind, subject, and whether it is urgent."""
    due = select(Work.id, Work.kind, Work.subject_id, Work.urgent)
    due = due.where(Work.kind.in_(BY_THE_CLOCK), Work.done_at.is_(None), _is_due(now), _is_free(now))
    return session.execute(due.order_by(Work.urgent.desc(), Work.run_after).limit(limit)).all()


def _queued(work: Work) -> QueuedJob:
    return QueuedJob(work.id, work.kind, work.urgent, work.generation, work.pool or "")
