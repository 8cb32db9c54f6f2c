"""Nothing is kept for longer than its period, nothing of it can be found afterwards, and the figures stay what they
were."""

from __future__ import annotations

import secrets
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import OperationalError
from werkzeug.serving import make_server

from ivr.audio.synthesis import speak
from ivr.audio.wav import write_wav
from ivr.audit import verification
from ivr.callbacks import collaboration, search_index
from ivr.callbacks.refused import Refused
from ivr.calls import caller_language, calls
from ivr.cli import hotline as command_line
from ivr.config import settings as configuration
from ivr.domain.timestamps import utc_now
from ivr.launcher.run import _environment, _start_redis
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, Draft, TaskEvent, TextMessage
from ivr.models.calls import Call, KnownCaller
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, QueueEntry
from ivr.models.privacy import DeletionRecord, LegalHold, PendingDeletion, SubjectRequest
from ivr.models.reporting import DailyMetric
from ivr.models.voicebox import Transcript, VoiceboxMessage
from ivr.operations.backup import back_up, restore
from ivr.platform import blob_storage, database, job_queue
from ivr.platform.work_models import Work
from ivr.privacy import (
    anonymisation,
    deletion,
    erasure,
    legal_holds,
    redis_scan,
    restriction,
    retention_periods,
    subject_access,
)
from ivr.privacy import nightly_job as runs
from ivr.reporting import daily_metrics
from ivr.voicebox import audio_store, voicebox
from ivr.voicebox.voicebox import Take
from tests.support.environment import forget_settings
from tests.support.people import hire
from tests.support.servers import free_port

HOUR = timedelta(hours=1)


@pytest.fixture
def services(empty_database, monkeypatch):
    """Database, audio, a Redis, and a carrier (the exchange) that keeps what it was told."""
    from ivr.local_carrier.app import create_app, create_switch

    monkeypatch.setenv("EXCHANGE_PORT", str(free_port()))
    forget_settings()
    settings = configuration.settings()
    settings.var_dir.mkdir(exist_ok=True)
    redis = _start_redis(settings, _environment(settings))
    switch = create_switch(settings)
    server = make_server("127.0.0.1", settings.exchange_port, create_app(settings, switch), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hire()
    yield switch
    server.shutdown()
    server.server_close()
    redis.kill()


class Person:
    """A caller with everything they could leave behind."""

    def __init__(self, switch, number: int, at: datetime, *, closed: bool = True) -> None:
        from ivr.local_carrier.store import CallRecord, MessageRecord

        self.number = f"+49176555{number:05d}"
        self.name = f"Zyxname{number:04d}"
        self.word = f"wortgeheim{number:04d}"
        self.note = f"notizgeheim{number:04d}"
        self.call_sid, self.recording_sid = "CA" + secrets.token_hex(16), "RE" + secrets.token_hex(16)
        self.message_sid = "SM" + secrets.token_hex(16)
        switch.store.keep_call(CallRecord(self.call_sid, self.number, "+494211782666", status="completed"))
        switch.store.keep_message(MessageRecord(self.message_sid, "+494211782666", self.number, "Hallo"))
        with database.writing() as session:
            call = calls.seen(session, self.call_sid, self.number, at)
            calls.progressed(call, "record", "tr", "benefits")
            about = {"kind": "callback", "concern": "benefits"}
            recording = voicebox.announced(session, call, Take(1, "tr", about), self.recording_sid, at)
            task = voicebox.left(session, call, recording, 2, at)
            audio = write_wav(speak("eins", "de"))
            kept = audio_store.save(self.recording_sid, audio, voicebox.description(recording))
            voicebox.stored(session, recording, kept.sha256, kept.size, 1.0, at)
            session.flush()
            words = session.scalars(select(Transcript).where(Transcript.recording_id == recording.id)).one()
            words.state, words.text, words.confidence = "done", f"{self.word} kira", 0.9
            words.words = [{"word": self.word, "start": 0, "end": 1, "confidence": 0.9}]
            call.state, call.ended_at = "ended", at + HOUR
            mia = session.scalars(select(User).where(User.username == "mia")).one()
            collaboration.name_caller(session, task, mia, self.name, at)
            session.add(TaskEvent(task_id=task.id, user_id=mia.id, at=at, kind="noted", text=self.note))
            session.add(Draft(task_id=task.id, user_id=mia.id, text=self.note, saved_at=at))
            session.add(
                TextMessage(call_id=call.id, to_number=self.number, language="tr", text=self.name, state="sent",
                            message_sid=self.message_sid, sent_at=at)
            )  # fmt: skip
            entry = QueueEntry(
                call_id=call.id, team_id=task.team_id, language="tr", concern="benefits", urgency="normal",
                state="answered", joined_at=at, entered_at=at, answered_at=at + HOUR / 60, left_at=at + HOUR,
                resume=f"state {self.number}", task_id=task.id,
            )  # fmt: skip
            session.add(entry)
            session.flush()
            talk = Conversation(
                room=secrets.token_hex(8), kind="callback", state="ended", entry_id=entry.id, task_id=task.id,
                team_id=task.team_id, language="tr", concern="benefits", urgency="normal", started_at=at,
                connected_at=at + HOUR / 60, ended_at=at + HOUR,
            )  # fmt: skip
            session.add(talk)
            session.flush()
            session.add(
                Leg(conversation_id=talk.id, role="caller", state="ended", number=self.number,
                    call_sid="CA" + secrets.token_hex(16), created_at=at, ended_at=at + HOUR)
            )  # fmt: skip
            search_index.index(session, task)
            self.code, self.task_id, self.call_id = task.receipt_code, task.id, call.id
            if closed:
                task.state, task.closed_at, task.outcome = "closed", at + HOUR, "letter_sent"
        with database.noting() as connection:
            caller_language.remember(connection, self.number, "tr", at)

    @property
    def traces(self) -> list[bytes]:
        """By what they could be found, as it would lie on a disk."""
        plain = [self.number, self.number[1:], self.number[1:][::-1], self.name, self.name.casefold(), self.word,
                 self.note, self.call_sid, self.recording_sid, self.message_sid, self.code]  # fmt: skip
        return [one.encode() for one in plain]


def everything(var_dir: Path) -> dict[str, bytes]:
    """Every byte there is: database pages, files, audio store, the exchange's books, Redis' own file, logs."""
    connection = job_queue.patient()
    for _ in range(50):
        try:
            connection.bgrewriteaof()
            break
        except Exception:
            continue
    connection.close()
    found = {str(path): path.read_bytes() for path in var_dir.rglob("*") if path.is_file()}
    if database.engine().dialect.name == "postgresql":
        with database.engine().connect() as db:
            base = Path(db.scalar(text("SHOW data_directory"))) / "base"
            oid = db.scalar(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
        found |= {str(path): path.read_bytes() for path in (base / str(oid)).iterdir() if path.is_file()}
    return found


def found_of(person: Person, pages: dict[str, bytes]) -> list[tuple[bytes, str]]:
    return [(trace, Path(name).name) for trace in person.traces for name, content in pages.items() if trace in content]


def figures() -> list[tuple]:
    with database.reading() as session:
        columns = (DailyMetric.dimension, DailyMetric.name, DailyMetric.day, DailyMetric.key, DailyMetric.value)
        query = select(*columns).where(DailyMetric.day < daily_metrics.local_day(utc_now()))
        return sorted(tuple(row) for row in session.execute(query))


def test_after_a_year_nothing_of_an_expired_person_is_left(services) -> None:
    now = utc_now()
    old = [Person(services, number, now - timedelta(days=400 - number * 6)) for number in range(30)]
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
        assert next(record for record in told if record.kind == "audio").deleted == 30
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
        parts = deletion._KINDS["transcript"]
        patch.setitem(deletion._KINDS, "transcript", tuple(replace(part, go=locked) for part in parts))
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


def change(kind: str, wanted: int, proposer: str = "adam", decider: str = "dora", *, confirmed: bool = True) -> None:
    with database.writing() as session:
        people = {user.username: user for user in session.scalars(select(User))}
        made = retention_periods.propose(
            session, kind, wanted, "Weisung des Senats vom 1.", people[proposer], utc_now()
        )
        retention_periods.decide(session, made.id, confirmed, people[decider], utc_now())


def test_a_period_counts_when_the_officer_has_confirmed_it(services) -> None:
    now = utc_now()
    person = Person(services, 1, now - timedelta(days=20))
    change("audio", 10, confirmed=False)
    runs.run(now)
    assert audio_store.has(person.recording_sid)
    change("audio", 10)
    runs.run(now)
    assert not audio_store.has(person.recording_sid)
    for kind, days_, reason in (("audio", 3, "range"), ("audio", 366, "range"), ("transcript", 400, "within_task")):
        with pytest.raises(retention_periods.NotPossible, match=reason):
            change(kind, days_)
    with pytest.raises(retention_periods.NotPossible, match="same_person"):
        change("audio", 20, decider="adam")


def test_the_pages_of_periods(services) -> None:
    from ivr.web.app import create_app
    from tests.support.people import log_in

    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    adam, dora = log_in(app.test_client(), "adam"), log_in(app.test_client(), "dora")
    wanted = {"kind": "call_record", "days": "30", "reason": "Kürzer ist besser"}
    assert dora.post("/protection/periods", data=wanted).status_code == 404, "the officer proposes nothing"
    adam.post("/protection/periods", data={**wanted, "reason": "x"})
    adam.post("/protection/periods", data=wanted)
    assert "30 Tage" in adam.get("/protection/periods").text
    assert adam.post("/protection/periods", data={"change": "1", "decision": "confirm"}).status_code == 400
    dora.post("/protection/periods", data={"change": "1", "decision": "confirm"})
    dora.post("/protection/periods", data={"change": "1", "decision": "refuse"})
    with database.reading() as session:
        assert retention_periods.days(session, "call_record") == 30
        told = (
            session.execute(text("SELECT action FROM access_log WHERE action LIKE 'period%' ORDER BY number"))
            .scalars()
            .all()
        )
    assert told == ["period_proposed", "period_decided"]
    assert dora.get("/protection/deletions").status_code == 200


def finish() -> None:
    """It is night."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs.opening_hours, "is_open", lambda *_: False)
        runs.finish_erasures()


def erase(person: Person, now: datetime) -> None:
    with database.writing() as session:
        erasure.erase(session, erasure.of_number(session, person.number), now)
        runs.want_scrub(session, now)


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


def test_redis_holds_ids_only(services) -> None:
    connection = job_queue.patient()
    assert redis_scan.values_of_callers(connection) == 0
    connection.hset("rq:job:x", "data", b"call +4915112345678")
    assert redis_scan.values_of_callers(connection) == 1
    connection.close()


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
    assert (record.deleted, record.verified, record.remains) == (1, False, deletion.NOT_FINISHED)


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


def test_a_restricted_person_is_neither_rung_nor_written_to(services) -> None:
    from ivr.callbacks import sms, workflow
    from ivr.contact_centre import outbound_callbacks

    person, now = Person(services, 1, utc_now(), closed=False), utc_now()
    with database.writing() as session:
        task = session.get_one(CallbackTask, person.task_id)
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        task.restricted_at = now
        for act in (
            lambda: workflow.claim(session, task, mia, now),
            lambda: outbound_callbacks.check_may_dial(task, now),
            lambda: sms.send(session, task, mia, "sms_missed", "Hallo", now),
            lambda: workflow.reopen(session, task, mia, now),
        ):
            with pytest.raises(Refused, match="restricted"):
                act()


def test_no_machine_uses_what_is_restricted_and_all_goes_on_when_it_is_lifted(services) -> None:
    from ivr.callbacks import sla_clocks, sms_job, workflow
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
        workflow.lower_urgency(session, task, lena, later)
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
    from ivr.contact_centre import call_queue

    person, now = Person(services, 1, utc_now(), closed=False), utc_now()
    with database.writing() as session:
        entry = session.scalars(select(QueueEntry)).one()
        entry.state, entry.mode, entry.left_at, entry.answered_at = "waiting", "callback", None, None
        session.flush()
        assert list(call_queue.waiting(session)) == [entry]
        task = session.get_one(CallbackTask, person.task_id)
        restriction.restrict(session, task, session.scalars(select(User).where(User.username == "lena")).one(), now)
        assert list(call_queue.waiting(session)) == []
        call_queue.drop_kept_places(session, now, closed=False)
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
