"""What nobody told us of is found at the carrier, or in the audio store; whenever, twice, and from several hosts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, func, select

from ivr.callbacks import contacts
from ivr.carrier.webhook_urls import RETRIES
from ivr.cli import hotline as command_line
from ivr.domain import receipt_codes
from ivr.domain.carrier_ids import call_id, new_id, of_exchange
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.store import CallRecord, RecordingRecord
from ivr.models.callbacks import CallbackTask, TaskEvent
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage
from ivr.platform import database, job_queue, outbox
from ivr.platform.work_models import Work
from ivr.voicebox import audio_store, voicebox
from ivr.workers import carrier_reconciliation
from tests.support.people import a_task
from tests.support.running_hotline import RunningHotline
from tests.support.speech import human_speech
from tests.support.waiting import eventually


@pytest.fixture(autouse=True)
def dispatching(hotline: RunningHotline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "hand_over", job_queue.hand_over)


@pytest.fixture
def at_the_carrier(hotline: RunningHotline) -> Callable[..., RecordingRecord]:
    """A call with a recording that the carrier has told nobody of."""

    def recorded(from_: str = "+4917012345678", to: str = "", seconds: int = 4, sid: str = "") -> RecordingRecord:
        store = hotline.switch.store
        call = CallRecord(sid or of_exchange("CA", 1), from_, to or hotline.settings.hotline_number, status="completed")
        store.keep_call(call)
        recording = RecordingRecord(of_exchange("RE", 1), call.sid, "completed", seconds)
        store.keep_recording(recording, human_speech(max(seconds, 1)).samples)
        return recording

    return recorded


def task_of(recording_sid: str) -> CallbackTask | None:
    with database.reading() as session:
        return session.scalar(
            select(CallbackTask).join(VoiceboxMessage).join(Recording).where(Recording.recording_sid == recording_sid)
        )


def test_a_recording_nobody_told_of_becomes_a_message_with_a_task(hotline, at_the_carrier) -> None:
    recording = at_the_carrier("+4917012340001")
    report = carrier_reconciliation.reconcile(utc_now() - timedelta(hours=1))
    assert report.recordings_found == 1
    task = task_of(recording.sid)
    assert (task.callback_number, task.language, task.concern) == ("+4917012340001", "de", "other")
    eventually(lambda: hotline.switch.store.recording(recording.sid) is None, 60)
    assert audio_store.has(recording.sid)
    assert carrier_reconciliation.reconcile(utc_now() - timedelta(hours=1)).recordings_found == 0
    assert task_of(recording.sid).id == task.id


def test_what_is_known_of_the_call_is_kept(hotline, at_the_carrier) -> None:
    """The caller had chosen Turkish and the team for work when the carrier's events were lost."""
    sid = of_exchange("CA", 1)
    with database.writing() as session:
        session.add(
            Call(call_sid=sid, from_number="+4917012340002", language="tr", concern="work", started_at=utc_now())
        )
    recording = at_the_carrier("+4917012340002", sid=sid)
    carrier_reconciliation.reconcile(utc_now() - timedelta(hours=1))
    task = task_of(recording.sid)
    assert (task.language, task.concern, task.callback_number) == ("tr", "work", "+4917012340002")


def test_a_withheld_number_has_its_task_too(at_the_carrier) -> None:
    recording = at_the_carrier("anonymous")
    carrier_reconciliation.reconcile(utc_now() - timedelta(hours=1))
    assert task_of(recording.sid).callback_number is None


def test_recordings_of_other_numbers_of_the_account_are_left_alone(hotline, at_the_carrier) -> None:
    other = at_the_carrier("+4917012340003", to="+4940123456")
    carrier_reconciliation.reconcile(utc_now() - timedelta(hours=1))
    assert task_of(other.sid) is None
    assert hotline.switch.store.recording(other.sid) is not None
    hotline.switch.store.delete_recording(other.sid)


def test_a_recording_of_a_call_nobody_knows_is_a_message_all_the_same(hotline) -> None:
    """The carrier has forgotten the call: no number, no language, but somebody has spoken."""
    recording = RecordingRecord(of_exchange("RE", 1), of_exchange("CA", 1), "completed", 3)
    hotline.switch.store.keep_recording(recording, human_speech(3).samples)
    assert carrier_reconciliation.reconcile(utc_now() - timedelta(hours=1)).recordings_found == 1
    task = task_of(recording.sid)
    assert (task.callback_number, task.language, task.concern) == (None, "de", "other")
    eventually(lambda: hotline.switch.store.recording(recording.sid) is None, 60)


def test_a_deletion_the_carrier_refuses_stays_with_a_person(hotline, at_the_carrier, monkeypatch) -> None:
    """Reconciliation sees the copy again and again; that must not count as a new beginning."""
    recording = at_the_carrier("+4917012340007")
    carrier_reconciliation.reconcile(utc_now() - timedelta(hours=1))
    eventually(lambda: hotline.switch.store.recording(recording.sid) is None, 60)

    def settled() -> bool:
        with database.reading() as session:
            done = select(Work.done_at).join(Recording, Recording.id == Work.subject_id)
            done = done.where(Work.kind == "delete_at_carrier", Recording.recording_sid == recording.sid)
            return session.scalar(done) is not None

    eventually(settled, 60)
    hotline.switch.store.keep_recording(recording, human_speech(1).samples)
    with database.writing() as session:
        known = session.scalars(select(Recording).where(Recording.recording_sid == recording.sid)).one()
        outbox.add(session, "delete_at_carrier", known.id, run_after=utc_now() + timedelta(hours=1))
        row = session.scalars(select(Work).where(Work.kind == "delete_at_carrier", Work.subject_id == known.id)).one()
        row.attempts, row.failed_at = 9, utc_now()
    carrier_reconciliation.reconcile(utc_now() - timedelta(hours=1))
    with database.reading() as session:
        row = session.scalars(select(Work).where(Work.kind == "delete_at_carrier", Work.subject_id == known.id)).one()
        assert (row.attempts, row.failed_at is not None) == (9, True)
    hotline.switch.store.delete_recording(recording.sid)


@pytest.mark.since("ci")
def test_three_hosts_at_once_make_one_task(at_the_carrier) -> None:
    recordings = [at_the_carrier(f"+49170123411{number:02d}") for number in range(8)]
    since, barrier = utc_now() - timedelta(hours=1), threading.Barrier(3)

    def host() -> None:
        barrier.wait()
        carrier_reconciliation.reconcile(since)

    hosts = [threading.Thread(target=host) for _ in range(3)]
    for one in hosts:
        one.start()
    for one in hosts:
        one.join()
    with database.reading() as session:
        for recording in recordings:
            found = select(func.count(Recording.id)).where(Recording.recording_sid == recording.sid)
            assert session.scalar(found) == 1
            number = house_number(session, recording.call_sid)
            tasks = select(func.count(CallbackTask.id)).where(CallbackTask.callback_number == number)
            assert session.scalar(tasks) == 1


def house_number(session, call_sid: str) -> str | None:
    return session.scalar(select(Call.from_number).where(Call.call_sid == call_sid))


def test_a_call_that_is_stuck_is_closed_and_one_nobody_told_of_is_known(hotline) -> None:
    long_ago = utc_now() - timedelta(minutes=10)
    stuck, unheard = of_exchange("CA", 1), of_exchange("CA", 1)
    with database.writing() as session:
        session.add(Call(call_sid=stuck, from_number="+4917012340005", started_at=long_ago, state="in_progress"))
    for sid in (stuck, unheard):
        hotline.switch.store.keep_call(
            CallRecord(sid, "+4917012340005", hotline.settings.hotline_number, status="completed")
        )
    report = carrier_reconciliation.reconcile(utc_now() - timedelta(hours=1))
    assert report.calls_closed >= 1
    assert report.calls_found >= 1
    with database.reading() as session:
        for sid in (stuck, unheard):
            call = session.scalars(select(Call).where(Call.call_sid == sid)).one()
            assert (call.state, call.ending) == ("ended", "hung_up")


@pytest.mark.parametrize("sid", [new_id(), call_id("call.1@pc33.example")], ids=["ours", "made of a text"])
def test_a_call_whose_id_the_carrier_does_not_know_is_neither_closed_in_its_midst_nor_counted_twice(
    hotline, sid: str
) -> None:
    """It is the one that the carrier tells of under another id: of the same number, and the same moment."""
    began, theirs = utc_now() - timedelta(minutes=10), of_exchange("CA", 1)
    with database.writing() as session:
        call = Call(call_sid=sid, from_number="+4917012340008", started_at=began, state="in_progress")
        call.last_request_at = utc_now()  # a call that has long asked for nothing is over
        session.add(call)
        session.flush()
        # Before the row can be seen: the scheduler compares as well, and would find a call that the carrier lacks.
        hotline.switch.store.keep_call(
            CallRecord(
                theirs, "+4917012340008", hotline.settings.hotline_number, status="completed",
                date_created=format_datetime(began + timedelta(seconds=2)),
            )
        )  # fmt: skip
    carrier_reconciliation.reconcile(utc_now() - timedelta(hours=1))
    with database.reading() as session:
        assert session.scalars(select(Call).where(Call.call_sid == sid)).one().state == "in_progress"
        assert session.scalars(select(Call).where(Call.call_sid == theirs)).all() == []


def test_a_copy_the_carrier_still_has_is_deleted_and_that_is_verified(hotline, at_the_carrier) -> None:
    recording = at_the_carrier("+4917012340006")

    def verified() -> bool:
        with database.reading() as session:
            kept = session.scalars(select(Recording).where(Recording.recording_sid == recording.sid)).one()
            planned = outbox.is_planned(session, "delete_at_carrier", kept.id)
            return kept.carrier_deleted_at is not None and not planned

    carrier_reconciliation.reconcile(utc_now() - timedelta(hours=1))
    eventually(verified, 60)
    assert hotline.switch.store.recording(recording.sid) is None
    hotline.switch.store.keep_recording(recording, human_speech(2).samples)  # its deletion had not happened after all
    with database.writing() as session:
        session.scalars(
            select(Recording).where(Recording.recording_sid == recording.sid)
        ).one().carrier_deleted_at = None
    assert carrier_reconciliation.reconcile(utc_now() - timedelta(hours=1)).copies_to_delete == 1
    eventually(verified, 60)
    assert hotline.switch.store.recording(recording.sid) is None


def test_a_database_restored_from_yesterday_gets_its_messages_back(hotline) -> None:
    """The audio came after the backup: the database knows neither call, task nor recording any more."""
    task_id = a_task("work", "tr", text="Ich brauche einen Termin")
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        recording = task.messages[0].recording
        number, sid, call_id = task.callback_number, recording.recording_sid, task.call_id
        code = task.receipt_code
        session.execute(delete(Transcript).where(Transcript.recording_id == recording.id))
        session.execute(delete(Recording).where(Recording.id == recording.id))
        session.execute(delete(VoiceboxMessage).where(VoiceboxMessage.call_id == call_id))
        for table in (TaskEvent, Contact):
            session.execute(delete(table).where(table.task_id == task_id))
        session.execute(delete(CallbackTask).where(CallbackTask.id == task_id))
        session.execute(delete(Call).where(Call.id == call_id))
    answer = CliRunner().invoke(command_line, ["reconcile", "--since", "1h"])
    assert answer.exit_code == 0, answer.output
    assert "audio found: 1" in answer.output
    again = task_of(sid)
    assert again is not None
    assert (again.callback_number, again.language, again.concern) == (number, "tr", "work")
    with database.reading() as session:
        found = contacts.answering(session, code, utc_now())
        assert found is not None, "the code that the caller was told answers"
        assert found.task_id == again.id
    with database.reading() as session:
        found = session.scalars(select(Recording).where(Recording.recording_sid == sid)).one()
        assert found.state == "stored"
        assert found.audio_sha256 == audio_store.described(audio_store.load(sid)).sha256


def test_since_is_checked(hotline) -> None:
    answer = CliRunner().invoke(command_line, ["reconcile", "--since", "yesterday"])
    assert answer.exit_code == 2
    assert "36h" in answer.output


# -- the number at the carrier --------------------------------------------------------------------


def test_the_number_is_configured_shown_and_checked(hotline) -> None:
    run, calls_at = CliRunner().invoke, hotline.settings.calls_url
    hotline.switch.subscription.voice_url = f"{hotline.url}/voice/incoming"
    checked = run(command_line, ["carrier", "check"])
    assert checked.exit_code == 1
    assert f"voice_url is {hotline.url}/voice/incoming, and should be" in checked.output
    assert RETRIES in checked.output, "webhooks that fail are asked again"
    refused = run(command_line, ["carrier", "configure"], input="n\n")
    assert refused.exit_code == 1
    assert hotline.switch.subscription.voice_url == f"{hotline.url}/voice/incoming"
    done = run(command_line, ["carrier", "configure"], input="y\n")
    assert done.exit_code == 0, done.output
    assert hotline.switch.subscription.status_url == f"{calls_at}/voice/status{RETRIES}"
    checked = run(command_line, ["carrier", "check"])
    assert checked.exit_code == 0
    assert "as it should be" in checked.output


def test_a_number_that_is_not_ours_is_one_sentence(hotline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hotline.switch.subscription, "number", "+49401")
    checked = CliRunner().invoke(command_line, ["carrier", "check"])
    assert checked.exit_code == 1
    assert "has no number +494211782666" in checked.output


def test_a_code_that_was_given_to_another_caller_meanwhile_stays_theirs(empty_database) -> None:
    other = a_task()
    with database.writing() as session:
        code = session.get_one(CallbackTask, other).receipt_code
        described = {"call_sid": "CA1", "from_number": "+4917012345678", "about": {"concern": "rehab"}}
        voicebox.take_in(session, "RE1", {**described, "receipt_code": code}, utc_now())
        assert contacts.by_code(session, code).task_id == other
        made = session.scalars(select(Contact).where(Contact.task_id != other)).one()
        assert receipt_codes.is_code(made.receipt_code)


def test_take_in_twice_is_once(empty_database) -> None:
    described = {"call_sid": "CA1", "from_number": "+4917012345678", "language": "fa", "about": {"concern": "rehab"}}
    with database.writing() as session:
        assert voicebox.take_in(session, "RE1", described, utc_now()) is not None
        assert voicebox.take_in(session, "RE1", described, utc_now()) is None
