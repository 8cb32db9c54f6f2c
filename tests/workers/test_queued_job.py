"""Jobs of RQ, among them those that an earlier version has queued."""

from __future__ import annotations

import os
import secrets
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NoReturn

import pytest
from redis import Redis
from redis.connection import AbstractConnection as Connection
from rq import Queue, get_current_job
from rq.registry import FailedJobRegistry
from rq.worker import WorkerStatus
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from ivr.domain.enums import WorkKind
from ivr.domain.timestamps import utc_now
from ivr.platform import database, job_queue, outbox
from ivr.platform.work_models import Work
from ivr.workers import queued_job, runner


@pytest.mark.parametrize("former", ["ivr.workers.jobs.run", "ivr.jobs.run", runner.__name__ + ".run"])
def test_a_job_queued_under_a_former_module_path_is_done(
    empty_database, valkey_url: str, monkeypatch: pytest.MonkeyPatch, former: str
) -> None:
    """The queue was full when the hotline was updated; a caller waits for the leg that is to be rung."""
    rung: list[int] = []
    monkeypatch.setattr(runner, "HANDLERS", {WorkKind.RING_LEG: rung.append})
    with database.writing() as session:
        outbox.add(session, WorkKind.RING_LEG, 4711, urgent=True)
        work_id = session.scalars(select(Work.id)).one()
    connection = Redis.from_url(valkey_url)
    queue = Queue(job_queue.CALLS, connection=connection)
    queue.empty()
    queue.enqueue_call(former, args=(work_id,), job_id=f"work-{work_id}-1", timeout=60, result_ttl=0)
    queued_job.worker(job_queue.CALLS, connection, f"update-{former}").work(burst=True, logging_level="WARNING")
    assert rung == [4711]
    assert queue.job_ids == []
    with database.reading() as session:
        assert session.get_one(Work, work_id).done_at is not None


@pytest.fixture
def calls_queue(valkey_url: str) -> Queue:
    """An empty queue of jobs for calls."""
    connection = Redis.from_url(valkey_url)
    for key in connection.keys("rq:*"):
        connection.delete(key)
    return Queue(job_queue.CALLS, connection=connection)


def _planned(connection: Redis, subjects: Sequence[int]) -> None:
    with database.writing() as session:
        for subject in subjects:
            outbox.add(session, WorkKind.RING_LEG, subject, urgent=True)
        jobs = session.info.pop("queued_jobs")
    job_queue.hand_over(jobs, connection)


def _work(queue: Queue) -> None:
    worker = queued_job.worker(job_queue.CALLS, queue.connection, f"worker-{secrets.token_hex(4)}")
    worker.work(burst=True, logging_level="ERROR")


def test_a_job_takes_few_round_trips_and_leaves_nothing_in_redis(
    empty_database, calls_queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker of RQ alone takes some 27 round trips a job, and writes down what the outbox knows already."""
    rung: list[int] = []
    monkeypatch.setattr(runner, "HANDLERS", {WorkKind.RING_LEG: rung.append})
    _planned(calls_queue.connection, range(20))
    sent: list[object] = []
    send = Connection.send_packed_command
    monkeypatch.setattr(Connection, "send_packed_command", lambda *a, **k: (sent.append(a), send(*a, **k))[1])
    _work(calls_queue)
    assert sorted(rung) == list(range(20))
    assert len(sent) <= 4 * 20 + 30, f"{len(sent)} round trips for 20 jobs; 30 belong to start and end"
    left = [key for key in calls_queue.connection.keys("rq:*") if b"job" in key or b"execution" in key]
    assert left == []


def test_a_job_is_seen_as_running_until_it_ends(
    empty_database, calls_queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop in the middle of a job waits for its end; a worker that is killed leaves a job that expires."""
    seen: list[tuple[str, int]] = []

    def ring(_leg: int) -> None:
        current = get_current_job()
        assert current is not None
        seen.append((worker.get_state(), calls_queue.connection.ttl(current.key)))
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(runner, "HANDLERS", {WorkKind.RING_LEG: ring})
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    _planned(calls_queue.connection, [1, 2])
    worker = queued_job.worker(job_queue.CALLS, calls_queue.connection, f"worker-{secrets.token_hex(4)}")
    try:
        worker.work(burst=True, logging_level="ERROR")
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert len(seen) == 1, "the second job waits for another worker"
    assert seen[0][0] == WorkerStatus.BUSY
    assert 0 < seen[0][1] <= 60 + 60 + 86400
    with database.reading() as session:
        assert sorted(work.done_at is not None for work in session.scalars(select(Work))) == [False, True]


@pytest.fixture
def handlers_kept() -> Iterator[None]:
    """A worker of RQ takes the signals of its process for itself."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_stop_that_is_asked_for_twice_waits_for_the_job_too(
    empty_database, calls_queue: Queue, monkeypatch: pytest.MonkeyPatch, handlers_kept
) -> None:
    """RQ gives the job up at the second request; the parent of the workers asks until they have ended."""
    rung: list[int] = []

    def ring(leg: int) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1.1)  # RQ takes a second request within a second for the same
        os.kill(os.getpid(), signal.SIGTERM)
        rung.append(leg)

    monkeypatch.setattr(runner, "HANDLERS", {WorkKind.RING_LEG: ring})
    _planned(calls_queue.connection, [1])
    _work(calls_queue)
    assert rung == [1]


def test_a_worker_without_a_job_ends_though_a_request_to_stop_was_lost(
    empty_database, calls_queue: Queue, monkeypatch: pytest.MonkeyPatch, handlers_kept
) -> None:
    """RQ stops by raising an error, which the code of that moment may catch: then it would wait for jobs for ever."""
    worker = queued_job.worker(job_queue.CALLS, calls_queue.connection, f"worker-{secrets.token_hex(4)}")

    def loses_it(burst: bool) -> None:
        with suppress(Exception):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.1)
        threading.Timer(1.1, os.kill, (os.getpid(), signal.SIGTERM)).start()

    monkeypatch.setattr(worker, "check_for_suspension", loses_it)
    assert not worker.work(logging_level="ERROR")


def test_a_job_that_takes_too_long_is_ended_and_repeated_later(
    empty_database, calls_queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time-out of the queue holds, and the outbox says why the job has not ended well."""
    monkeypatch.setattr(runner, "HANDLERS", {WorkKind.RING_LEG: lambda _: time.sleep(20)})
    monkeypatch.setitem(job_queue._TIMEOUT, job_queue.CALLS, 1)
    _planned(calls_queue.connection, [1])
    _work(calls_queue)
    with database.reading() as session:
        work = session.scalars(select(Work)).one()
    assert work.done_at is None
    assert work.leased_by is None
    assert "JobTimeoutException" in (work.last_error or "")


def test_a_job_that_cannot_even_be_claimed_is_among_the_failed_ones(
    empty_database, calls_queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was away when the job was claimed; the worker goes on, and the clock repeats the job."""

    def away(_self: object) -> NoReturn:
        raise OperationalError("SELECT 1", {}, OSError("away"))

    monkeypatch.setattr(queued_job.RunnerJob, "func", property(lambda _: away))
    _planned(calls_queue.connection, [1])
    _work(calls_queue)
    assert len(FailedJobRegistry(queue=calls_queue).get_job_ids()) == 1


def test_a_handler_that_ends_its_row_itself_runs_again_if_it_was_asked_for_meanwhile(
    empty_database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job's end is part of its last transaction: both are written or neither."""
    runs: list[int] = []

    def ring(leg: int) -> None:
        runs.append(leg)
        if len(runs) == 1:
            with database.writing() as session:
                outbox.add(session, WorkKind.RING_LEG, leg)
        with database.writing() as session:
            outbox.finish_running(session, utc_now())

    monkeypatch.setattr(runner, "HANDLERS", {WorkKind.RING_LEG: ring})
    with database.writing() as session:
        outbox.add(session, WorkKind.RING_LEG, 7)
        work_id = session.scalars(select(Work.id)).one()
    runner.run(work_id)
    assert runs == [7, 7]
    with database.reading() as session:
        assert session.get_one(Work, work_id).done_at is not None


def test_a_failure_in_the_last_transaction_leaves_the_row_to_be_repeated(
    empty_database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not committed has not ended."""

    def ring(_leg: int) -> None:
        with database.writing() as session:
            outbox.finish_running(session, utc_now())
            raise ValueError("the last statement fails")

    monkeypatch.setattr(runner, "HANDLERS", {WorkKind.RING_LEG: ring})
    with database.writing() as session:
        outbox.add(session, WorkKind.RING_LEG, 7)
        work_id = session.scalars(select(Work.id)).one()
    runner.run(work_id)
    with database.reading() as session:
        work = session.get_one(Work, work_id)
    assert (work.done_at, work.leased_by) == (None, None)
    assert "the last statement fails" in (work.last_error or "")
