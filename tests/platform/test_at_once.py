"""What a caller waits for is done in the process that has planned it, and by a worker where that fails."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.domain.enums import WorkKind
from ivr.domain.timestamps import utc_now
from ivr.platform import database, outbox, write_behind
from ivr.platform.at_once import Here
from ivr.platform.outbox import QueuedJob
from ivr.platform.work_models import Work
from tests.support.waiting import eventually

ENTRY = 17


def plan(*more: str) -> None:
    """A caller is to be brought into a room, and whatever else."""
    with database.writing() as session:
        outbox.add(session, WorkKind.BRING_CALLER, ENTRY, urgent=True, repeat_after=timedelta(seconds=4))
        for kind in more:
            outbox.add(session, kind, ENTRY)


def row() -> Work:
    write_behind.flush()
    with database.reading() as session:
        return session.scalars(select(Work).where(Work.kind == WorkKind.BRING_CALLER)).one()


def overdue(seconds: float) -> list[str]:
    """What the scheduler would hand over after so many seconds."""
    with database.writing() as session:
        found = [job.kind for job in outbox.overdue(session, utc_now() + timedelta(seconds=seconds))]
        session.rollback()
    return found


@pytest.fixture
def queued(empty_database, monkeypatch: pytest.MonkeyPatch) -> list[QueuedJob]:
    """What goes to the job queue."""
    return []


def begin(monkeypatch: pytest.MonkeyPatch, queued: list[QueuedJob], bring) -> Here:
    here = Here({WorkKind.BRING_CALLER: bring}, queued.extend)
    monkeypatch.setattr(outbox, "hand_over", here.hand_over)
    return here


def test_it_is_done_here_and_everything_else_by_a_worker(queued, monkeypatch) -> None:
    brought: list[int] = []
    begin(monkeypatch, queued, brought.append)
    plan(WorkKind.RING_LEG)
    eventually(lambda: row().done_at is not None)
    assert brought == [ENTRY]
    assert [job.kind for job in queued] == [WorkKind.RING_LEG]
    assert WorkKind.BRING_CALLER not in overdue(3600)


def test_a_worker_repeats_at_once_what_has_failed(queued, monkeypatch) -> None:
    def refused(_entry: int) -> None:
        raise ConnectionError

    begin(monkeypatch, queued, refused)
    plan()
    eventually(lambda: queued)
    assert [(job.kind, job.subject_id) for job in queued] == [(WorkKind.BRING_CALLER, ENTRY)]
    assert row().done_at is None
    with database.writing() as session:
        assert outbox.claim(session, queued[0].work_id, "a worker", utc_now()) is not None


def test_the_scheduler_repeats_what_died_with_its_process(queued, monkeypatch) -> None:
    monkeypatch.setattr(outbox, "hand_over", lambda jobs: None)  # killed right after the commit
    plan()
    assert overdue(3.0) == [], "nobody is brought twice while the carrier is being asked"
    assert overdue(4.5) == [WorkKind.BRING_CALLER]


def test_what_is_wanted_again_meanwhile_is_not_taken_for_done(queued, monkeypatch) -> None:
    goes_on, brought = threading.Event(), []

    def bring(entry: int) -> None:
        brought.append(entry)
        assert goes_on.wait(10)

    here = begin(monkeypatch, queued, bring)
    plan()
    eventually(lambda: brought)
    monkeypatch.setattr(outbox, "hand_over", lambda jobs: None)
    plan()
    goes_on.set()
    here._threads.shutdown()
    assert row().done_at is None
    assert overdue(4.5) == [WorkKind.BRING_CALLER]


def test_what_a_worker_has_begun_is_left_to_it(queued) -> None:
    plan()
    mine = row()
    with database.writing() as session:
        claimed = outbox.claim(session, mine.id, "a worker", utc_now())
    with database.noting() as connection:
        outbox.finish_all(connection, [(QueuedJob(mine.id, mine.kind, True, mine.generation), utc_now())])
    assert row().done_at is None
    with database.writing() as session:
        assert outbox.finish(session, claimed, utc_now())
