"""Brings recordings from the carrier into the house, and removes the carrier's copies."""

from __future__ import annotations

from ivr import audio_store, database, voicebox
from ivr.audio_files import read_wav
from ivr.instants import utc_now
from ivr.models import Recording
from ivr.telephony import carrier


def fetch_recording(recording_id: int) -> None:
    """Fetch, check, store durably, mark.

    Raises:
        carrier.NotThere, carrier.NotAudio, requests.RequestException, OSError: to be tried again.
    """
    with database.reading() as session:
        recording = session.get_one(Recording, recording_id)
        sid, state = recording.recording_sid, recording.state
    if state not in ("announced", "available"):
        return
    audio = carrier.fetch_audio(sid)
    try:
        sound = read_wav(audio)
    except ValueError as error:
        raise carrier.NotAudio(str(error)) from error
    sha256 = audio_store.save(recording_id, audio)
    now = utc_now()
    with database.writing() as session:
        recording = session.get_one(Recording, recording_id)
        if recording.state == "announced":  # the carrier never told of it, yet here it is
            message = recording.message
            if sound.seconds == 0:
                voicebox.nothing_left(session, message.call, message, sid, now)
                return
            voicebox.left(session, message.call, message, sid, sound.seconds, now)
        if recording.state == "available":
            voicebox.stored(session, recording, sha256, len(audio), sound.seconds, now)
        gone = recording.state == "deleted"  # the caller recorded again while we fetched
    if gone:
        audio_store.delete(recording_id)


def fetch_given_up(recording_id: int) -> None:
    """The carrier never gave the audio: the task says so."""
    with database.writing() as session:
        recording = session.get_one(Recording, recording_id)
        if recording.state in ("announced", "available"):
            voicebox.unusable(session, recording, "not_available", utc_now())


def delete_at_carrier(recording_id: int) -> None:
    """Delete the carrier's copy of a recording that is ours, verified."""
    with database.reading() as session:
        recording = session.get_one(Recording, recording_id)
        sid, ours = recording.recording_sid, recording.state in ("stored", "deleted")
    if not ours or (recording.state == "stored" and not audio_store.path_of(recording_id).exists()):
        raise RuntimeError("the only copy is the carrier's")
    carrier.delete_recording(sid)
    with database.writing() as session:
        session.get_one(Recording, recording_id).carrier_deleted_at = utc_now()


def discard_recording(recording_id: int) -> None:
    """A take the caller replaced: delete it here and at the carrier."""
    with database.writing() as session:
        recording = session.get_one(Recording, recording_id)
        recording.state = "deleted"
        sid = recording.recording_sid
        if recording.transcript is not None:
            session.delete(recording.transcript)
    audio_store.delete(recording_id)
    carrier.delete_recording(sid)
    with database.writing() as session:
        session.get_one(Recording, recording_id).carrier_deleted_at = utc_now()
