"""Job queues on Redis."""

from __future__ import annotations

import json
import time

import pytest
from redis import Redis
from rq import Queue

from ivr.platform import job_queue


def test_job_queues_of_an_earlier_version_are_deleted(valkey_url: str) -> None:
    """Their rows stand in the outbox, so the scheduler hands them over again under the present names."""
    connection = Redis.from_url(valkey_url)
    former = Queue("errands", connection=connection)
    former.enqueue_call("ivr.jobs.run", args=(1,), job_id="work-1-1")
    present = Queue(job_queue.GENERAL, connection=connection)
    present.enqueue_call("ivr.workers.runner.run", args=(2,), job_id="work-2-1")
    job_queue.delete_former_queues(connection)
    assert former.job_ids == []
    assert present.job_ids == ["work-2-1"]


def test_workers_that_died_before_a_clock_was_set_back_are_not_alive(valkey_url: str) -> None:
    """For an hour they were: what they had said last lay in the future."""
    connection = Redis.from_url(valkey_url)
    seconds, _ = connection.time()
    for name, ahead in (("dead", 3600.0), ("alive", 0.0)):
        report = {"at": seconds + ahead, "workers": {job_queue.CALLS: 1}, "models": [name]}
        connection.hset("hotline:workers", name, json.dumps(report))
    assert job_queue.workers_alive(connection)[job_queue.CALLS] == 1
    assert job_queue.models_alive(connection) == {"alive"}


def test_a_host_whose_clock_differs_has_its_workers(valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Redis.from_url(valkey_url)
    there = time.time
    monkeypatch.setattr(time, "time", lambda: there() - 60)
    job_queue.report_alive(connection, "slow", {job_queue.CALLS: 2})
    monkeypatch.setattr(time, "time", there)
    assert job_queue.workers_alive(connection)[job_queue.CALLS] == 2
