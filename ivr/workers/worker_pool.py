"""The worker process: a parent loads the models, and forks runners of jobs and the transcribers.

The parent runs no jobs. When a child dies, its job returns to the job queue at once and a new child is forked. When a
model is installed, the parent loads it and replaces the transcribers one by one after their current jobs.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import socket
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import NoReturn

import psutil
from redis.exceptions import RedisError
from rq.exceptions import StopRequested

from ivr.carrier import call_control, client
from ivr.config.settings import settings
from ivr.domain.enums import DatabaseUser
from ivr.domain.timestamps import utc_now
from ivr.platform import connection_pools, database, job_queue, live_events, monitoring, outbox, schema, tracing
from ivr.transcription import engines, model_plan, model_trial
from ivr.transcription.vosk_engine import files_of, recognition
from ivr.workers import queued_job

log = logging.getLogger(__name__)

#: Seconds between two looks at the children, and between two looks for new models.
_LOOK = 0.05
_LOOK_FOR_MODELS = 2.0
#: A child that ends within so many seconds could not begin; for so many seconds its queue counts as served by nobody.
_BEGINS, _FAILS = 3.0, 5.0
_PR_SET_PDEATHSIG = 1
#: The signals that end a worker: SIGHUP too, so that it is started again with what its settings say now.
_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
#: Seconds after which children are asked again to end: the first time one may have been between two states.
_ASK_AGAIN = 2.0
#: Queues whose processes keep a connection to the database.
_OF_CALLERS = (job_queue.CALLS, job_queue.GENERAL)
#: How far the process that listens for languages stands back, and the seconds without work after which it ends.
_LISTENING_NICE, _LISTENING_IDLE = 10, 300


@dataclass(frozen=True)
class _Child:
    name: str
    queue: str
    begun: float


class Pool:
    """Parent of the worker processes of one host."""

    def __init__(self) -> None:
        self._children: dict[int, _Child] = {}
        self._stopping, self._asked = False, 0.0
        self._spawned = 0
        self._shown = 0.0
        #: Languages whose model could not be loaded, and the files that it had then and at the last look.
        self._broken: dict[str, int] = {}
        self._files: dict[str, int] = {}
        #: When (monotonic) a child of a queue could not begin.
        self._failed: dict[str, float] = {}
        self._postponed: frozenset[str] = frozenset()
        self._transcription = job_queue.pool_queue(settings().transcription_pool)
        self._name = f"{socket.gethostname()}-{os.getpid()}"

    def run(self) -> None:
        """Run until SIGTERM, SIGINT or SIGHUP; then each child finishes its job."""
        for number in _STOP:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # logs are opened anew by themselves
        outbox.hand_over = job_queue.hand_over
        live_events.publish = live_events.publish_soon
        database.serve(DatabaseUser.DECODING)  # this process only tells which jobs have lost their worker
        monitoring.begin("worker")
        schema.await_current(lambda: self._stopping)
        database.engine().dispose()  # the children open connections of their own
        with contextlib.suppress(RedisError):
            job_queue.delete_former_queues(job_queue.impatient())
        call_control.prepare()  # its children inherit it
        for _ in range(connection_pools.CALLING):
            self._fork(job_queue.CALLS)
        self._fork(job_queue.GENERAL)
        self._load_models()
        for _ in range(_transcribers()):
            self._fork(self._transcription)
        if settings().listens:
            self._fork(job_queue.LISTENING)
        looked = time.monotonic()
        while self._children:
            self._replace_dead_children()
            self._report_alive()
            self._ask_again_to_stop()
            if not self._stopping and time.monotonic() - looked > _LOOK_FOR_MODELS:
                looked = time.monotonic()
                if self._load_models() and not self._stopping:
                    self._signal_all(self._transcription)
            time.sleep(_LOOK)

    def _report_alive(self) -> None:
        if time.monotonic() - self._shown < job_queue.ALIVE_SECONDS / 4:
            return
        self._shown = time.monotonic()
        failing = {queue for queue, at in self._failed.items() if self._shown - at < _FAILS}
        alive = Counter(child.queue for child in self._children.values() if child.queue not in failing)
        with contextlib.suppress(RedisError):
            job_queue.report_alive(
                job_queue.impatient(), self._name, {} if self._stopping else alive, recognition.inherited
            )

    def _load_models(self) -> bool:
        served = set(engines.served_languages()) & set(settings().enabled_languages)
        first = {language for language in served if engines.at_hand(language)[:1] == ("vosk",)}
        mended = {language for language in first & self._broken.keys() if self._is_mended(language)}
        broken = self._broken.keys() - mended
        missing = sorted(first - recognition.loaded - broken - self._postponed)
        if not missing:
            return False
        made = model_plan.make(sorted(served - broken), _transcribers())
        log.info("%s", made)
        recognition.memory_limited = bool(made.in_turn)
        self._postponed = frozenset(made.in_turn)
        new = bool(made.in_turn)
        for language in (language for language in missing if language in made.resident):
            log.info("loading the model for %s", language)
            try:
                with model_trial.noted(language, partial(_load, language), is_doubtful=language in mended):
                    _load(language)
                self._broken.pop(language, None)
                new = True
            except Exception:  # the other languages and the downloads continue
                log.exception("the model for %s cannot be loaded; replace it", language)
                self._broken[language] = files_of(language)
        recognition.inherited = recognition.loaded
        if new:
            used = psutil.Process().memory_info().rss // 1024 // 1024
            log.info(
                "models in memory: %s (%d MiB, shared by all transcribers)", ", ".join(sorted(recognition.loaded)), used
            )
        return new

    def _is_mended(self, language: str) -> bool:
        """Whether the files of a model that could not be loaded are others now, and nobody is copying them any more."""
        now = files_of(language)
        before, self._files[language] = self._files.get(language), now
        return now == before != self._broken[language]

    def _fork(self, queue: str) -> None:
        if self._stopping:
            return
        self._spawned += 1
        child = _Child(f"{self._name}-{self._spawned}-{queue}", queue, time.monotonic())
        # A signal that comes meanwhile waits: in the child it would run the handler of its parent, and be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
        pid = os.fork()
        if pid == 0:
            _work(child)
        self._children[pid] = child
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)

    def _replace_dead_children(self) -> None:
        for pid, child in list(self._children.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            del self._children[pid]
            was_asked = os.waitstatus_to_exitcode(status) in (0, -signal.SIGTERM)
            if not was_asked and time.monotonic() - child.begun < _BEGINS:
                self._failed[child.queue] = time.monotonic()
            self._requeue(child)
            if not self._stopping:
                self._fork(child.queue)

    def _requeue(self, child: _Child) -> None:
        try:
            with database.writing() as session:
                jobs = outbox.release(session, child.name, utc_now())
            if jobs:
                log.warning("%s died during a job; the job is queued again", child.name)
                job_queue.hand_over(jobs)
        except Exception:  # the database or Redis does not answer; the scheduler finds the row when its lease ends
            log.warning("the job of %s could not be queued again now", child.name)
            time.sleep(0.5)

    def _signal_all(self, queue: str | None = None) -> None:
        for pid, child in self._children.items():
            if queue in (None, child.queue):
                with contextlib.suppress(ProcessLookupError):  # it has ended this moment
                    os.kill(pid, signal.SIGTERM)

    def _ask_again_to_stop(self) -> None:
        if self._stopping and time.monotonic() - self._asked > _ASK_AGAIN:
            self._stop()

    def _stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        self._stopping, self._asked = True, time.monotonic()
        self._signal_all()


def _load(language: str) -> None:
    recognition.load(language)
    recognition.warm(language)


def _transcribers() -> int:
    return settings().transcribers or os.cpu_count() or 1


def _work(child: _Child) -> NoReturn:
    # The child dies with its parent. Otherwise it would go on beside the child that replaces it.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in _STOP:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # sent to all processes of a worker: its parent ends them in order
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)
    database.forget_connections()
    database.serve(DatabaseUser.JOBS if child.queue in _OF_CALLERS else DatabaseUser.DECODING)
    recognition.reset_memory_baseline()
    monitoring.begin(child.queue.partition("-")[0])
    tracing.begin("worker")
    client.around = tracing.span
    status = 1
    try:
        connection = job_queue.patient()
        worker = queued_job.worker(child.queue, connection, child.name)
        worker.log_job_description = False
        listens = child.queue == job_queue.LISTENING
        if listens:
            os.nice(_LISTENING_NICE)
        # Who listens for languages gives the model's memory back by ending; the next one loads it when it is needed.
        worker.work(logging_level="WARNING", max_idle_time=_LISTENING_IDLE if listens else None)
        status = 0
    except StopRequested:  # before it listened, or after
        status = 0
    except Exception:
        log.exception("%s stopped", child.name)
        time.sleep(1)  # Redis may not answer: do not fork too fast
    finally:
        tracing.end()
        logging.shutdown()
        os._exit(status)
