"""Voicebox messages (Voicebox-Nachrichten): from the caller's consent to audio that is ours.

Everything here may happen twice, late or out of order; each function looks at what is there and adds only
what is missing. The recording's carrier id decides which is which.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr import callbacks, outbox
from ivr.models import Call, CallbackTask, Recording, Transcript, VoiceboxMessage

#: After a hang-up in mid-recording the carrier has this long to tell of the audio, then we ask for it.
PATIENCE = timedelta(seconds=30)


def expect(session: Session, call: Call, take: int, language: str, now: datetime) -> VoiceboxMessage:
    """The caller has agreed and the tone comes: from here on a message may exist (§ 201 StGB: not before)."""
    message = session.scalar(
        select(VoiceboxMessage).where(VoiceboxMessage.call_id == call.id, VoiceboxMessage.take == take)
    )
    if message is None:
        message = VoiceboxMessage(call_id=call.id, take=take, language=language, consented_at=now, state="expected")
        session.add(message)
        session.flush()
    return message


def recording_announced(session: Session, message: VoiceboxMessage, recording_sid: str) -> Recording:
    """The carrier named the recording of a message."""
    recording = session.scalar(select(Recording).where(Recording.recording_sid == recording_sid))
    if recording is None:
        recording = Recording(message_id=message.id, recording_sid=recording_sid, state="announced")
        session.add(recording)
        session.flush()
    return recording


def left(
    session: Session, call: Call, message: VoiceboxMessage, recording_sid: str, seconds: float, now: datetime
) -> CallbackTask:
    """The caller left speech: the promise is made, the audio is to be fetched."""
    recording = recording_announced(session, message, recording_sid)
    if recording.state in ("announced", "absent"):
        recording.state = "available"
        recording.recorded_seconds = seconds
        outbox.add(session, "fetch_recording", recording.id, urgent=call.concern == "emergency")
    if message.state in ("expected", "empty"):
        message.state = "left"
        message.left_at = now
        _keep_newest(session, call)
    task = callbacks.open_for(session, call, now)
    callbacks.confirm(session, task, now)
    if message.state == "left":  # a late word about a replaced take changes nothing
        message.task_id = task.id
    return task


def recording_completed(
    session: Session, call: Call, message: VoiceboxMessage, recording_sid: str, seconds: float, now: datetime
) -> CallbackTask | None:
    """The carrier finished a recording; one of no length is no speech."""
    if seconds <= 0:
        nothing_left(session, call, message, recording_sid, now)
        return None
    return left(session, call, message, recording_sid, seconds, now)


def nothing_left(session: Session, call: Call, message: VoiceboxMessage, recording_sid: str, now: datetime) -> None:
    """The carrier found the recording too short or silent (`absent`), or could not make it."""
    recording = recording_announced(session, message, recording_sid)
    if recording.state == "announced":
        recording.state = "absent"
    if message.state == "expected":
        message.state = "empty"
    session.flush()
    callbacks.withdraw_unfounded(session, call, now)


def hung_up_while_recording(session: Session, call: Call, now: datetime) -> CallbackTask | None:
    """A call that ended while the carrier was recording has a task at once, before any audio is known.

    "Recording" means that the carrier announced it: who hangs up before the tone has left nothing. The task
    is provisional until the carrier tells of audio, or of none.
    """
    awaited = session.scalar(
        select(Recording)
        .join(VoiceboxMessage)
        .where(VoiceboxMessage.call_id == call.id, VoiceboxMessage.state == "expected", Recording.state == "announced")
    )
    if call.state != "ended" or awaited is None:
        return None
    outbox.add(session, "fetch_recording", awaited.id, run_after=now + PATIENCE)
    return callbacks.open_for(session, call, now, provisional=True)


def _keep_newest(session: Session, call: Call) -> None:
    # "Record again": the last take with speech replaces the earlier ones, whose audio is deleted.
    session.flush()
    takes = session.scalars(
        select(VoiceboxMessage)
        .where(VoiceboxMessage.call_id == call.id, VoiceboxMessage.state == "left")
        .order_by(VoiceboxMessage.take)
    ).all()
    for message in takes[:-1]:
        message.state = "replaced"
        message.task_id = None
        if message.recording is not None:
            outbox.add(session, "discard_recording", message.recording.id)
    if takes and (task := callbacks.of_call(session, call)):
        takes[-1].task_id = task.id


def stored(session: Session, recording: Recording, sha256: str, size: int, seconds: float, now: datetime) -> None:
    """The audio is ours and durable: the carrier's copy goes, the transcript is due."""
    recording.state = "stored"
    recording.audio_sha256 = sha256
    recording.audio_bytes = size
    recording.recorded_seconds = seconds
    recording.stored_at = now
    urgent = recording.message.call.concern == "emergency"
    if recording.transcript is None:
        session.add(Transcript(recording_id=recording.id, state="pending", language=recording.message.language))
    outbox.add(session, "transcribe", recording.id, urgent=urgent)
    outbox.add(session, "delete_at_carrier", recording.id)


def unusable(session: Session, recording: Recording, reason: str, now: datetime) -> None:
    """The audio could not be had: the task stands, and says why somebody has to call without it."""
    recording.state = "unusable"
    call = recording.message.call
    task = callbacks.open_for(session, call, now)
    callbacks.confirm(session, task, now)
    recording.message.state = "left"
    recording.message.task_id = task.id
    if recording.transcript is None:
        language = recording.message.language
        session.add(Transcript(recording_id=recording.id, state="please_listen", reason=reason, language=language))
