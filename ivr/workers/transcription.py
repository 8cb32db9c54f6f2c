"""Turns a stored recording into a transcript, or into a state that asks a person to listen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ivr import audio_store, database, outbox, voicebox
from ivr.audio_files import read_wav
from ivr.instants import utc_now
from ivr.models import Recording, Transcript
from ivr.workers.recognition import NoModel, installed_languages, recognition


def transcribe(recording_id: int) -> None:
    """Transcribe a recording once. Silence, an unreadable file and a missing model are results, not errors."""
    with database.reading() as session:
        recording = session.get_one(Recording, recording_id)
        transcript = recording.transcript
        if recording.state != "stored" or transcript is None or transcript.state == "done":
            return
        if transcript.reason == "failed":  # it has failed (or killed its worker) often enough
            return
        language, sid = transcript.language, recording.recording_sid
    try:
        heard = recognition.transcribe(read_wav(audio_store.load(sid)), language)
    except NoModel:
        _write(recording_id, state="please_listen", reason="no_model")
        return
    except ValueError:
        _write(recording_id, state="please_listen", reason="unusable")
        return
    if not heard.words:
        _write(recording_id, state="please_listen", reason="no_speech", engine=heard.engine)
        return
    _write(
        recording_id,
        state="done",
        reason=None,
        engine=heard.engine,
        text=heard.text,
        confidence=heard.confidence,
        words=heard.words,
    )


def given_up(session: Session, recording_id: int) -> None:
    """Every try has failed: a person must listen."""
    session.execute(
        update(Transcript)
        .where(Transcript.recording_id == recording_id, Transcript.state != "done")
        .values(state="please_listen", reason="failed")
    )


def requeue_waiting_for_models(session: Session) -> int:
    """Put transcripts back to work whose model has arrived; returns how many."""
    installed = installed_languages()
    if not installed:
        return 0
    waiting = session.scalars(
        select(Transcript).where(
            Transcript.state == "please_listen", Transcript.reason == "no_model", Transcript.language.in_(installed)
        )
    ).all()
    for transcript in waiting:
        transcript.state, transcript.reason = "pending", None
        urgent = voicebox.matter_of(transcript.recording.message).urgency == "emergency"
        outbox.add(session, "transcribe", transcript.recording_id, urgent=urgent)
    return len(waiting)


def _write(recording_id: int, **values: Any) -> None:
    # Conditional: if two workers came to decode one message, the first result stays.
    with database.writing() as session:
        session.execute(
            update(Transcript)
            .where(Transcript.recording_id == recording_id, Transcript.state != "done")
            .values(transcribed_at=utc_now(), **values)
        )
