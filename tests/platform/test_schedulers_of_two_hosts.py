"""Schedulers of two hosts share overdue work: each takes what the other one has not in hand, and waits for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ivr.domain.timestamps import utc_now
from ivr.platform import database, outbox
from tests.support.databases import Databases
from tests.support.environment import environment_kept, use_environment
from tests.support.postgres import Postgres


@pytest.fixture
def overdue_jobs(postgres: Postgres) -> Iterator[int]:
    """How many jobs should be in a job queue by now."""
    with environment_kept():
        use_environment({**Databases(postgres).settings(), "LANGUAGES": '["de","en"]'})
        with database.writing() as session:
            for subject in range(6):
                outbox.add(session, "fetch_recording", subject)
        yield 6
        database.close()


@pytest.mark.since("ci")
def test_two_schedulers_at_one_moment_hand_over_different_jobs(overdue_jobs: int) -> None:
    later = utc_now() + outbox.lease() + timedelta(seconds=1)
    with database.writing() as one, database.writing() as other:
        first = {job.work_id for job in outbox.overdue(one, later, limit=4)}
        one.flush()
        second = {job.work_id for job in outbox.overdue(other, later, limit=4)}
    assert (len(first), len(second)) == (4, 2)
    assert not first & second


def test_a_job_that_a_worker_is_claiming_holds_up_no_scheduler(overdue_jobs: int) -> None:
    later = utc_now() + outbox.lease() + timedelta(seconds=1)
    with database.writing() as worker, database.writing() as scheduler:
        assert outbox.claim(worker, 1, "worker", later) is not None
        worker.flush()
        assert len(outbox.overdue(scheduler, later)) == overdue_jobs - 1
