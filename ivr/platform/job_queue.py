"""The job queues on Redis. They carry ids only; the outbox in the database says what must be done."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue

from ivr.config.settings import settings
from ivr.domain.enums import WorkKind
from ivr.platform.background_queue import BackgroundQueue
from ivr.platform.outbox import ON_THE_TELEPHONE, QueuedJob

log = logging.getLogger(__name__)

#: A worker listens to one job queue. Then a job that it popped just before a crash comes back (BLMOVE).
CALLS = "calls"
GENERAL = "general"
TRANSCRIPTION = "transcription"
#: What is done with a message after its transcript, where nobody waits.
LISTENING = "listening"
#: Job queues of earlier versions.
_FORMER = ("errands",)

#: The job queue of each kind of work; other kinds go to GENERAL.
_QUEUE_OF: dict[str, str] = {
    WorkKind.TRANSCRIBE: TRANSCRIPTION,
    WorkKind.UNDERSTAND_ANSWER: TRANSCRIPTION,  # it needs a model that is loaded
    WorkKind.CHECK_LANGUAGE: LISTENING,
    WorkKind.RENDER_GIST: LISTENING,
    WorkKind.HEAR_AGAIN: LISTENING,
    **dict.fromkeys(ON_THE_TELEPHONE, CALLS),
}

#: Seconds that a job may take: ten minutes of speech on a slow core, or a slow carrier.
_TIMEOUT = {CALLS: 60, GENERAL: 180, TRANSCRIPTION: 1800, LISTENING: 1800}

#: Seconds after which a worker pool counts as stopped if it does not report.
ALIVE_SECONDS = 8.0
_ALIVE_KEY = "hotline:workers"
_NOT_THERE = "hotline:nothing"

#: Seconds for which Redis is left alone after an error. The scheduler hands over what was missed.
_PAUSE_SECONDS = 2.0
_down_until = 0.0


def pool_queue(pool: str) -> str:
    """The job queue of the hosts that transcribe the languages of a pool."""
    return f"{TRANSCRIPTION}-{pool}" if pool else TRANSCRIPTION


def names() -> tuple[str, ...]:
    """All job queues of the configured pools."""
    listening = (LISTENING,) if settings().listens else ()
    return (CALLS, GENERAL, *map(pool_queue, settings().pools), *listening)


def patient() -> Redis:
    """A connection for workers: it waits without a time limit."""
    return Redis.from_url(settings().redis)


def impatient() -> Redis:
    """The connection for web requests: a fraction of a second, no retries."""
    return _impatient(settings().redis)


@lru_cache(maxsize=2)
def _impatient(url: str) -> Redis:
    return Redis.from_url(url, socket_connect_timeout=0.2, socket_timeout=1.0, retry=Retry(NoBackoff(), 0))


def hand_over(jobs: Sequence[QueuedJob], connection: Redis | None = None) -> None:
    """Put jobs on their job queues, urgent ones at the front.

    Raises:
        RedisError: Redis does not answer. The rows of the outbox remain for the scheduler.
    """
    global _down_until
    if time.monotonic() < _down_until:
        raise RedisError("Redis did not answer a moment ago")
    try:
        connection = connection or impatient()
        for (kind, name, urgent), some in _by_queue(jobs).items():
            _enqueue(Queue(name, connection=connection), some, _TIMEOUT[kind], at_front=urgent)
    except RedisError:
        _down_until = time.monotonic() + _PAUSE_SECONDS
        raise


def check(connection: Redis) -> None:
    """Ask whether jobs can be handed over now.

    Raises:
        RedisError: Redis does not answer, or did not a moment ago.
    """
    if time.monotonic() < _down_until:
        raise RedisError("Redis did not answer a moment ago")
    connection.ping()


def forget_outage() -> None:
    """Begin anew, as a process does that has just been started."""
    global _down_until
    _down_until = 0.0


def _by_queue(jobs: Sequence[QueuedJob]) -> Mapping[tuple[str, str, bool], Sequence[QueuedJob]]:
    found: dict[tuple[str, str, bool], list[QueuedJob]] = {}
    for job in jobs:
        kind = _QUEUE_OF.get(job.kind, GENERAL)
        name = pool_queue(job.pool) if kind == TRANSCRIPTION else kind
        found.setdefault((kind, name, job.urgent), []).append(job)
    return found


def _enqueue(to: Queue, jobs: Sequence[QueuedJob], timeout: int, *, at_front: bool) -> None:
    """Put jobs on one job queue, in one round trip."""
    to.enqueue_many(
        [
            Queue.prepare_data(
                "ivr.workers.runner.run",
                args=(job.work_id,),
                job_id=job_id(job),
                timeout=timeout,
                result_ttl=0,
                failure_ttl=86400,
                at_front=at_front,
                description=f"{job.kind} {job.work_id}",
            )
            for job in jobs
        ]
    )


def _try_to_hand_over(jobs: Sequence[QueuedJob]) -> None:
    try:
        hand_over(jobs)
    except Exception as error:  # whatever the error, the scheduler hands the jobs over later
        log.warning("%d jobs could not be enqueued (%s); the scheduler repeats it", len(jobs), type(error).__name__)


_soon = BackgroundQueue("queue", _try_to_hand_over)


def hand_over_soon(jobs: Sequence[QueuedJob]) -> None:
    """:func:`hand_over` in a thread, so that the caller does not wait for Redis even if it hangs."""
    _soon.put(jobs)


def hand_over_missing(jobs: Iterable[QueuedJob], connection: Redis) -> None:
    """Put those jobs on their job queues that are not in one already."""
    waiting = {job for name in names() for job in Queue(name, connection=connection).job_ids}
    hand_over([job for job in jobs if job_id(job) not in waiting], connection)


def delete_former_queues(connection: Redis) -> None:
    """Delete the job queues of earlier versions. The scheduler hands their rows of the outbox over again.

    Raises:
        RedisError: Redis does not answer.
    """
    for name in _FORMER:
        Queue(name, connection=connection).delete(delete_jobs=True)


def job_id(job: QueuedJob) -> str:
    """The RQ id of an outbox row. It includes the row's generation.

    A row that is requested again while its job runs needs another id: when a job finishes, RQ deletes the job of the
    same id that was enqueued in the meantime.
    """
    return f"work-{job.work_id}-{job.generation}"


def report_alive(connection: Redis, pool: str, workers: Mapping[str, int], models: Iterable[str] = ()) -> None:
    """Report how many workers a pool has at each job queue; an empty mapping removes the pool.

    `models`: languages whose speech model its transcribers have in memory.

    Raises:
        RedisError: Redis does not answer.
    """
    if workers:
        report = {"at": _now(connection.time()), "workers": dict(workers), "models": sorted(models)}
        connection.hset(_ALIVE_KEY, pool, json.dumps(report))
    else:
        connection.hdel(_ALIVE_KEY, pool)


def workers_alive(connection: Redis) -> dict[str, int]:
    """The number of workers at each job queue, as the pools report it.

    RQ's own registry is not used, because it keeps killed workers for minutes.

    Raises:
        RedisError: Redis does not answer.
    """
    alive = dict.fromkeys(names(), 0)
    for report in _fresh_reports(connection):
        for name, count in report["workers"].items():
            alive[name] = alive.get(name, 0) + count
    return alive


def models_alive(connection: Redis) -> frozenset[str]:
    """The languages whose speech model is in the memory of transcribers, as the pools report it.

    Raises:
        RedisError: Redis does not answer.
    """
    reports = _fresh_reports(connection)
    return frozenset(language for report in reports for language in report.get("models", ()))


def _fresh_reports(connection: Redis) -> list[dict[str, Any]]:
    pipeline = connection.pipeline(transaction=False)
    pipeline.hgetall(_ALIVE_KEY)
    pipeline.time()
    written, at = pipeline.execute()
    reports = [json.loads(text) for text in written.values()]
    return [report for report in reports if abs(_now(at) - report["at"]) < ALIVE_SECONDS]


def _now(at: tuple[int, int]) -> float:
    """Redis's own clock: those of hosts differ, and one that was set back would keep the dead alive."""
    return at[0] + at[1] / 1e6


def require_room(connection: Redis) -> None:
    """Look whether jobs can be written, without writing anything: a key that is not there is not set.

    Raises:
        RedisError: Redis does not answer, or answers and takes nothing.
    """
    connection.set(_NOT_THERE, "", xx=True)
