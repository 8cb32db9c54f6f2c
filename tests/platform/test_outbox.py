"""Jobs in the outbox are handed over, leased and tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from redis.exceptions import RedisError
from sqlalchemy import select

from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Transcript
from ivr.platform import database, job_queue, outbox
from ivr.platform.work_models import Work
from ivr.workers import runner, scheduler
from tests.support.people import a_task


@pytest.fixture
def work(empty_database) -> int:
    with database.writing() as session:
        outbox.add(session, "fetch_recording", 1)
    return 1


def test_work_is_leased_to_one_at_a_time(work: int) -> None:
    now = utc_now()
    with database.writing() as session:
        first = outbox.claim(session, work, "one", now)
    with database.writing() as session:
        assert outbox.claim(session, work, "two", now) is None
        assert outbox.renew(session, work, "one", now)
        assert not outbox.renew(session, work, "two", now)
    with database.writing() as session:
        later = now + outbox.lease() + outbox.lease()
        second = outbox.claim(session, work, "two", later)
        assert second, "the first one died"
    with database.writing() as session:
        assert not outbox.finish(session, first, later), "who lost the lease finishes nothing"
        assert outbox.finish(session, second, later)
    with database.writing() as session:
        assert outbox.claim(session, work, "three", later + outbox.lease()) is None


def test_what_is_asked_for_again_while_it_is_done_is_done_again(work: int) -> None:
    now = utc_now()
    with database.writing() as session:
        claimed = outbox.claim(session, work, "one", now)
    with database.writing() as session:
        outbox.add(session, "fetch_recording", 1)
    with database.writing() as session:
        assert not outbox.finish(session, claimed, now)
        again = outbox.claim(session, work, "one", now)
        assert again.attempts == 1, "a new wish has all its tries"
    with database.writing() as session:
        assert outbox.finish(session, again, now)


def test_failed_work_comes_back_with_growing_pauses_until_a_person_is_told(work: int) -> None:
    now = utc_now()
    pauses = []
    for _ in range(len(outbox.BACKOFF) + 3):
        with database.writing() as session:
            claimed = outbox.claim(session, work, "one", now)
        with database.writing() as session:
            outbox.postpone(session, claimed, "no such file", now)
        with database.writing() as session:
            row = session.get_one(Work, work)
            pauses.append((row.run_after - now).total_seconds())
            assert outbox.is_spent(row) is (len(pauses) > len(outbox.BACKOFF))
            assert not outbox.overdue(session, now)
            now = row.run_after
            assert [job.work_id for job in outbox.overdue(session, now)] == [work]
    assert pauses == [*outbox.BACKOFF, 3600, 3600, 3600], "a carrier that is away for a day loses nothing"


def test_what_somebody_on_the_telephone_waits_for_is_tried_several_times_before_they_are_long_alone(
    empty_database,
) -> None:
    with database.writing() as session:
        outbox.add(session, "tell_leg", 1, urgent=True)
    began = now = utc_now()
    for _ in range(5):
        with database.writing() as session:
            row = outbox.claim(session, session.scalars(select(Work.id)).one(), "one", now)
        with database.writing() as session:
            outbox.postpone(session, row, "the carrier does not answer", now)
        with database.writing() as session:
            now = session.scalars(select(Work.run_after)).one()
    assert (now - began).total_seconds() < 10
    assert len(outbox.BACKOFF_ON_THE_TELEPHONE) == len(outbox.BACKOFF), "a person is told after as many tries"
    jobs = [outbox.QueuedJob(number, kind, urgent=True) for number, kind in enumerate(outbox.ON_THE_TELEPHONE)]
    assert {name for _, name, _ in job_queue._by_queue(jobs)} == {job_queue.CALLS}, "no other work stands before it"


def test_what_kills_its_workers_waits_and_is_shown_to_a_person(empty_database) -> None:
    """A recording that crashes the recogniser must not keep the others waiting."""
    task = a_task(text="Hallo")
    now = utc_now()
    with database.reading() as session:
        recording_id = session.get_one(CallbackTask, task).messages[0].recording.id
        row = session.scalar(select(Work).where(Work.kind == "transcribe"))
        session.execute(select(1))
    with database.writing() as session:
        transcript = session.scalar(select(Transcript).where(Transcript.recording_id == recording_id))
        transcript.state = "pending"
    at_once = []
    for _ in range(len(outbox.BACKOFF)):
        with database.writing() as session:
            assert outbox.claim(session, row.id, "victim", now)
        with database.writing() as session:
            at_once.append(bool(outbox.release(session, "victim", now)))
            now = session.get_one(Work, row.id).run_after
    assert at_once == [True, True, False, False, False, False, False, False]
    runner.run(row.id)
    with database.reading() as session:
        transcript = session.scalar(select(Transcript).where(Transcript.recording_id == recording_id))
        assert (transcript.state, transcript.reason) == ("please_listen", "failed")


def test_a_queue_that_is_away_loses_nothing(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(outbox, "hand_over", away)
    with database.writing() as session:
        outbox.add(session, "transcribe", 7, urgent=True)
    with database.writing() as session:
        found = outbox.overdue(session, utc_now() + outbox.lease())
    assert [(job.kind, job.urgent) for job in found] == [("transcribe", True)]


def test_what_dies_with_its_worker_is_taken_back(work: int) -> None:
    with database.writing() as session:
        outbox.claim(session, work, "dead", utc_now())
    with database.writing() as session:
        assert [job.work_id for job in outbox.release(session, "dead", utc_now())] == [work]
        assert outbox.release(session, "dead", utc_now()) == []


def test_a_clock_that_was_wrong_holds_no_work_up(work: int) -> None:
    """Leased and put off while the clock was a day ahead; the worker is gone and the clock is right again."""
    now, tomorrow = utc_now(), utc_now() + timedelta(days=1)
    with database.writing() as session:
        assert outbox.claim(session, work, "ahead", tomorrow)
    with database.writing() as session:
        assert [job.work_id for job in outbox.overdue(session, now)] == [work]
        assert outbox.claim(session, work, "right", now)
    with database.writing() as session:
        assert outbox.claim(session, work, "other", now + timedelta(seconds=1)) is None, "a lease of now still counts"


def test_nothing_is_postponed_while_redis_is_away(work: int) -> None:
    """What is due is handed over as soon as Redis is back, not a lease later."""

    def due_at() -> datetime:
        with database.reading() as session:
            return session.get_one(Work, work).run_after

    with database.writing() as session:
        session.get_one(Work, work).run_after = utc_now()
    before = due_at()
    with pytest.raises(RedisError):
        scheduler.enqueue_overdue()
    assert due_at() == before
