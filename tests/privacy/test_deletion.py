"""Nothing is kept for longer than its period, nothing of it can be found afterwards, and the figures stay what they
were."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from ivr.audit import verification
from ivr.cli import hotline as command_line
from ivr.config import settings as configuration
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.privacy import DeletionRecord
from ivr.models.voicebox import Transcript
from ivr.platform import blob_storage, database, job_queue
from ivr.privacy import (
    legal_holds,
    redis_scan,
    retention_periods,
)
from ivr.privacy import nightly_job as runs
from ivr.voicebox import audio_store
from tests.support.data_subjects import Person, everything, figures, found_of
from tests.support.volume import volume

#: Of whom six have been closed for more than a year.
PEOPLE = volume(test=10, ci=30, soak=30)


def test_after_a_year_nothing_of_an_expired_person_is_left(services) -> None:
    now = utc_now()
    old = [Person(services, number, now - timedelta(days=400 - number * 6)) for number in range(PEOPLE)]
    open_ = Person(services, 500, now - timedelta(days=380), closed=False)
    held = Person(services, 501, now - timedelta(days=385))
    fresh = Person(services, 502, now - timedelta(days=2))
    with database.writing() as session:
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        legal_holds.place(session, session.get_one(CallbackTask, held.task_id), mia, "Klage", now)
    runs.count_days(now)
    before, var_dir = figures(), configuration.settings().var_dir
    assert len(before) > 100
    pages = everything(var_dir)
    assert all(found_of(person, pages) for person in old), "the search finds what is there"
    planned = CliRunner().invoke(command_line, ["retention", "plan"])
    assert planned.exit_code == 0, planned.output
    assert "number_and_name" in planned.output
    records = runs.run(now)
    assert [(record.kind, record.remains) for record in records if not record.verified] == []
    pages = everything(var_dir)
    gone = [person for person in old if (now - timedelta(days=366)) > now - timedelta(days=400 - old.index(person) * 6)]
    assert len(gone) >= 5
    for person in gone:
        assert found_of(person, pages) == []
    for person in old:  # younger ones: their task stays, with its code and the call's id
        assert {trace for trace, _ in found_of(person, pages)} <= {person.code.encode(), person.call_sid.encode()}
    for person in (open_, held, fresh):
        assert {person.number.encode(), person.name.encode(), person.word.encode()} <= {
            trace for trace, _ in found_of(person, pages)
        }
        assert audio_store.has(person.recording_sid)
    assert figures() == before
    with database.reading() as session:
        told = session.scalars(select(DeletionRecord)).all()
        assert {record.kind for record in told} == set(retention_periods.PERIODS)
        assert all(record.verified for record in told)
        assert next(record for record in told if record.kind == "audio").deleted == PEOPLE
        assert next(record for record in told if record.kind == "task").held == 1
    assert runs.run(now)[0].deleted == 0, "a second run finds nothing"
    assert verification.faults_of_database()[1] == []
    with database.writing() as session:
        legal_holds.lift(session, session.get_one(CallbackTask, held.task_id), mia, now)
    runs.run(now)
    assert found_of(held, everything(var_dir)) == []


def test_each_kind_goes_in_its_own_time(services) -> None:
    now = utc_now()
    person = Person(services, 1, now)

    def what_is_left(after: int) -> set[str]:
        runs.run(now + timedelta(days=after))
        with database.reading() as session:
            task = session.get(CallbackTask, person.task_id)
            found = set()
            if audio_store.has(person.recording_sid):
                found.add("audio")
            if session.scalar(select(func.count(Transcript.id))):
                found.add("words")
            if task is not None:
                found |= {"task", *({"number"} if task.callback_number else ())}
                found |= {"notes"} if any(event.text == person.note for event in task.events) else set()
            if session.get(Call, person.call_id) is not None:
                found.add("call")
            return found

    assert what_is_left(29) == {"audio", "words", "task", "number", "notes", "call"}
    assert what_is_left(31) == {"words", "task", "number", "notes", "call"}
    assert what_is_left(89) == {"words", "task", "number", "notes", "call"}
    assert what_is_left(91) == {"task", "call"}
    assert what_is_left(364) == {"task", "call"}
    assert what_is_left(367) == set()


@pytest.mark.since("ci")
def test_in_a_bucket_nothing_is_left_either(in_bucket, services) -> None:
    now = utc_now()
    old = [Person(services, number, now - timedelta(days=400)) for number in range(3)]
    held = Person(services, 501, now - timedelta(days=400))
    with database.writing() as session:
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        legal_holds.place(session, session.get_one(CallbackTask, held.task_id), mia, "Klage", now)
    assert {person.recording_sid for person in [*old, held]} == set(audio_store.recordings())
    assert all(record.verified for record in runs.run(now))
    store = blob_storage.store()
    kept = {name: name.encode() + store.get(name) for name in store.names("")}
    assert [found_of(person, kept) for person in old] == [[]] * 3
    assert [name for trace, name in found_of(held, kept) if trace == held.recording_sid.encode()]
    assert audio_store.load(held.recording_sid)


def test_redis_holds_ids_only(services) -> None:
    connection = job_queue.patient()
    assert redis_scan.values_of_callers(connection) == 0
    connection.hset("rq:job:x", "data", b"call +4915112345678")
    assert redis_scan.values_of_callers(connection) == 1
    connection.close()
