"""Runs the jobs a caller waits for in the process that has planned them, right after its commit.

    here = Here({WorkKind.BRING_CALLER: bring_caller}, job_queue.hand_over_soon)
    outbox.hand_over = here.hand_over

The way through Redis and a worker costs two more transactions and several changes of process, all of them in line
behind each other when many callers are put through at one instant. Nothing is leased: a job that runs here has to be
one that may run twice. What fails goes to the job queue at once. If the process dies, the row is still open, and the
scheduler hands it over when its `repeat_after` is over (:func:`ivr.platform.outbox.add`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from ivr.domain.timestamps import utc_now
from ivr.platform import monitoring, outbox, write_behind
from ivr.platform.outbox import QueuedJob

log = logging.getLogger(__name__)

#: Threads of a process. Each waits for the carrier most of its time.
_THREADS = 8


class Here:
    """Jobs of some kinds are run in threads of this process, others are handed over."""

    def __init__(
        self, handlers: Mapping[str, Callable[[int], None]], otherwise: Callable[[Sequence[QueuedJob]], None]
    ) -> None:
        """`handlers`: the function of each kind of job that is run here; `otherwise`: takes all others."""
        self._handlers, self._otherwise = handlers, otherwise
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="at once")

    def hand_over(self, jobs: Sequence[QueuedJob]) -> None:
        """Take the jobs of a committed session. Returns at once."""
        here = [job for job in jobs if job.kind in self._handlers]
        for job in here:
            self._threads.submit(self._run, job)
        if len(here) < len(jobs):
            self._otherwise([job for job in jobs if job.kind not in self._handlers])

    def _run(self, job: QueuedJob) -> None:
        try:
            self._handlers[job.kind](job.subject_id)
        except Exception as error:
            log.warning("%s %d failed (%s); a worker repeats it", job.kind, job.work_id, type(error).__name__)
            monitoring.count("jobs", 1, job.kind, "failed")
            self._otherwise([job])
            return
        monitoring.count("jobs", 1, job.kind, "done")
        write_behind.write_row_soon(outbox.finish_all, (job, utc_now()))
