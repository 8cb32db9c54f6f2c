"""The queues on Redis. They carry ids only; what must happen stands in the outbox."""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue

from ivr.config.settings import settings
from ivr.platform.outbox import QueuedJob

log = logging.getLogger(__name__)

#: A worker listens to one queue: then a job popped just before a crash comes back (BLMOVE).
CALLS = "calls"
GENERAL = "errands"
TRANSCRIPTION = "transcription"

#: Which queue does a kind of work; every other kind goes to GENERAL.
_QUEUE_OF = {
    "transcribe": TRANSCRIPTION,
    # Somebody is waiting on the telephone for these.
    **dict.fromkeys(("ring_leg", "hang_up_leg", "bring_caller", "end_room", "tell_no_interpreter"), CALLS),
}

#: Seconds a job may take: ten minutes of speech on a slow core, or a slow carrier.
_TIMEOUT = {CALLS: 60, GENERAL: 180, TRANSCRIPTION: 1800}

#: A pool that has not been heard of for so many seconds is gone.
SIGN_OF_LIFE = 8.0
_LIFE = "hotline:workers"

#: After Redis failed once, nobody waits for it again for so many seconds; the clock makes up for it.
_PAUSE = 2.0
_down_until = 0.0


def pool_queue(pool: str) -> str:
    """The queue of the hosts that transcribe the languages of a pool."""
    return f"{TRANSCRIPTION}-{pool}" if pool else TRANSCRIPTION


def names() -> tuple[str, ...]:
    """All queues of this house."""
    return (CALLS, GENERAL, *map(pool_queue, settings().pools))


def patient() -> Redis:
    """A connection for workers, which have time."""
    return Redis.from_url(settings().redis)


def impatient() -> Redis:
    """The connections of web requests: a fraction of a second, no retries."""
    return _impatient(settings().redis)


@lru_cache(maxsize=2)
def _impatient(url: str) -> Redis:
    return Redis.from_url(url, socket_connect_timeout=0.2, socket_timeout=1.0, retry=Retry(NoBackoff(), 0))


def hand_over(jobs: Sequence[QueuedJob], connection: Redis | None = None) -> None:
    """Put jobs on their queues, urgent ones at the front.

    Raises:
        RedisError: the queue cannot be reached; the rows remain for the clock.
    """
    global _down_until
    if time.monotonic() < _down_until:
        raise RedisError("Redis did not answer a moment ago")
    try:
        connection = connection or impatient()
        for job in jobs:
            kind = _QUEUE_OF.get(job.kind, GENERAL)
            name = pool_queue(job.pool) if kind == TRANSCRIPTION else kind
            Queue(name, connection=connection).enqueue_call(
                "ivr.workers.runner.run",
                args=(job.work_id,),
                job_id=job_id(job),
                timeout=_TIMEOUT[kind],
                result_ttl=0,
                failure_ttl=86400,
                at_front=job.urgent,
                description=f"{job.kind} {job.work_id}",
            )
    except RedisError:
        _down_until = time.monotonic() + _PAUSE
        raise


_soon: queue.SimpleQueue[Sequence[QueuedJob]] = queue.SimpleQueue()
_hander: tuple[int, threading.Thread] | None = None


def hand_over_soon(jobs: Sequence[QueuedJob]) -> None:
    """:func:`hand_over` in a thread of its own: nobody waits for Redis, even if it takes a connection and is silent."""
    global _hander
    if _hander is None or _hander[0] != os.getpid():  # threads do not survive a fork
        thread = threading.Thread(target=_keep_handing_over, name="queue", daemon=True)
        _hander = os.getpid(), thread
        thread.start()
    _soon.put(jobs)


def _keep_handing_over() -> None:
    while True:
        jobs = _soon.get()
        try:
            hand_over(jobs)
        except Exception as error:  # whatever the queue's client raises, the clock enqueues later
            log.warning("could not enqueue %d jobs (%s); the clock will", len(jobs), type(error).__name__)


def hand_over_missing(jobs: Iterable[QueuedJob], connection: Redis) -> None:
    """Put those jobs on their queues that do not wait there already."""
    waiting = {job for name in names() for job in Queue(name, connection=connection).job_ids}
    hand_over([job for job in jobs if job_id(job) not in waiting], connection)


def job_id(job: QueuedJob) -> str:
    """The job of an outbox row. Asked for again while it is being done, it is another one: RQ deletes a job that has
    finished under the same id as one that was put on the queue meanwhile."""
    return f"work-{job.work_id}-{job.generation}"


def show_life(connection: Redis, pool: str, workers: Mapping[str, int]) -> None:
    """A pool says how many workers it has at each queue; without any it says goodbye.

    Raises:
        RedisError: nobody can be told now.
    """
    if workers:
        connection.hset(_LIFE, pool, json.dumps({"at": time.time(), "workers": dict(workers)}))
    else:
        connection.hdel(_LIFE, pool)


def workers_alive(connection: Redis) -> dict[str, int]:
    """How many workers listen to each queue, by the pools' own signs of life (RQ's last for minutes after a kill).

    Raises:
        RedisError: the queue cannot be reached.
    """
    alive = dict.fromkeys(names(), 0)
    for said in connection.hgetall(_LIFE).values():
        sign = json.loads(said)
        if time.time() - sign["at"] < SIGN_OF_LIFE:
            for queue, count in sign["workers"].items():
                alive[queue] = alive.get(queue, 0) + count
    return alive
