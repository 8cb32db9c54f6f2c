"""Legal holds and erasure."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.config import settings as configuration
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.privacy import LegalHold
from ivr.operations.backup import back_up, restore
from ivr.platform import database
from ivr.privacy import (
    deletion,
    erasure,
    legal_holds,
    subject_access,
)
from ivr.privacy import nightly_job as runs
from tests.support.data_subjects import Person, erase, everything, finish, found_of


@pytest.mark.since("ci")
def test_a_hold_that_was_lifted_before_the_erasure_does_not_come_back(services, tmp_path) -> None:
    """The backup still has it; without its having been lifted nothing would have been erased."""
    now = utc_now()
    person = Person(services, 1, now - timedelta(days=3))
    with database.writing() as session:
        task = session.get_one(CallbackTask, person.task_id)
        lena = session.scalars(select(User).where(User.username == "lena")).one()
        legal_holds.place(session, task, lena, "Klage", now - timedelta(days=2))
    back_up(tmp_path / "before.tar", now)
    with database.writing() as session:
        legal_holds.lift(session, session.get_one(CallbackTask, person.task_id), lena, now)
    erase(person, now)
    restore(tmp_path / "before.tar", replace=True)
    assert runs.after_restore(now)["tasks"] == 1
    finish()
    assert found_of(person, everything(configuration.settings().var_dir)) == []


def test_why_a_hold_once_lay_goes_with_the_name(services) -> None:
    person, now = Person(services, 1, utc_now()), utc_now()
    with database.writing() as session:
        task = session.get_one(CallbackTask, person.task_id)
        lena = session.scalars(select(User).where(User.username == "lena")).one()
        legal_holds.place(session, task, lena, "Klage der Frau Zyxname", now)
        found = subject_access.collect(session, erasure.of_code(session, person.code))
        assert found["tasks"][0]["holds"][0]["reason"] == "Klage der Frau Zyxname"
        legal_holds.lift(session, task, lena, now)
        assert [due.count for due in deletion.plan(session, now + timedelta(days=91)) if due.kind == "number_and_name"]
    runs.run(now + timedelta(days=91))
    with database.reading() as session:
        assert session.scalars(select(LegalHold.reason)).all() == [""]
