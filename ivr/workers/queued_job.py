"""What a worker calls for a job of RQ: always the runner, whatever function the job names.

Every job carries the id of an outbox row and nothing else. A job that an earlier version has queued names the module
where the runner was then; it is done like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis import Redis
from rq import Queue, SimpleWorker
from rq.job import Job

from ivr.workers import runner


class RunnerJob(Job):
    """A job whose function is the runner."""

    @property
    def func(self) -> Callable[..., Any]:
        """The runner."""
        return runner.run


def worker(queue: str, connection: Redis, name: str) -> SimpleWorker:
    """A worker of one job queue."""
    queues = [Queue(queue, connection=connection, job_class=RunnerJob)]
    return SimpleWorker(queues, connection=connection, name=name, job_class=RunnerJob)
