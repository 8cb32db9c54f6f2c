"""Job queues on Redis."""

from __future__ import annotations

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
