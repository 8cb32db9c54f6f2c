"""Collects all data about a person (Art. 15 GDPR), in a form for people and for programs."""

from __future__ import annotations

import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.inspection import inspect
from sqlalchemy.orm import Session

from ivr.audit import access_reports
from ivr.callbacks import tags
from ivr.calls import caller_language
from ivr.domain.enums import LegRole, RecordingState, TaskEventKind
from ivr.domain.timestamps import iso
from ivr.models.bookings import InterpreterBooking
from ivr.models.callbacks import Attempt, CallbackTask, TaskEvent, TextMessage
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, QueueEntry
from ivr.models.contacts import Contact
from ivr.models.desk import Draft
from ivr.models.directory import DirectoryEntry
from ivr.models.identities import ProvenIdentity
from ivr.models.incidents import Incident
from ivr.models.privacy import LegalHold
from ivr.models.representatives import Representative
from ivr.models.screening import BlockedNumber, FrequentCaller
from ivr.models.sla import SlaClock, SlaPause
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.privacy import erasure
from ivr.privacy.erasure import Subject
from ivr.voicebox import audio_store

#: Columns that are left out: members, keys, and internal states.
_HIDDEN = {
    "user_id", "claimed_by_id", "audio_sha256", "resume", "offered_leg_id", "request_id", "sequence", "next_change_at",
    "blocked_by_id", "confirmed_by_id", "lifted_by_id", "requested_by_id", "placed_by_id", "number_hash",
    "closing_counted", "closed_counted", "answers", "concern_answers", "changed_by_id", "booked_by_id",
    "entered_by_id", "proven_by_id", "person",
}  # fmt: skip


def collect(session: Session, subject: Subject) -> dict[str, Any]:
    """All rows about a person, by kind. Instants are RFC 3339 text."""
    named = CallbackTask.id.in_(subject.task_ids)
    tasks = session.scalars(select(CallbackTask).where(named).order_by(CallbackTask.id)).all()
    calls = session.scalars(select(Call).where(Call.id.in_(subject.call_ids)).order_by(Call.started_at)).all()
    waited = QueueEntry.call_id.in_(subject.call_ids)
    entries = session.scalars(select(QueueEntry).where(waited).order_by(QueueEntry.id)).all()
    talked = Conversation.task_id.in_(subject.task_ids) | Conversation.entry_id.in_([entry.id for entry in entries])
    conversations = session.scalars(select(Conversation).where(talked).order_by(Conversation.id)).all()
    found: dict[str, Any] = {
        "calls": [_plain(call) for call in calls],
        "tasks": [_task(session, task) for task in tasks],
        "contacts": [_plain(contact) for contact in _contacts(session, subject)],
        "messages": [_message(message) for message in erasure.messages_of(session, subject)],
        "text_messages": _all(session, TextMessage, erasure.texts_of(subject), without=("number",)),
        "places_in_line": [_plain(entry) for entry in entries],
        "conversations": [_conversation(session, one) for one in conversations],
        "readings": _readings(session, tasks),
    }
    if subject.number:
        known = caller_language.known(session, subject.number)
        found["remembered_language"] = _plain(known) if known else None
        found["frequent_calls"] = _all(session, FrequentCaller, FrequentCaller.number == subject.number)
        found["as_companion"] = _all(session, Leg, (Leg.number == subject.number) & (Leg.role == LegRole.COMPANION))
        found["asked_to_interpret"] = _all(session, InterpreterRequest, InterpreterRequest.number == subject.number)
        booked = InterpreterBooking.number == subject.number
        found["booked_to_interpret"] = _all(session, InterpreterBooking, booked)
        found["in_directory"] = _all(session, DirectoryEntry, DirectoryEntry.number == subject.number)
        found["incidents"] = _all(session, Incident, Incident.number == subject.number)
        found["blocks"] = _all(session, BlockedNumber, BlockedNumber.number == subject.number)
    return found


def _contacts(session: Session, subject: Subject) -> Sequence[Contact]:
    others = erasure.others_contacts(session, subject)
    theirs = or_(Contact.task_id.in_(subject.task_ids), Contact.id.in_(subject.contact_ids))
    return session.scalars(select(Contact).where(theirs, Contact.id.not_in(others)).order_by(Contact.id)).all()


def extent(data: Mapping[str, Any]) -> dict[str, int]:
    """The number of rows of each kind, without the accesses to them."""
    counts = {kind: len(rows) if isinstance(rows, list) else int(rows is not None) for kind, rows in data.items()}
    return {kind: count for kind, count in counts.items() if count and kind != "readings"}


def _plain(row: Any) -> dict[str, Any]:
    columns = [column.key for column in inspect(type(row)).column_attrs if column.key not in _HIDDEN]
    return {name: _value(getattr(row, name)) for name in columns}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)


def _all(session: Session, table: Any, which: Any, without: Collection[str] = ()) -> list[dict[str, Any]]:
    rows = select(table).where(which).order_by(*inspect(table).primary_key)
    found = [_plain(row) for row in session.scalars(rows)]
    return [{name: value for name, value in row.items() if name not in without} for row in found]


def _task(session: Session, task: CallbackTask) -> dict[str, Any]:
    return {
        **_plain(task),
        "team": task.team.name,
        "history": [_event(event) for event in task.events],
        "attempts": _all(session, Attempt, Attempt.task_id == task.id),
        "promises": _all(session, SlaClock, SlaClock.task_id == task.id),
        "put_off": _all(session, SlaPause, SlaPause.task_id == task.id),
        "bookings": _all(
            session, InterpreterBooking, InterpreterBooking.task_id == task.id, without=("number", "name")
        ),
        "holds": _all(session, LegalHold, LegalHold.task_id == task.id),
        "tags": tags.of_tasks(session, [task.id]).get(task.id, []),
        "identity": _all(session, ProvenIdentity, ProvenIdentity.task_id == task.id),
        "represented_by": _all(session, Representative, Representative.task_id == task.id),
        "being_written": _all(session, Draft, Draft.task_id == task.id),
        "postal_order": _plain(task.postal_order) if task.postal_order else None,
        "appointment_wish": _plain(task.appointment_wish) if task.appointment_wish else None,
    }


def _event(event: TaskEvent) -> dict[str, Any]:
    """An event without the names of members."""
    return {
        **_plain(event),
        **({"text": None} if event.kind in (TaskEventKind.TAKEN_OVER, TaskEventKind.ASSIGNED) else {}),
    }


def _message(message: VoiceboxMessage) -> dict[str, Any]:
    recording = message.recording
    transcript = recording.transcript if recording else None
    return {
        **_plain(message),
        "recording": _plain(recording) if recording else None,
        "transcript": _plain(transcript) if transcript else None,
        "audio_file": f"audio/{recording.recording_sid}.wav"
        if recording and recording.state == RecordingState.STORED
        else None,
    }


def _conversation(session: Session, conversation: Conversation) -> dict[str, Any]:
    theirs = (Leg.conversation_id == conversation.id, Leg.role.in_((LegRole.CALLER, LegRole.COMPANION)))
    legs = session.scalars(select(Leg).where(*theirs).order_by(Leg.id))
    return {**_plain(conversation), "legs": [_plain(leg) for leg in legs]}


def _readings(session: Session, tasks: Collection[CallbackTask]) -> list[dict[str, Any]]:
    """The accesses to the tasks, by role: Art. 15 (1) c asks for recipients or their categories."""
    counted: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for line in access_reports.about(session, tasks):
        counted[(line.role, line.action)].append(line.at)
    return [
        {"role": role, "action": action, "times": len(times), "last_at": iso(max(times))}
        for (role, action), times in counted.items()
    ]


def package(data: Mapping[str, Any], pdf: bytes, missing: str) -> bytes:
    """A ZIP file with the PDF, the JSON, and every recording as WAV. The text `missing` replaces unreadable ones."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.pdf", pdf)
        archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=1))
        for message in data["messages"]:
            if message["audio_file"]:
                try:
                    audio = audio_store.load(message["recording"]["recording_sid"])
                except (audio_store.Missing, audio_store.Unreadable):
                    archive.writestr(f"{message['audio_file']}.missing.txt", missing)
                else:
                    archive.writestr(message["audio_file"], audio)
    return out.getvalue()


def recordings_of(session: Session, subject: Subject) -> int:
    """The number of recordings with audio."""
    ids = [message.id for message in erasure.messages_of(session, subject)]
    stored = select(func.count(Recording.id)).where(
        Recording.message_id.in_(ids), Recording.state == RecordingState.STORED
    )
    return session.scalar(stored) or 0
