"""What Prometheus is told of the present state: tasks, promises, queues, jobs, transcription, this host's processes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime

import psutil
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr import __version__
from ivr.calls import synthetic_calls
from ivr.contact_centre import queue_order
from ivr.domain.enums import RecordingState, SlaMeasure, SlaState, TaskState, TranscriptState
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import QueueEntry
from ivr.models.sla import SlaClock
from ivr.models.voicebox import Recording, Transcript
from ivr.platform import database, disks, job_queue, memory_report, monitoring, spool
from ivr.platform.work_models import Checkpoint, Work

#: Checkpoints whose age is told, by the names of their rows.
_AGES = {
    "scheduler": "scheduler_silent_seconds",
    "backup": "backup_age_seconds",
    "retention": "deletion_age_seconds",
    synthetic_calls.SUCCEEDED: "synthetic_call_age_seconds",
}


def gauges() -> Iterator[Metric]:
    """All of them; those of the database are left out while it does not answer."""
    began = time.monotonic()
    yield from _of_this_host()
    yield from _of_redis()
    try:
        with database.reading() as session:
            found = list(_of_the_database(session, utc_now()))
    except SQLAlchemyError:
        yield _gauge("database_up", "Whether the database answers", 0)
        return
    yield _gauge("database_up", "Whether the database answers", 1)
    yield from found
    yield _gauge("gauges_seconds", "Seconds in which all this was looked up", time.monotonic() - began)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"hotline_{name}", text, value)


def _by(name: str, text: str, labels: Sequence[str], values: Iterator[tuple[Sequence[str], float]]) -> Metric:
    family = GaugeMetricFamily(f"hotline_{name}", text, labels=labels)
    for chosen, value in values:
        family.add_metric(chosen, value)
    return family


# -- the whole hotline ---------------------------------------------------------------------------


def _of_the_database(session: Session, now: datetime) -> Iterator[Metric]:
    yield from _tasks(session)
    yield from _waiting_callers(session, now)
    yield from _jobs(session, now)
    yield from _transcription(session, now)
    ages = select(Checkpoint.name, Checkpoint.at).where(Checkpoint.name.in_(_AGES))
    for name, at in session.execute(ages):
        yield _gauge(_AGES[name], f"Seconds since the last sign of: {name}", max(0.0, (now - at).total_seconds()))


def _tasks(session: Session) -> Iterator[Metric]:
    unfinished = select(CallbackTask.state, CallbackTask.urgency, func.count())
    counted = session.execute(
        unfinished.where(CallbackTask.state != TaskState.CLOSED).group_by(CallbackTask.state, CallbackTask.urgency)
    )
    yield _by("tasks", "Callback tasks that are not closed", ("state", "urgency"),
              (((row[0], row[1]), row[2]) for row in counted))  # fmt: skip
    going_on = (SlaState.ON_TRACK, SlaState.AT_RISK, SlaState.MISSED)
    promises = {(measure, state): 0 for measure in SlaMeasure for state in going_on}
    counted_clocks = session.execute(
        select(SlaClock.measure, SlaClock.state, func.count())
        .where(SlaClock.state.in_(going_on))
        .group_by(SlaClock.measure, SlaClock.state)
    )
    promises.update({(row[0], row[1]): row[2] for row in counted_clocks})
    yield _by(
        "promises", "Promises that are still open: tried and reached", ("measure", "state"), iter(promises.items())
    )


def _waiting_callers(session: Session, now: datetime) -> Iterator[Metric]:
    query = select(func.count(), func.min(QueueEntry.entered_at)).where(queue_order.IN_QUEUE)
    count, first = session.execute(query).one()
    yield _gauge("queue_callers", "Callers in call queues, kept places included", count)
    yield _gauge("queue_longest_wait_seconds", "Seconds for which the first of them has waited", _age(first, now))


def _jobs(session: Session, now: datetime) -> Iterator[Metric]:
    query = select(Work.kind, func.count(), func.count(Work.failed_at), func.min(Work.run_after))
    found = session.execute(query.where(Work.done_at.is_(None)).group_by(Work.kind)).all()
    kind = ("kind",)
    yield _by("outbox_jobs", "Jobs of the outbox that are not done", kind, (((row[0],), row[1]) for row in found))
    yield _by("outbox_failed", "Jobs that need a person", kind, (((row[0],), row[2]) for row in found))
    yield _by("outbox_overdue_seconds", "Seconds for which the oldest job has been due", kind,
              (((row[0],), _age(row[3], now)) for row in found))  # fmt: skip


def _transcription(session: Session, now: datetime) -> Iterator[Metric]:
    waiting = (Transcript.state == TranscriptState.PENDING, Recording.state == RecordingState.STORED)
    query = select(
        Transcript.language, func.coalesce(func.sum(Recording.recorded_seconds), 0), func.min(Recording.stored_at)
    )
    found = session.execute(query.join(Recording).where(*waiting).group_by(Transcript.language)).all()
    language = ("language",)
    yield _by("transcription_backlog_seconds", "Seconds of audio that wait for a transcript", language,
              (((row[0],), row[1] or 0.0) for row in found))  # fmt: skip
    yield _by("transcription_oldest_seconds", "Seconds for which the oldest message has waited", language,
              (((row[0],), _age(row[2], now)) for row in found))  # fmt: skip


def _age(at: datetime | None, now: datetime) -> float:
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())


# -- this host -------------------------------------------------------------------------------------


def _of_this_host() -> Iterator[Metric]:
    yield _by("info", "The version that runs", ("version",), iter([((__version__,), 1)]))
    count, memory = dict[str, int](), dict[str, float]()
    for name, pid in monitoring.processes():
        try:
            used = psutil.Process(pid).memory_info().rss
        except psutil.Error:
            continue
        count[name], memory[name] = count.get(name, 0) + 1, memory.get(name, 0) + used
    yield _by("processes", "Processes of this host", ("process",), (((one,), n) for one, n in count.items()))
    yield _by("process_memory_bytes", "Resident memory; what processes share is counted in each", ("process",),
              (((one,), used) for one, used in memory.items()))  # fmt: skip
    yield _gauge("spool_oldest_seconds", "Seconds for which the oldest entry waits for the database", _spool_age())
    yield _gauge("spool_damaged", "Whether entries could not be replayed", float(spool.damaged()))
    kept = memory_report.of_all(spool.in_memory())
    yield _gauge("memory_entries", "Entries that neither database nor disk has taken", kept)
    try:
        free, _ = disks.least_room()
    except OSError:
        free = 0
    yield _gauge("disk_free_bytes", "Free bytes of the fullest disk on which the hotline keeps something", free)


def _spool_age() -> float:
    try:
        return spool.oldest(utc_now()) if spool.waiting() else 0.0
    except OSError:
        return 0.0


def _of_redis() -> Iterator[Metric]:
    try:
        alive = job_queue.workers_alive(job_queue.impatient())
    except (RedisError, ValueError):
        yield _gauge("redis_up", "Whether Redis answers", 0)
        return
    yield _gauge("redis_up", "Whether Redis answers", 1)
    yield _by("workers", "Workers of all hosts", ("queue",), (((name,), count) for name, count in alive.items()))
