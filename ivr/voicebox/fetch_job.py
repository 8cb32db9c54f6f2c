"""Fetches recordings from the carrier into our audio store, and deletes the carrier's copies."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.audio.wav import Sound, read_audio, read_wav, write_wav
from ivr.callbacks import carrier_faults
from ivr.calls import calls
from ivr.carrier import call_control, media
from ivr.carrier.media import CarrierRecording
from ivr.domain.carrier_ids import is_unknown_to_the_carrier
from ivr.domain.enums import CallRowState, Medium, MessageState, RecordingState, WorkKind
from ivr.domain.timestamps import utc_now
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import database, outbox
from ivr.voicebox import audio_store, spoken_answers, voicebox

log = logging.getLogger(__name__)

#: After so many tries an incomplete recording is kept.
_TRIES_FOR_THE_WHOLE = 4
#: The carrier names instants in whole seconds.
_CLOCKS_DIFFER = timedelta(seconds=1)


class StillRecording(Exception):
    """The carrier has not finished a recording yet."""


def fetch_recording(recording_id: int) -> None:
    """Fetch a recording, check it, store it in the audio store, and update its row.

    Raises:
        carrier.NotThere, carrier.NotAudio, requests.RequestException, OSError: to be tried again. What is the
            operator's fault is told at once.
    """
    with database.reading() as session:
        recording = session.get_one(Recording, recording_id)
        sid, state, reported_seconds = recording.recording_sid, recording.state, recording.recorded_seconds
        described = voicebox.description(recording)
        gone = audio_store.gone(session)
    if state not in ("announced", "available"):
        return
    if gone is not None:
        raise FileNotFoundError(errno.ENOENT, "recordings were kept here, and their directory is gone", str(gone))
    asked_at = utc_now()
    try:
        fetched = media.fetch_audio(sid)
    except media.NotGiven as error:
        with database.writing() as session:
            carrier_faults.note(session, error.refusal, Medium.RECORDING, "", utc_now())
        raise
    audio, sound, whole = _as_wav(fetched, outbox.attempt.get() >= _TRIES_FOR_THE_WHOLE)
    if sound.seconds == 0 and reported_seconds:
        raise media.NotAudio(f"empty, though {reported_seconds} s were recorded")
    kept = audio_store.save(sid, audio, described)
    now = utc_now()
    with database.writing() as session:
        carrier_faults.mended(session, Medium.RECORDING, "", asked_at, now)
        known = session.get(Recording, recording_id)
        if known is None:  # erased while it was fetched
            audio_store.delete(sid)
            return
        recording = known
        if recording.state == RecordingState.ANNOUNCED:  # its event was lost
            call = recording.message.call
            if sound.seconds == 0:
                voicebox.nothing_left(session, call, recording, now)
            else:
                voicebox.left(session, call, recording, sound.seconds, now)
        if recording.state == RecordingState.AVAILABLE:
            voicebox.stored(session, recording, kept.sha256, kept.size, sound.seconds, now, whole=whole)
        wanted = recording.state == RecordingState.STORED  # the caller may have recorded again while we fetched
    if not wanted:
        audio_store.delete(sid)


def _as_wav(audio: bytes, anything: bool) -> tuple[bytes, Sound, bool]:
    """The recording as a WAV file we can read, its sound, and whether it is whole.

    `anything` accepts an incomplete recording.
    """
    try:
        return audio, read_wav(audio), True
    except ValueError as error:
        try:
            sound, whole = read_audio(audio)
        except ValueError:
            raise media.NotAudio(str(error)) from error
        if not whole and not anything:
            raise media.NotAudio(str(error)) from error
    return write_wav(sound), sound, whole


def fetch_given_up(session: Session, recording_id: int) -> None:
    """Mark a recording as not available after the last try, so that the task shows it."""
    recording = session.get_one(Recording, recording_id)
    if recording.state in (RecordingState.ANNOUNCED, RecordingState.AVAILABLE):
        voicebox.not_available(session, recording, utc_now())


def ask_for_recording(message_id: int) -> None:
    """Look early for the recording of a caller who has hung up. Nothing is withdrawn if there is none."""
    find_recording(message_id, final=False)


def find_recording(message_id: int, *, final: bool = True) -> None:
    """Ask the carrier what it has of a call, because no event has said how a recording ended.

    Of a call whose id it does not know its answer would say nothing, and least of all that there is no recording. What
    it has of that call is found by the comparison with all its recordings.

    Raises:
        StillRecording: to be asked again.
    """
    with database.reading() as session:
        message = session.get_one(VoiceboxMessage, message_id)
        if message.state != MessageState.EXPECTED:
            return
        call_sid, announced = message.call.call_sid, message.recording is not None
        is_over = message.call.state == CallRowState.ENDED
    if is_unknown_to_the_carrier(call_sid):
        if final and not announced:  # one that was announced is fetched by its own id
            with database.writing() as session:
                voicebox.nothing_recorded(session, session.get_one(VoiceboxMessage, message_id))
        return
    kept = _of_messages(call_sid)
    if final and not kept and not is_over and _goes_on(call_sid):
        raise StillRecording(call_sid)  # asked too early: the clock that wrote when, or ours, is wrong
    if final and any(recording.status in ("in-progress", "paused", "processing") for recording in kept):
        raise StillRecording(call_sid)
    if not final and not any(recording.seconds > 0 for recording in kept):
        return  # it may come later: `find_recording` looks again
    now = utc_now()
    with database.writing() as session:
        message = session.get_one(VoiceboxMessage, message_id)
        call = calls.seen(session, call_sid, None, now)
        for recording, theirs in _matched(session, message, [found for found in kept if found.seconds > 0]):
            plan = voicebox.RecordingPlan(theirs.recording_number, theirs.language, theirs.about)
            found = voicebox.announced(session, call, plan, recording.recording_sid, now)
            if found.state == "announced":
                voicebox.left(session, call, found, recording.seconds, now)
        gone, there = message.recording, {recording.recording_sid for recording in kept}
        if final and gone is not None and gone.state == RecordingState.ANNOUNCED and gone.recording_sid not in there:
            voicebox.nothing_left(session, call, gone, now)
            outbox.settle(session, WorkKind.FETCH_RECORDING, gone.id, now)
        voicebox.nothing_recorded(session, message)


def _goes_on(call_sid: str) -> bool:
    try:
        return call_control.call_status(call_sid) not in call_control.ENDED
    except call_control.CallIsOver:
        return False


def _of_messages(call_sid: str) -> list[CarrierRecording]:
    """The carrier's recordings of a call, without spoken answers."""
    kept = media.recordings_of(call_sid)
    with database.writing() as session:
        return [one for one in kept if not spoken_answers.is_answer(session, one, call_sid, utc_now())]


def _matched(
    session: Session, message: VoiceboxMessage, kept: Sequence[CarrierRecording]
) -> Iterator[tuple[CarrierRecording, VoiceboxMessage]]:
    """The carrier's recordings of a call, each with the message whose words it most likely holds.

    In order where there is one for each message, else by the time at which the message was expected. `message` gets
    what is left over.
    """
    sids = [recording.recording_sid for recording in kept]
    known = set(session.scalars(select(Recording.recording_sid).where(Recording.recording_sid.in_(sids))))
    yield from ((recording, message) for recording in kept if recording.recording_sid in known)
    free = [other for other in message.call.messages if other.recording is None]
    untold = sorted(  # the carrier lists the newest first
        (one for one in reversed(kept) if one.recording_sid not in known),
        key=lambda one: one.created_at or datetime.max.replace(tzinfo=UTC),
    )
    in_order = len(untold) >= len(free)
    for recording in untold:
        begun = [m for m in free if recording.created_at and m.consented_at <= recording.created_at + _CLOCKS_DIFFER]
        theirs = message if not free else begun[-1] if begun and not in_order else free[0]
        if theirs in free:
            free.remove(theirs)
        yield recording, theirs


def delete_at_carrier(recording_id: int) -> None:
    """Delete the carrier's copy of a recording that is ours, verified."""
    with database.reading() as session:
        recording = session.get_one(Recording, recording_id)
        sid, ours = (
            recording.recording_sid,
            recording.state in (RecordingState.STORED, RecordingState.DELETED, RecordingState.ABSENT),
        )
    if not ours or (recording.state == RecordingState.STORED and not audio_store.has(sid)):
        raise RuntimeError("the only copy is the carrier's")
    media.delete_recording(sid)
    with database.writing() as session:
        session.get_one(Recording, recording_id).carrier_deleted_at = utc_now()
    log.info("recording %d: the carrier's copy was deleted, which the carrier confirms", recording_id)


def discard_recording(recording_id: int) -> None:
    """Delete a recording that the caller has replaced, here and at the carrier."""
    with database.writing() as session:
        recording = session.get_one(Recording, recording_id)
        recording.state = RecordingState.DELETED
        sid = recording.recording_sid
        if recording.transcript is not None:
            session.delete(recording.transcript)
    audio_store.delete(sid)
    media.delete_recording(sid)
    with database.writing() as session:
        session.get_one(Recording, recording_id).carrier_deleted_at = utc_now()
