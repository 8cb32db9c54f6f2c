"""A restricted person: no call, no text message, no machine uses their data."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from ivr.callbacks.refused import Refused
from ivr.calls import calls
from ivr.contact_centre import kept_places, queue_order
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.contact_centre import QueueEntry
from ivr.models.voicebox import Transcript
from ivr.platform import database
from ivr.platform.work_models import Work
from ivr.privacy import (
    restriction,
)
from tests.support.data_subjects import HOUR, Person


def test_a_restricted_person_is_neither_rung_nor_written_to(services) -> None:
    from ivr.callbacks import claims, sms, workflow
    from ivr.contact_centre import outbound_callbacks

    person, now = Person(services, 1, utc_now(), closed=False), utc_now()
    with database.writing() as session:
        task = session.get_one(CallbackTask, person.task_id)
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        task.restricted_at = now
        for act in (
            lambda: claims.claim(session, task, mia, now),
            lambda: outbound_callbacks.check_may_dial(task, now),
            lambda: sms.send(session, task, mia, "sms_missed", "Hallo", now),
            lambda: workflow.reopen(session, task, mia, now),
        ):
            with pytest.raises(Refused, match="restricted"):
                act()


def test_no_machine_uses_what_is_restricted_and_all_goes_on_when_it_is_lifted(services) -> None:
    from ivr.callbacks import sla_clocks, sms_job, urgency
    from ivr.models.sla import SlaClock
    from ivr.transcription import transcribe_job

    now = utc_now()
    person = Person(services, 1, now - HOUR, closed=False)
    with database.writing() as session:
        task = session.get_one(CallbackTask, person.task_id)
        lena = session.scalars(select(User).where(User.username == "lena")).one()
        words = session.scalars(select(Transcript)).one()
        words.state, words.text, words.words, recording = "pending", None, [], words.recording_id
        wish = session.scalars(select(TextMessage)).one()
        wish.state, wish.message_sid, due_at = "queued", None, task.due_at
        restriction.restrict(session, task, lena, now)
    later = now + timedelta(days=2)
    sms_job.send(wish.id)
    transcribe_job.transcribe(recording)
    with database.writing() as session:
        session.execute(delete(Work))
        assert sla_clocks.sweep(session, later) == 0
        assert session.scalars(select(TextMessage.state)).all() == ["failed"]
        assert session.scalars(select(Transcript.state)).all() == ["pending"]
        task = session.get_one(CallbackTask, person.task_id)
        restriction.lift(session, task, lena, later)
        assert task.due_at - due_at == timedelta(days=2)
        assert session.scalars(select(Work.kind)).all() == ["transcribe"]
        task.urgency, task.urgency_words = "emergency", ["stromsperre"]
        urgency.lower_urgency(session, task, lena, later)
        assert task.due_at - due_at == timedelta(days=2), "the standstill is not forgotten"
    with database.writing() as session:
        assert sla_clocks.sweep(session, due_at + timedelta(days=2, minutes=1)) == 1
        assert "missed" in session.scalars(select(SlaClock.state)).all()


def test_who_was_put_off_and_restricted_at_once_is_not_late_twice(services) -> None:
    from ivr.callbacks import workflow

    now = utc_now()
    person = Person(services, 1, now - HOUR, closed=False)
    with database.writing() as session:
        task = session.get_one(CallbackTask, person.task_id)
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        workflow.put_off(session, task, mia, now + timedelta(days=20), now)
        due_at = task.due_at
        restriction.restrict(session, task, mia, now + timedelta(days=1))
        with pytest.raises(Refused, match="restricted"):
            workflow.put_off(session, task, mia, now + timedelta(days=30), now + timedelta(days=2))
        restriction.lift(session, task, mia, now + timedelta(days=11))
        assert task.due_at == due_at
        restriction.restrict(session, task, mia, now + timedelta(days=19))
        restriction.lift(session, task, mia, now + timedelta(days=22))
        assert task.due_at - due_at == timedelta(days=2), "from the end of the pause on"


def test_nobody_is_rung_for_a_kept_place_that_is_restricted(services) -> None:

    person, now = Person(services, 1, utc_now(), closed=False), utc_now()
    with database.writing() as session:
        entry = session.scalars(select(QueueEntry)).one()
        entry.state, entry.mode, entry.left_at, entry.answered_at = "waiting", "callback", None, None
        session.flush()
        assert list(queue_order.waiting(session, now)) == [entry]
        task = session.get_one(CallbackTask, person.task_id)
        restriction.restrict(session, task, session.scalars(select(User).where(User.username == "lena")).one(), now)
        assert list(queue_order.waiting(session, now)) == []
        kept_places.drop_kept_places(session, now, closed=False)
        assert (entry.state, entry.reason) == ("left", "withdrawn")


def test_a_new_call_of_a_restricted_person_is_a_task_of_its_own(services) -> None:
    from ivr.callbacks import intake
    from ivr.callbacks.request import Request

    person, now = Person(services, 1, utc_now(), closed=False), utc_now()
    with database.writing() as session:
        task = session.get_one(CallbackTask, person.task_id)
        restriction.restrict(session, task, session.scalars(select(User).where(User.username == "lena")).one(), now)
        for number, request in enumerate(
            (Request(concern="benefits"), Request(concern="benefits", changes=person.code))
        ):
            call = calls.seen(session, "CA" + secrets.token_hex(16), person.number, now)
            calls.progressed(call, "record", "tr", "benefits")
            new = intake.open_for(session, call, request, now)
            assert (new.id != task.id, new.restricted_at, new.state) == (True, None, "open"), number
