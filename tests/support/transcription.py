"""Messages and their transcripts."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from ivr.audio.wav import Sound, write_wav
from ivr.calls import calls
from ivr.config import settings
from ivr.domain.timestamps import utc_now
from ivr.models.voicebox import Recording, Transcript
from ivr.platform import database
from ivr.voicebox import audio_store, voicebox
from ivr.web.app import create_app
from tests.support.people import log_in
from tests.support.speech import human_speech

VOICES = Path("/usr/share/asterisk/sounds/en_US_f_Allison")


def set_up(monkeypatch: pytest.MonkeyPatch, **values: str) -> settings.Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings.settings.cache_clear()
    return settings.settings()


def desk(username: str) -> FlaskClient:
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    return log_in(app.test_client(), username)


def a_message(language: str = "de", concern: str = "benefits", age: timedelta = timedelta(0)) -> int:
    """A recording of which the carrier has told; its id."""
    now = utc_now() - age
    with database.writing() as session:
        call = calls.seen(session, "CA" + secrets.token_hex(16), f"+4917{secrets.randbelow(10**9):09d}", now)
        calls.progressed(call, "record", language, concern)
        about = {"concern": concern}
        recording = voicebox.announced(
            session, call, voicebox.RecordingPlan(1, language, about), "RE" + secrets.token_hex(16), now
        )
        voicebox.left(session, call, recording, 4, now)
        return recording.id


def store(recording_id: int, sound: Sound | None = None) -> None:
    audio = write_wav(sound or human_speech(1))
    with database.writing() as session:
        recording = session.get_one(Recording, recording_id)
        kept = audio_store.save(recording.recording_sid, audio, voicebox.description(recording))
        voicebox.stored(session, recording, kept.sha256, kept.size, 1.0, utc_now())


def transcript_of(recording_id: int) -> Transcript:
    with database.reading() as session:
        return session.scalars(select(Transcript).where(Transcript.recording_id == recording_id)).one()
