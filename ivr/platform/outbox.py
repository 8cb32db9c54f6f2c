"""The outbox: every job is a row in the database before it is in a job queue.

    outbox.add(session, "fetch_recording", recording.id)

writes the row in the caller's transaction. After the commit the id goes to the job queue (`hand_over`, which a process
sets). If that failed, or if the worker died, the scheduler finds the row with :func:`overdue`. A worker holds a row by
a lease that it keeps renewing. So one worker at a time runs a row, and the rows of a dead worker become free again.
See docs/decisions/003-outbox.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Connection,
    Dialect,
    Row,
    Select,
    Table,
    Update,
    bindparam,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from ivr.config.settings import settings
from ivr.domain.enums import WorkKind
from ivr.domain.timestamps import utc_now
from ivr.platform import outbox_leases
from ivr.platform.column_types import insert, rows
from ivr.platform.log_setup import redacted
from ivr.platform.work_models import Work

log = logging.getLogger(__name__)

#: Seconds before each repetition. After the last, the failure is reported and the job is repeated once an hour.
BACKOFF = (1, 2, 5, 15, 60, 300, 900, 3600)
#: Kinds of work for which somebody waits on the telephone, and their pauses: nobody is left alone for long.
ON_THE_TELEPHONE = (
    WorkKind.RING_LEG, WorkKind.HANG_UP_LEG, WorkKind.BRING_CALLER, WorkKind.END_ROOM, WorkKind.TELL_LEG,
    WorkKind.RECALL_LEG, WorkKind.TELL_STILL_LOOKING, WorkKind.TELL_NO_INTERPRETER,
)  # fmt: skip
BACKOFF_ON_THE_TELEPHONE = (1, 1, 2, 2, 3, 15, 60, 300)

_WORK = Table("work", Work.metadata)
#: Kinds of work that the scheduler runs itself, without a job queue.
RUN_BY_SCHEDULER = (WorkKind.SEND_ALERT, WorkKind.SEND_REPORT, WorkKind.SEND_LINK)


@dataclass(frozen=True)
class QueuedJob:
    """A row of the outbox as the job queue sees it. An urgent one goes to the front."""

    work_id: int
    kind: str
    urgent: bool
    generation: int = 1
    pool: str = ""
    subject_id: int = 0


#: The attempt at its row that the current handler makes, from 1.
attempt: ContextVar[int] = ContextVar("attempt", default=1)


def lease() -> timedelta:
    """The time for which a worker holds a row, and renews it long before. An older lease belongs to a dead worker.

    After the same time the scheduler hands a row over again if it is neither done nor in its job queue.
    """
    return timedelta(seconds=settings().lease_seconds)


@dataclass
class Running:
    """The claimed row whose handler runs now."""

    work: Work
    #: Whether the handler has marked the row done itself (:func:`finish_running`). None: it has not.
    is_done: bool | None = None


_running: ContextVar[Running | None] = ContextVar("running", default=None)

#: Puts jobs on the job queue; processes with a queue set it. It may raise: the scheduler repeats it.
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
    repeat_after: timedelta | None = None,
) -> None:
    """Write the row for `kind` of `subject_id`, or reactivate it. It is enqueued when the session commits.

    With `run_after` (UTC) the scheduler enqueues it then. Of the kinds that run in order of deadline, the row with the
    earliest `deadline_at` (UTC) comes first. What is neither done nor leased when `repeat_after` is over (a lease,
    unless it is given) is enqueued once more by the scheduler.
    """
    now = utc_now()
    # The scheduler ignores the row until the hand-over after the commit has had time.
    due = run_after or now + (repeat_after or lease())
    values = {"kind": kind, "subject_id": subject_id, "urgent": urgent, "attempts": 0, "generation": 1}
    values |= {"deadline_at": deadline_at, "pool": pool or None, "run_after": due}
    session.flush()
    written = session.connection().execute(_reactivating(session.get_bind().dialect), values)
    work_id, is_urgent, generation = written.one()
    if run_after is None:
        job = QueuedJob(work_id, kind, is_urgent, generation, pool, subject_id)
        session.info.setdefault("queued_jobs", []).append(job)


@lru_cache(maxsize=4)
def _reactivating(dialect: Dialect) -> ReturningInsert[int, bool, int]:
    """Insert a row, or reactivate it. Built once: that takes longer than to execute it."""
    new = insert(dialect, _WORK)
    reactivated = {
        "generation": _WORK.c.generation + 1,
        "attempts": 0,
        "done_at": None,
        "failed_at": None,
        "last_error": None,
        "urgent": or_(_WORK.c.urgent, new.excluded.urgent),
        **{name: new.excluded[name] for name in ("run_after", "deadline_at", "pool")},
    }
    upsert = new.on_conflict_do_update(index_elements=[_WORK.c.kind, _WORK.c.subject_id], set_=reactivated)
    return upsert.returning(_WORK.c.id, _WORK.c.urgent, _WORK.c.generation)


def planned(session: Session) -> int:
    """How many jobs the session would hand over if it were committed now."""
    return len(session.info.get("queued_jobs", ()))


def forget(session: Session, planned_before: int) -> None:
    """Do not hand over what was added since: a savepoint has taken it back."""
    del session.info.get("queued_jobs", [])[planned_before:]


def settle(session: Session, kind: str, subject_id: int, now: datetime) -> None:
    """Mark a row done because its job is not needed any more."""
    row = update(Work).where(Work.kind == kind, Work.subject_id == subject_id, Work.done_at.is_(None))
    session.execute(row.values(done_at=now, failed_at=None, generation=Work.generation + 1))


def is_planned(session: Session, kind: str, subject_id: int) -> bool:
    """Whether there is a row whose job is not done."""
    row = select(Work.id).where(Work.kind == kind, Work.subject_id == subject_id, Work.done_at.is_(None))
    return session.scalar(row) is not None


def dispatch(session: Session) -> None:
    """Hand over the jobs of a committed session. Never raises, because the rows are safe already."""
    jobs = session.info.pop("queued_jobs", [])
    if not jobs:
        return
    try:
        hand_over(jobs)
    except Exception as error:  # whatever the error, the scheduler hands the jobs over later
        log.warning("%d jobs could not be enqueued (%s); the scheduler repeats it", len(jobs), type(error).__name__)


def claim(session: Session, work_id: int, worker: str, now: datetime) -> Work | None:
    """Lease a row to `worker`. Returns None if the row is done or leased to another worker."""
    values = {**outbox_leases.instants(now, lease(), BACKOFF), "by": worker, "wanted": work_id}
    return session.scalar(outbox_leases.claiming(len(BACKOFF)), values, execution_options=_PAST)


def claim_first(
    session: Session, waiting: Select[int], asked_for: int, worker: str, now: datetime, **parameters: Any
) -> Work | None:
    """Lease the first of the rows that `waiting` selects, in one statement. Returns None if there is none.

    `waiting` gives ids of rows that may be claimed (:mod:`ivr.platform.outbox_leases`), in their order. It may name
    `ASKED_FOR`, and `parameters` of its own.
    """
    values = {**outbox_leases.instants(now, lease(), BACKOFF), "by": worker, "asked_for": asked_for, **parameters}
    return session.scalar(outbox_leases.claiming_first(waiting, len(BACKOFF)), values, execution_options=_PAST)


#: The session need not look which of its objects a statement changes.
_PAST = {"synchronize_session": False}


def renew(session: Session, work_id: int, worker: str, now: datetime) -> bool:
    """Extend a lease by :func:`lease`. Returns False if the row is leased to another worker now."""
    kept = session.execute(
        update(Work).where(Work.id == work_id, Work.leased_by == worker).values(leased_until=now + lease())
    )
    return rows(kept) == 1


def finish(session: Session, work: Work, now: datetime) -> bool:
    """Mark a claimed row done. Returns False if it was requested again meanwhile and must be claimed once more."""
    session.flush()
    mine = {"mine": work.id, "me": work.leased_by}
    done = session.connection().execute(_finishing(), {**mine, "claimed": work.generation, "at": now})
    if rows(done) == 1:
        return True
    session.execute(
        update(Work)
        .where(Work.id == work.id, Work.leased_by == work.leased_by)
        .values(leased_until=None, leased_by=None, run_after=now)
    )
    return False


@lru_cache(maxsize=1)
def _finishing() -> Update:
    row = _WORK.c
    mine = (row.id == bindparam("mine"), row.leased_by == bindparam("me"), row.generation == bindparam("claimed"))
    return (
        update(_WORK).where(*mine).values(done_at=bindparam("at"), leased_until=None, leased_by=None, last_error=None)
    )


def finish_all(connection: Connection, finished: Sequence[tuple[QueuedJob, datetime]]) -> None:
    """Mark rows done that were run without a lease. What was requested again meanwhile, or is leased, stays open."""
    row = _WORK.c
    mine = (row.id == bindparam("mine"), row.generation == bindparam("ran"), row.leased_by.is_(None))
    done = update(_WORK).where(*mine, row.done_at.is_(None)).values(done_at=bindparam("at"), last_error=None)
    rows_of = ({"mine": job.work_id, "ran": job.generation, "at": at} for job, at in finished)
    connection.execute(done, sorted(rows_of, key=itemgetter("mine")))


@contextmanager
def running(work: Work) -> Iterator[Running]:
    """The block is the handler of a claimed row."""
    now_running = Running(work)
    token = _running.set(now_running)
    try:
        yield now_running
    finally:
        _running.reset(token)


def finish_running(session: Session, now: datetime) -> None:
    """:func:`finish` the row whose handler runs now, in the handler's own last transaction.

    This saves a transaction. Without a running handler it does nothing.
    """
    if (now_running := _running.get()) is not None:
        now_running.is_done = finish(session, now_running.work, now)


def postpone(session: Session, work: Work, reason: str, now: datetime, at_least: float = 0.0) -> None:
    """Delay a row after a failure, with growing pauses; for at least so many seconds."""
    pause = max(_pause(work), timedelta(seconds=at_least))
    session.execute(
        update(Work)
        .where(Work.id == work.id, Work.leased_by == work.leased_by)
        .values(leased_until=None, leased_by=None, last_error=redacted(reason)[:500], run_after=now + pause)
    )


def is_spent(work: Work) -> bool:
    """Whether all attempts with short pauses are used up and the failure has not been reported yet."""
    return work.attempts > len(BACKOFF) and work.failed_at is None


def _pause(work: Work) -> timedelta:
    pauses = BACKOFF_ON_THE_TELEPHONE if work.kind in ON_THE_TELEPHONE else BACKOFF
    return timedelta(seconds=pauses[work.attempts - 1] if work.attempts <= len(pauses) else BACKOFF[-1])


def release(session: Session, worker: str, now: datetime) -> list[QueuedJob]:
    """Take back the rows of a worker that died. Returns the jobs that may be enqueued at once.

    A job that has killed two workers is delayed, because it may kill the next one too.
    """
    rows = session.scalars(select(Work).where(Work.leased_by == worker, Work.done_at.is_(None))).all()
    for work in rows:
        work.leased_until = work.leased_by = None
        work.run_after = now + (lease() if work.attempts <= 2 else _pause(work))
    return [_queued(work) for work in rows if work.attempts <= 2]


def overdue(session: Session, now: datetime, limit: int = 500) -> list[QueuedJob]:
    """Rows that should be in a job queue or running by now, urgent first. They are returned again after a lease.

    Rows that another scheduler or a worker has in hand at this moment are left to it.
    """
    due = (
        select(Work)
        .where(
            Work.done_at.is_(None),
            Work.kind.not_in(RUN_BY_SCHEDULER),
            outbox_leases.is_due(now),
            outbox_leases.is_free(now, lease()),
        )
        .order_by(Work.urgent.desc(), Work.run_after)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = session.scalars(due).all()
    for work in found:
        work.run_after = now + lease()
    return [_queued(work) for work in found]


def due_for_scheduler(session: Session, now: datetime, limit: int = 5000) -> Sequence[Row[int, str, int, bool]]:
    """The rows that the scheduler has to run now, urgent ones first: id, kind, subject, urgent."""
    due = select(Work.id, Work.kind, Work.subject_id, Work.urgent)
    due = due.where(
        Work.kind.in_(RUN_BY_SCHEDULER),
        Work.done_at.is_(None),
        outbox_leases.is_due(now),
        outbox_leases.is_free(now, lease()),
    )
    return session.execute(due.order_by(Work.urgent.desc(), Work.run_after).limit(limit)).all()


def _queued(work: Work) -> QueuedJob:
    return QueuedJob(work.id, work.kind, work.urgent, work.generation, work.pool or "", work.subject_id)
