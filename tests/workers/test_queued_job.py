"""Jobs of RQ, among them those that an earlier version has queued."""

from __future__ import annotations

import pytest
from redis import Redis
from rq import Queue
from sqlalchemy import select

from ivr.domain.enums import WorkKind
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
