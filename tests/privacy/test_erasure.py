"""A person is erased at their request, everywhere and for good."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from ivr.audit import verification
from ivr.calls import calls
from ivr.cli import hotline as command_line
from ivr.config import settings as configuration
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.calls import Call, KnownCaller
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, QueueEntry
from ivr.models.privacy import DeletionRecord, PendingDeletion, SubjectRequest
from ivr.models.voicebox import VoiceboxMessage
from ivr.operations.backup import back_up, restore
from ivr.platform import blob_storage, database
from ivr.privacy import (
    anonymisation,
    erasure,
)
from ivr.privacy import nightly_job as runs
from ivr.reporting import daily_metrics
from ivr.voicebox import audio_store
from tests.support.data_subjects import Person, erase, everything, figures, finish, found_of


def test_erasure_leaves_nothing_and_the_figures_stay(services) -> None:
    now = utc_now()
    person, other = Person(services, 1, now - timedelta(days=2)), Person(services, 2, now - timedelta(days=2))
    runs.count_days(now)
    before = figures()
    erase(person, now)
    finish()
    pages = everything(configuration.settings().var_dir)
    assert found_of(person, pages) == []
    assert found_of(other, pages) != []
    with database.writing() as session:  # counted again, as long as the days are not final
        for day in sorted({row[2] for row in before}):
            daily_metrics.count_day(session, day, now)
    assert figures() == before
    runs.run(now + timedelta(days=9))
    with database.reading() as session:
        assert session.get(CallbackTask, person.task_id) is None
        assert session.get(Call, person.call_id) is None
        undone = select(func.count()).select_from(PendingDeletion).where(PendingDeletion.done_at.is_(None))
        assert session.scalar(undone) == 0


def test_an_erased_call_does_not_come_back_from_the_carrier(services, monkeypatch) -> None:
    from ivr.workers import carrier_reconciliation

    person = Person(services, 1, utc_now())
    erase(person, utc_now())
    carrier_reconciliation.reconcile(utc_now() - timedelta(days=1), audio=True)
    with database.reading() as session:
        assert session.scalar(select(func.count(Call.id)).where(Call.call_sid == person.call_sid)) == 0
    finish()
    carrier_reconciliation.reconcile(utc_now() - timedelta(days=1), audio=True)
    with database.reading() as session:
        assert session.scalar(select(func.count(Call.id)).where(Call.from_number == person.number)) == 0


def test_what_was_erased_stays_erased_after_a_restore(services, tmp_path) -> None:
    now = utc_now()
    person, old, other = (
        Person(services, 1, now - timedelta(days=3)), Person(services, 2, now - timedelta(days=29)),
        Person(services, 3, now - timedelta(days=3)),
    )  # fmt: skip
    back_up(tmp_path / "before.tar", now)
    erase(person, now)
    restore(tmp_path / "before.tar", replace=True)
    with database.reading() as session:
        assert session.get_one(CallbackTask, person.task_id).callback_number == person.number, "the backup has them"
    counts = runs.after_restore(now)
    assert counts["tasks"] == 1
    finish()
    assert audio_store.has(old.recording_sid), "holds may have been placed since: the periods wait for the night"
    runs.run(now + timedelta(days=2))
    pages = everything(configuration.settings().var_dir)
    assert found_of(person, pages) == []
    assert not audio_store.has(old.recording_sid), "and what was due since then has gone"
    assert audio_store.has(other.recording_sid)
    assert found_of(other, pages) != []
    assert verification.faults_of_database()[1] == []
    with database.reading() as session:
        assert {"replay", "period"} == set(session.scalars(select(DeletionRecord.cause)))
        assert all(session.scalars(select(DeletionRecord.verified)))


def test_a_forged_entry_erases_nobody(services) -> None:
    person = Person(services, 1, utc_now())
    entry = {
        "at": "x",
        "tasks": [erasure._hidden(f"{person.code} {person.call_sid}")],
        "calls": [],
        "recordings": [],
        "seal": "0" * 64,
    }
    import json

    blob_storage.store().put(f"{erasure.PREFIX}forged.json", json.dumps(entry).encode())
    with pytest.raises(erasure.Unreadable, match="forged"), database.writing() as session:
        erasure.replay(session, utc_now())
    with database.reading() as session:
        assert session.get_one(CallbackTask, person.task_id).callback_number == person.number


def test_a_call_without_a_task_goes_as_well(services) -> None:
    now = utc_now()
    with database.writing() as session:
        call = calls.seen(session, "CA" + "1" * 32, "+4917655500099", now - timedelta(days=100))
        call.state, call.ended_at = "ended", now - timedelta(days=100)
        young = calls.seen(session, "CA" + "2" * 32, "+4917655500098", now - timedelta(days=10))
        young.state, young.ended_at = "ended", now - timedelta(days=10)
        session.flush()
        ids = call.id, young.id
    runs.run(now)
    with database.reading() as session:
        assert [session.get(Call, one) is None for one in ids] == [True, False]


def test_what_others_said_in_calls_of_their_own_is_not_theirs(services) -> None:
    """A helper rings for somebody and is called back at another number: neither gets or erases the other's words."""
    now = utc_now()
    helper, client = Person(services, 1, now), Person(services, 2, now)
    with database.writing() as session:
        session.add(
            TextMessage(call_id=helper.call_id, to_number=client.number, language="tr", text="Link", state="sent",
                        message_sid=None, template="sms_link", number=1)
        )  # fmt: skip
    erase(client, now)
    with database.reading() as session:
        assert session.get_one(CallbackTask, helper.task_id).callback_number == helper.number
        assert session.scalars(select(TextMessage.to_number)).all() == [helper.number]
    assert audio_store.has(helper.recording_sid)


def test_a_late_event_brings_no_number_back(services) -> None:
    person = Person(services, 1, utc_now())
    erase(person, utc_now())
    with database.writing() as session:
        again = calls.seen(session, person.call_sid, person.number, utc_now())
        session.flush()
        assert again.from_number is None


def test_nobody_is_erased_while_they_talk(services) -> None:
    person = Person(services, 1, utc_now())
    with database.writing() as session:
        session.get_one(Call, person.call_id).state = "in_progress"
    with pytest.raises(erasure.StillTalking):
        erase(person, utc_now())
    assert audio_store.has(person.recording_sid)


@pytest.mark.parametrize("role", ["caller", "companion"])
def test_nobody_is_erased_while_they_are_being_called_back(services, role: str) -> None:
    """Whose identity is checked by ringing them back is on the telephone just then."""
    person, now = Person(services, 1, utc_now()), utc_now()
    companion = "+4917655599999"
    with database.writing() as session:
        talk = session.scalars(select(Conversation)).one()
        talk.state, talk.ended_at = ("live", None) if role == "caller" else (talk.state, talk.ended_at)
        session.add(
            Leg(conversation_id=talk.id, role="companion", state="joined", number=companion,
                call_sid="CA" + secrets.token_hex(16), created_at=now)
        )  # fmt: skip
    with database.writing() as session, pytest.raises(erasure.StillTalking):
        erasure.erase(session, erasure.of_number(session, person.number if role == "caller" else companion), now)
    assert audio_store.has(person.recording_sid)


@pytest.mark.since("ci")
def test_somebody_elses_withheld_call_holds_no_erasure_up(services, tmp_path) -> None:
    """Neither by receipt code, nor after a restore of a backup that was made while they talked."""
    now = utc_now()
    person, other = Person(services, 1, now - timedelta(days=3)), Person(services, 2, now - timedelta(days=1))
    with database.writing() as session:
        talk = session.scalars(select(Conversation).where(Conversation.task_id == other.task_id)).one()
        talk.state = "live"
        session.add(Leg(conversation_id=talk.id, role="caller", state="joined", number=None,
                        call_sid="CA" + secrets.token_hex(16), created_at=now))  # fmt: skip
    back_up(tmp_path / "before.tar", now)
    with database.writing() as session:
        erasure.erase(session, erasure.of_code(session, person.code), now)
    restore(tmp_path / "before.tar", replace=True)
    assert runs.after_restore(now)["tasks"] == 1
    assert audio_store.has(other.recording_sid)


def test_what_came_after_an_erasure_is_not_erased_again(services, tmp_path) -> None:
    """In January they wanted to be forgotten; in March they ring again."""
    now = utc_now()
    person = Person(services, 1, now - timedelta(days=60))
    erase(person, now - timedelta(days=50))
    finish()
    again = Person(services, 1, now - timedelta(days=2))
    assert again.number == person.number
    counts = runs.after_restore(now)
    assert not any(counts.values())
    with database.reading() as session:
        assert session.scalars(select(TextMessage.to_number)).all() == [again.number]
        assert session.scalars(select(KnownCaller.language)).all() == ["tr"]
        assert session.get_one(CallbackTask, again.task_id).callback_number == again.number


def test_who_left_the_line_unanswered_can_be_erased(services) -> None:
    """A member did not pick up, then the caller gave up: that conversation is over."""
    from ivr.contact_centre import call_queue

    person, now = Person(services, 1, utc_now()), utc_now()
    with database.writing() as session:
        entry, talk = session.scalars(select(QueueEntry)).one(), session.scalars(select(Conversation)).one()
        entry.state, entry.answered_at, entry.left_at = "waiting", None, None
        talk.kind, talk.state, talk.ended_at, talk.connected_at = "answered", "preparing", None, None
        session.flush()
        call_queue.leave(session, entry, "hung_up", now)
    erase(person, now)
    with database.reading() as session:
        assert session.scalars(select(Conversation.state)).all() == ["ended"]


@pytest.mark.since("ci")
def test_a_companion_stays_erased_after_a_restore(services, tmp_path) -> None:
    """Who was only ever rung to help, or sent a link, in somebody else's call."""
    now = utc_now()
    person, companion = Person(services, 1, now - timedelta(days=3)), "+4917655599999"
    with database.writing() as session:
        talk = session.scalars(select(Conversation)).one()
        session.add_all([
            Leg(conversation_id=talk.id, role="companion", state="ended", number=companion,
                call_sid="CA" + secrets.token_hex(16), created_at=now, ended_at=now),
            InterpreterRequest(conversation_id=talk.id, role="companion", state="joined", language="tr",
                               number=companion, requested_at=now),
            TextMessage(call_id=person.call_id, to_number=companion, language="tr", text="Link", state="sent",
                        message_sid=None, template="sms_link", number=2),
        ])  # fmt: skip
    back_up(tmp_path / "before.tar", now)
    with database.writing() as session:
        erasure.erase(session, erasure.of_number(session, companion), now)
    restore(tmp_path / "before.tar", replace=True)

    def known() -> list[int]:
        columns = (Leg.number, InterpreterRequest.number, TextMessage.to_number)
        with database.reading() as session:
            return [session.scalar(select(func.count()).where(column == companion)) for column in columns]

    assert known() == [1, 1, 1]
    answer = CliRunner().invoke(command_line, ["retention", "replay"])
    assert answer.exit_code == 0, answer.output
    assert known() == [0, 0, 0]
    with database.reading() as session:
        assert session.get_one(CallbackTask, person.task_id).callback_number == person.number


def test_a_customer_number_goes_with_number_and_name(services) -> None:
    """Though words are kept for longer: it stands among what was keyed in, with the message, too."""
    person = Person(services, 1, utc_now())
    with database.writing() as session:
        message = session.scalars(select(VoiceboxMessage)).one()
        message.about = {**message.about, "customer_number": "214D012345"}
        anonymisation.names(session, [person.task_id])
    with database.reading() as session:
        assert session.scalars(select(VoiceboxMessage)).one().about == {"kind": "callback", "concern": "benefits"}


def test_a_request_that_nobody_finishes_keeps_its_number_until_it_lapses(services) -> None:
    now = utc_now()
    with database.writing() as session:
        lena = session.scalars(select(User).where(User.username == "lena")).one()
        session.add(SubjectRequest(kind="erasure", named="+49151", identity_check="document", opened_by_id=lena.id,
                                   opened_at=now, result=""))  # fmt: skip
    for after, expected in ((60, ("opened", "+49151")), (101, ("done", ""))):
        runs.run(now + timedelta(days=after))
        with database.reading() as session:
            asked = session.scalars(select(SubjectRequest)).one()
            assert (asked.state, asked.named) == expected
    assert asked.result == "lapsed"


def test_what_could_not_be_replayed_is_not_kept_for_ever(services) -> None:
    import os

    from ivr.platform import spool

    path = configuration.settings().var_dir / "spool" / "damaged"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"torn")
    runs.run(utc_now())
    assert spool.damaged() == 4
    long_ago = (utc_now() - timedelta(days=91)).timestamp()
    os.utime(path, (long_ago, long_ago))
    runs.run(utc_now())
    assert spool.damaged() == 0
