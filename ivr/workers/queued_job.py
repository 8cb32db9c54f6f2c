"""What a worker calls for a job of RQ: always the runner, whatever function the job names.

Every job carries the id of an outbox row and nothing else. A job that an earlier version has queued names the module
where the runner was then; it is done like any other.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

from redis import Redis
from redis.client import Pipeline
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.timeouts import JobTimeoutException
from rq.utils import now
from rq.worker import WorkerStatus

from ivr.workers import runner

#: Seconds between two signs of life that a worker without a job gives in Redis. RQ gives three a job.
_SIGN_OF_LIFE_EVERY = 10.0
#: Seconds that Redis keeps a job whose worker was killed, unless the job is handed over again before.
_KEPT_SECONDS = 86400


class RunnerJob(Job):
    """A job whose function is the runner."""

    @property
    def func(self) -> Callable[..., Any]:
        """The runner."""
        return runner.run


class RunnerWorker(SimpleWorker):
    """A worker that leaves out what RQ notes in Redis about a running job.

    The outbox in the database says which worker runs which row, since when, and what came of it. RQ's own notes
    (executions, registries, dependents, results, counters) took two thirds of the round trips, and nothing read them.
    A job that raises is noted by RQ as a failed one, as before.
    """

    _sign_of_life_at = 0.0

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job in this process, then delete it from Redis."""
        self._begin(job, queue)
        try:
            with self.death_penalty_class(job.timeout or queue.DEFAULT_TIMEOUT, JobTimeoutException, job_id=job.id):
                job.perform()
        except BaseException:
            self._note_failure(job, queue)
        else:
            with self.connection.pipeline() as pipeline:
                pipeline.delete(job.key)
                self.heartbeat(pipeline=pipeline)
                self.set_state(WorkerStatus.IDLE, pipeline=pipeline)
                pipeline.execute()

    def _begin(self, job: Job, queue: Queue) -> None:
        job.started_at, job.worker_name = now(), self.name
        seconds = self.get_heartbeat_ttl(job)
        with self.connection.pipeline() as pipeline:
            # From here on a stop waits for the job. The queue does not know of it any more: its row is the outbox's.
            self.set_state(WorkerStatus.BUSY, pipeline=pipeline)
            self.heartbeat(seconds, pipeline=pipeline)
            pipeline.expire(job.key, seconds + _KEPT_SECONDS)
            pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
            pipeline.execute()

    def _note_failure(self, job: Job, queue: Queue) -> None:
        raised, error, where = sys.exc_info()
        reason = "".join(traceback.format_exception(error))
        job.ended_at = now()
        execution = self.prepare_execution(job)
        self.handle_exception(job, raised, error, where)
        self.handle_job_failure(job, queue, exc_string=reason, execution=execution)
        self.set_state(WorkerStatus.IDLE)

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """End as at the first request to stop: after the job, or at once where there is none.

        RQ would give the job up. The first request may have been lost, where an error of that moment was caught.
        """
        if self.get_state() != WorkerStatus.BUSY:
            self.request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def check_for_suspension(self, burst: bool) -> None:
        """Ask nothing: nobody suspends workers in Redis, and the question is a round trip a job."""

    def set_state(self, state: str, pipeline: Pipeline | None = None) -> None:
        """Note a state of the worker that is another one than before."""
        if state != self.get_state():
            super().set_state(state, pipeline=pipeline)

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Give a sign of life, with other commands at any time, in a round trip of its own only now and then."""
        if pipeline is None and time.monotonic() - self._sign_of_life_at < _SIGN_OF_LIFE_EVERY:
            return
        self._sign_of_life_at = time.monotonic()
        super().heartbeat(timeout, pipeline=pipeline)


def worker(queue: str, connection: Redis, name: str) -> RunnerWorker:
    """A worker of one job queue."""
    queues = [Queue(queue, connection=connection, job_class=RunnerJob)]
    return RunnerWorker(queues, connection=connection, name=name, job_class=RunnerJob)
