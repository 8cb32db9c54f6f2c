"""People of whom everything is stored that a caller can leave behind."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from ivr.audio.synthesis import speak
from ivr.audio.wav import write_wav
from ivr.callbacks import collaboration, search_index
from ivr.calls import caller_language, calls
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import TaskEvent, TextMessage
from ivr.models.contact_centre import Conversation, Leg, QueueEntry
from ivr.models.desk import Draft
from ivr.models.reporting import DailyMetric
from ivr.models.voicebox import Transcript
from ivr.platform import database, job_queue
from ivr.privacy import (
    erasure,
)
from ivr.privacy import nightly_job as runs
from ivr.reporting import daily_metrics
from ivr.voicebox import audio_store, voicebox
from ivr.voicebox.voicebox import RecordingPlan

HOUR = timedelta(hours=1)


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
            recording = voicebox.announced(session, call, RecordingPlan(1, "tr", about), self.recording_sid, at)
            task = voicebox.left(session, call, recording, 2, at).task
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
    """Every byte there is: database pages, files, audio store, the local carrier's store, Redis' own file, logs."""
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


def finish() -> None:
    """It is night."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs.opening_hours, "is_open", lambda *_: False)
        runs.finish_erasures()


def erase(person: Person, now: datetime) -> None:
    with database.writing() as session:
        erasure.erase(session, erasure.of_number(session, person.number), now)
        runs.want_scrub(session, now)
