"""Voicebox messages (Voicebox-Nachrichten): from the caller's consent to stored audio.

Everything here may happen twice, late or out of order; each function looks at what is there and adds only
what is missing. The recording's carrier id decides which is which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.callbacks import contacts, events, intake, restored_codes
from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.config.settings import settings
from ivr.domain.enums import (
    CallRowState,
    MessageState,
    RecordingState,
    TaskEventKind,
    TranscriptReason,
    TranscriptState,
    Urgency,
    WorkKind,
)
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.domain.timestamps import iso
from ivr.flows.request import UnknownValue
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage
from ivr.platform import found_rows, outbox

#: Time that the carrier has to report the audio after a hang-up in mid-recording. Then it is asked for.
PATIENCE = timedelta(seconds=30)
#: Time after a hang-up without a recording event after which the carrier is first asked.
ASK_AFTER = timedelta(seconds=1)
#: Time after the longest possible recording after which a missing event counts as lost.
LOST_AFTER = timedelta(minutes=2)


@dataclass(frozen=True)
class RecordingPlan:
    """One recording that a call asks the carrier to make, as the call's state describes it."""

    number: int
    language: str
    #: What the call was about then (see :mod:`ivr.callbacks.request`).
    about: Mapping[str, str]
    #: Number of the recording it replaces if it has speech ("record again").
    replaces: int | None = None
    #: Number of the recording it goes on with.
    continues: int | None = None


def expect(session: Session, call: Call, plan: RecordingPlan, now: datetime) -> VoiceboxMessage:
    """Note that the caller has agreed to be recorded. Only from here on may a message exist (§ 201 StGB)."""
    known = select(VoiceboxMessage).where(
        VoiceboxMessage.call_id == call.id, VoiceboxMessage.recording_number == plan.number
    )
    key = ("message", call.id, plan.number)
    message = found_rows.find(session, key, lambda: session.scalar(known))
    if message is None:
        message = VoiceboxMessage(
            call_id=call.id,
            recording_number=plan.number,
            replaces_number=plan.replaces,
            continues_number=plan.continues,
            about=dict(plan.about),
            language=plan.language,
            consented_at=now,
            state=MessageState.EXPECTED,
            recording=None,
        )
        session.add(message)
        session.flush()
        found_rows.put(session, key, message)
        # If no event reports the end, the carrier is asked.
        longest = timedelta(seconds=settings().message_seconds)
        outbox.add(session, WorkKind.FIND_RECORDING, message.id, run_after=now + longest + LOST_AFTER)
    return message


def request_of(message: VoiceboxMessage) -> Request:
    """What a message is about. Without a record of that: its contact's request, if it has one; else the call's concern.

    The call's concern may be written later than the first event about a recording, by a request that was late.

    Raises:
        UnknownValue: the row has a value that no enumeration has.
    """
    try:
        about = message.about or (message.contact.about if message.contact is not None else {})
        return Request.of_record(about or {"concern": message.call.concern or "other"})
    except UnknownValue as error:
        raise UnknownValue(f"voicebox message {message.id}: {error}") from error


def announced(session: Session, call: Call, plan: RecordingPlan, recording_sid: str, now: datetime) -> Recording:
    """The recording of a carrier's id, which is stored when it is seen for the first time.

    If the planned number has another recording already (a call that began again after a failure), it gets a new
    number, because audio is never refused.
    """
    known = select(Recording).where(Recording.recording_sid == recording_sid).with_for_update()
    key = ("recording", recording_sid)
    recording = found_rows.find(session, key, lambda: session.scalar(known))
    if recording is not None:
        return recording
    message = expect(session, call, plan, now)
    if message.recording is not None:
        last = session.scalar(
            select(func.max(VoiceboxMessage.recording_number)).where(VoiceboxMessage.call_id == call.id)
        )
        message = expect(session, call, replace(plan, number=(last or 0) + 1, replaces=None), now)
    recording = Recording(message=message, recording_sid=recording_sid, state=RecordingState.ANNOUNCED)
    session.add(recording)
    session.flush()
    found_rows.put(session, key, recording)
    return recording


def left(
    session: Session,
    call: Call,
    recording: Recording,
    seconds: float | None,
    now: datetime,
    *,
    cut_at_limit: bool | None = None,
) -> Contact:
    """Note that the caller left speech: a task is opened, and the audio will be fetched.

    `cut_at_limit`: whether the time for one recording was over before the caller was; None where only the length
    can tell.
    """
    message = recording.message
    if cut_at_limit is not None:
        message.cut_at_limit = cut_at_limit
    elif message.cut_at_limit is None and (seconds or 0) >= settings().message_seconds:
        message.cut_at_limit = True
    request = request_of(message)
    if recording.state in (RecordingState.ANNOUNCED, RecordingState.ABSENT):
        recording.state = RecordingState.AVAILABLE
        recording.recorded_seconds = seconds
        outbox.add(session, WorkKind.FETCH_RECORDING, recording.id, urgent=request.urgency == Urgency.EMERGENCY)
    if message.state in (MessageState.EXPECTED, MessageState.EMPTY):
        message.state = MessageState.LEFT
        message.left_at = now
        _replace_earlier(session, call)
    contact = intake.contact_for(session, call, request, now)
    if message.state == MessageState.LEFT:  # a late event about a replaced recording changes nothing
        _belongs_to(message, contact)
    return contact


def _belongs_to(message: VoiceboxMessage, contact: Contact) -> None:
    message.task_id, message.contact_id = contact.task_id, contact.id


def nothing_left(session: Session, call: Call, recording: Recording, now: datetime) -> None:
    """Note that the carrier found a recording too short or silent (`absent`)."""
    if recording.state == RecordingState.ANNOUNCED:
        recording.state = RecordingState.ABSENT
    if recording.message.state == MessageState.EXPECTED:
        recording.message.state = MessageState.EMPTY
    session.flush()
    intake.withdraw_unfounded(session, call)


def nothing_recorded(session: Session, message: VoiceboxMessage) -> None:
    """Note that the carrier has not made a recording it was asked for: the caller was gone before the tone."""
    if message.state == MessageState.EXPECTED:
        message.state = MessageState.EMPTY
    session.flush()
    intake.withdraw_unfounded(session, message.call)


def hung_up_while_recording(session: Session, call: Call, now: datetime) -> None:
    """A call that ended while the carrier was recording has a task at once, before any audio is known.

    "Recording" means that the carrier announced it: a caller who hangs up before the tone has left nothing. The task
    is provisional until the carrier reports audio, or that there is none.
    """
    awaited = session.scalars(
        select(Recording)
        .join(VoiceboxMessage)
        .where(
            VoiceboxMessage.call_id == call.id,
            VoiceboxMessage.state == MessageState.EXPECTED,
            Recording.state == RecordingState.ANNOUNCED,
        )
        .order_by(Recording.id)
    ).all()
    if call.state != CallRowState.ENDED:
        return
    for recording in awaited:
        outbox.add(session, WorkKind.FETCH_RECORDING, recording.id, run_after=now + PATIENCE)
        intake.open_for(session, call, request_of(recording.message), now, provisional=True)


def _replace_earlier(session: Session, call: Call) -> None:
    # "Record again": a recording with speech replaces the one it was made instead of, whose audio is deleted.
    session.flush()
    by_number = {
        message.recording_number: message
        for message in session.scalars(select(VoiceboxMessage).where(VoiceboxMessage.call_id == call.id))
    }
    for message in by_number.values():
        if message.state in (MessageState.LEFT, MessageState.REPLACED):
            for replaced in _replaced_by(message, by_number):
                replaced.state = MessageState.REPLACED
                replaced.task_id = replaced.contact_id = None
                if replaced.recording is not None:
                    outbox.add(session, WorkKind.DISCARD_RECORDING, replaced.recording.id)


def _replaced_by(message: VoiceboxMessage, by_number: Mapping[int, VoiceboxMessage]) -> Iterator[VoiceboxMessage]:
    """What a recording replaces and has not been replaced yet: the one it names, and the parts before that one.

    Only earlier recordings can be meant. What the carrier sends back may name any number.
    """
    latest, earlier = message.recording_number, message.replaces_number
    while earlier is not None and earlier < latest and (replaced := by_number.get(earlier)) is not None:
        if replaced.state == MessageState.LEFT:
            yield replaced
        latest, earlier = earlier, replaced.continues_number


def look_for_expected(session: Session, call: Call, now: datetime) -> None:
    """Ask the carrier soon for recordings of a call that is over, about which no event has come.

    The recording's own events may be late or lost after a hang-up; the call's state must be enough.
    """
    untold = (
        select(VoiceboxMessage.id)
        .outerjoin(Recording)
        .where(
            VoiceboxMessage.call_id == call.id, VoiceboxMessage.state == MessageState.EXPECTED, Recording.id.is_(None)
        )
    )
    for message_id in session.scalars(untold).all():
        outbox.add(session, WorkKind.ASK_FOR_RECORDING, message_id, run_after=now + ASK_AFTER)


def description(recording: Recording) -> dict[str, Any]:
    """What is kept beside a recording's audio, so that it can be restored if the database has lost it."""
    message, call, contact = recording.message, recording.message.call, recording.message.contact
    return {
        "call_sid": call.call_sid,
        "from_number": call.from_number,
        "started_at": iso(call.started_at),
        "language": message.language,
        "about": message.about or {"concern": call.concern or "other"},
        "take": message.recording_number,
        "continues": message.continues_number,
        "callback_number": contact.callback_number if contact else None,
        "receipt_code": contact.receipt_code if contact and contact.call_id == call.id else None,
        "seconds": recording.recorded_seconds,
    }


def take_in(session: Session, recording_sid: str, described: Mapping[str, Any], now: datetime) -> Recording | None:
    """Add a recording that the database does not know (any more). None if it is known after all.

    The task is that of its call, or a new one.
    """
    if session.scalar(select(Recording.id).where(Recording.recording_sid == recording_sid)) is not None:
        return None
    began = datetime.fromisoformat(described["started_at"]) if described.get("started_at") else now
    call = calls.seen(session, described["call_sid"], described.get("from_number"), began)
    call.language = call.language or described.get("language") or DEFAULT_LANGUAGE
    about = described.get("about") or {"concern": call.concern or "other"}
    number = int(described.get("take") or 1)
    plan = RecordingPlan(number, call.language, about, continues=described.get("continues"))
    recording = announced(session, call, plan, recording_sid, now)
    known = contacts.of_call(session, call, request_of(recording.message))
    contact = left(session, call, recording, described.get("seconds"), now)
    if known is None:
        restored_codes.give_back(session, contact, described.get("receipt_code"))
    if contact.callback_number is None:
        intake.give_number(session, contact, described.get("callback_number"), now)
    return recording


def stored(
    session: Session,
    recording: Recording,
    sha256: str,
    size: int,
    seconds: float,
    now: datetime,
    *,
    whole: bool = True,
) -> None:
    """The audio is stored durably: plan the deletion of the carrier's copy, and the transcript.

    If the recording is incomplete (not `whole`), the task shows it.
    """
    if not whole and recording.message.task_id is not None:
        events.record(session, recording.message.task_id, TaskEventKind.RECORDING_CUT_SHORT, now)
    recording.state = RecordingState.STORED
    recording.audio_sha256 = sha256
    recording.audio_bytes = size
    recording.recorded_seconds = seconds
    recording.stored_at = now
    transcript = recording.transcript
    if transcript is None:
        language = recording.message.language
        session.add(Transcript(recording_id=recording.id, state=TranscriptState.PENDING, language=language))
    elif transcript.reason == TranscriptReason.NOT_AVAILABLE:  # it came after all
        transcript.state, transcript.reason = TranscriptState.PENDING, None
    plan_transcript(session, recording)
    outbox.add(session, WorkKind.DELETE_AT_CARRIER, recording.id)


def plan_transcript(session: Session, recording: Recording) -> None:
    """Plan the transcript of a stored recording: emergencies first, then by the deadline of the task."""
    task = recording.message.task
    outbox.add(
        session,
        WorkKind.TRANSCRIBE,
        recording.id,
        urgent=(task.urgency if task else request_of(recording.message).urgency) == "emergency",
        deadline_at=task.due_at if task else None,
        pool=settings().pool_of(recording.message.language),
    )


def not_available(session: Session, recording: Recording, now: datetime) -> None:
    """Note that the audio could not be fetched so far: the task says that somebody has to call without it."""
    message = recording.message
    contact = intake.contact_for(session, message.call, request_of(message), now)
    if message.state == MessageState.EXPECTED:
        message.state = MessageState.LEFT
    _belongs_to(message, contact)
    if recording.transcript is None:
        session.add(
            Transcript(
                recording_id=recording.id,
                state=TranscriptState.PLEASE_LISTEN,
                reason=TranscriptReason.NOT_AVAILABLE,
                language=message.language,
            )
        )
