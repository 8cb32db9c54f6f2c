"""Job: renders the gist of a message into English, for languages that the operator names; after its transcript."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ivr.audio.wav import read_wav
from ivr.config.settings import settings
from ivr.domain.enums import WorkKind
from ivr.models.voicebox import Transcript
from ivr.platform import database, outbox
from ivr.transcription import gist, usable_transcripts
from ivr.transcription.result import NoModel
from ivr.voicebox import audio_store


def plan(session: Session, recording_id: int, language: str) -> None:
    """Plan the gist of a message, if the operator wants it for this language."""
    if language in settings().gist_languages:
        outbox.add(session, WorkKind.RENDER_GIST, recording_id)


def render(recording_id: int) -> None:
    """Render the gist of a message. Safe to repeat. A host without the model renders nothing."""
    with database.reading() as session:
        found = _wanted(session, recording_id)
        if found is None:
            return
        sid, language = found.recording.recording_sid, found.language
    try:
        made = gist.english(read_wav(audio_store.load(sid)), language)
    except (NoModel, ValueError):
        return
    with database.writing() as session:
        found = _wanted(session, recording_id)
        if found is not None and found.language == language:
            found.gist = {"language": "en", "text": made.text, "engine": made.engine}


def _wanted(session: Session, recording_id: int) -> Transcript | None:
    """The transcript of a message without a gist that may be used."""
    found = usable_transcripts.of_recording(session, recording_id)
    return found if found is not None and found.gist is None else None
