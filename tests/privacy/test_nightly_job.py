"""The nightly deletion: once a night, continued after a failure, written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from ivr.config import settings as configuration
from ivr.contact_centre import agent_presence
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.contact_centre import DutyException, Presence
from ivr.models.privacy import DeletionRecord
from ivr.platform import database
from ivr.privacy import deletion, deletion_records, expired_data
from ivr.privacy import nightly_job as runs
from ivr.reporting import daily_metrics
from ivr.voicebox import audio_store
from tests.support.data_subjects import Person, everything, found_of


def test_a_run_that_is_cut_off_is_done_again(services, monkeypatch) -> None:
    now = utc_now()
    people = [Person(services, number, now - timedelta(days=400)) for number in range(4)]
    monkeypatch.setattr(deletion, "_PORTION", 1)
    real, done = audio_store.delete, []

    def dies(sid: str) -> None:
        if len(done) == 2:
            raise OSError("the store is away")
        done.append(sid)
        real(sid)

    monkeypatch.setattr(audio_store, "delete", dies)
    records = {record.kind: record for record in runs.run(now)}
    assert records["audio"].remains == "audio store: 2"
    assert not records["audio"].verified
    monkeypatch.setattr(audio_store, "delete", real)
    assert all(record.verified for record in runs.run(now))
    pages = everything(configuration.settings().var_dir)
    assert [found_of(person, pages) for person in people] == [[]] * 4


def test_a_kind_that_the_database_refuses_is_written_down_and_the_others_go(services, monkeypatch) -> None:
    now = utc_now()
    person = Person(services, 1, now - timedelta(days=100))

    def locked(session: Any, ids: Any) -> None:
        raise OperationalError("DELETE", {}, Exception("a table is locked"))

    with monkeypatch.context() as patch:
        parts = expired_data.KINDS["transcript"]
        patch.setitem(expired_data.KINDS, "transcript", tuple(replace(part, delete=locked) for part in parts))
        records = {record.kind: record for record in runs.run(now)}
    assert records["transcript"].remains.startswith("broken off: OperationalError, database: ")
    assert records["audio"].verified
    assert all(record.verified for record in runs.run(now))
    left = {trace for trace, _ in found_of(person, everything(configuration.settings().var_dir))}
    assert not left & {person.word.encode(), person.note.encode(), person.number.encode()}


def test_a_carrier_that_does_not_answer_is_written_down_and_asked_again(services, monkeypatch) -> None:
    import requests

    from ivr.carrier import record_deletion

    now = utc_now()
    person = Person(services, 1, now - timedelta(days=400))

    def away(kind: str, sid: str) -> None:
        raise requests.ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(record_deletion, "delete_record", away)
        records = {record.kind: record for record in runs.run(now)}
    assert not records["number_and_name"].verified
    assert "carrier" in records["number_and_name"].remains
    assert services.store.call(person.call_sid) is not None
    assert all(record.verified for record in runs.run(now))
    assert services.store.call(person.call_sid) is None
    assert services.store.message(person.message_sid) is None


def test_the_clock_runs_it_once_a_night(services, monkeypatch) -> None:
    ran = []
    monkeypatch.setattr(runs, "run", ran.append)
    zone = configuration.settings().hours.zone

    def at(day: int, hour: int, minute: int = 0) -> None:
        runs.nightly(datetime(2026, 3, day, hour, minute, tzinfo=zone))

    at(27, 14)
    assert ran == [], "a new version by day waits for the night"
    at(28, 2, 59)
    assert ran == []
    at(28, 3)
    at(28, 3, 1)
    at(28, 23)
    assert len(ran) == 1
    at(29, 3, 30)  # the night in which the hour from two to three is missing
    at(29, 4)
    assert len(ran) == 2


def test_a_night_without_the_audio_store_is_written_down(services, monkeypatch) -> None:
    now = utc_now()
    person = Person(services, 1, now - timedelta(days=400))

    def away(*_: object) -> None:
        raise OSError("the bucket is away")

    with monkeypatch.context() as patch:
        for name in ("delete", "recordings"):
            patch.setattr(audio_store, name, away)
        records = {record.kind: record for record in runs.run(now)}
    assert not records["audio"].verified
    assert records["audio"].remains.startswith("broken off: OSError")
    assert (records["task"].deleted, records["task"].verified) == (1, True)
    assert all(record.verified for record in runs.run(now))
    assert found_of(person, everything(configuration.settings().var_dir)) == []


def test_what_a_run_has_done_until_the_power_went_is_written_down(services, monkeypatch) -> None:
    Person(services, 1, utc_now() - timedelta(days=400))

    def power_cut() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "destroy_audio", power_cut)
    with pytest.raises(KeyboardInterrupt):
        runs.run(utc_now())
    with database.reading() as session:
        record = session.scalars(select(DeletionRecord).where(DeletionRecord.kind == "task")).one()
    assert (record.deleted, record.verified, record.remains) == (1, False, deletion_records.NOT_FINISHED)


def test_an_absence_is_forgotten_when_it_has_been_over_for_a_month(services) -> None:
    """Why somebody was away on a day long ago is nobody's business (Art. 5 GDPR)."""
    now = utc_now()
    days = [daily_metrics.local_day(now) - timedelta(days=number) for number in (31, 30, -5)]
    with database.writing() as session:
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        session.add_all(DutyException(user_id=mia.id, day=day, starts=None, ends=None) for day in days)
    runs.run(now)
    with database.reading() as session:
        assert sorted(session.scalars(select(DutyException.day))) == sorted(days[1:])


def test_who_has_not_answered_calls_for_a_month_is_not_shown_as_having_been_there(services) -> None:
    now = utc_now()
    with database.writing() as session:
        people = {user.username: user for user in session.scalars(select(User))}
        for username, days in (("mia", 31), ("lena", 29)):
            agent_presence.get_or_create(session, people[username].id, now - timedelta(days=days))
    runs.run(now)
    with database.reading() as session:
        assert [one.user.username for one in session.scalars(select(Presence))] == ["lena"]
