"""Job: lets the second engine hear a message, after its transcript is stored; at lower priority than any transcript.

The first transcript stays the text. Where the engines have heard quite different words, a person is asked to listen.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from ivr.audio.wav import read_wav
from ivr.callbacks import search_index
from ivr.config.settings import settings
from ivr.domain.enums import TaskState, TranscriptReason, TranscriptState, WorkKind
from ivr.domain.timestamps import utc_now
from ivr.models.voicebox import Transcript
from ivr.platform import database, outbox
from ivr.transcription import engines, expected_words, raised_words, usable_transcripts, word_agreement
from ivr.transcription.result import NoModel, TranscriptionResult
from ivr.voicebox import audio_store

#: Seconds of a message that is heard again at most.
_LONGEST = 600.0


def plan(session: Session, recording_id: int, language: str) -> None:
    """Plan that the second engine hears a message, if the operator wants two for this language."""
    if language in settings().both_engines:
        outbox.add(session, WorkKind.HEAR_AGAIN, recording_id)


def hear(recording_id: int) -> None:
    """Let the second engine hear a message. Safe to repeat. A host without a second engine hears nothing."""
    with database.reading() as session:
        found = _wanted(session, recording_id)
        if found is None:
            return
        sid, language = found.recording.recording_sid, found.language
        phrases = expected_words.of_recording(session, recording_id)
    try:
        sound = read_wav(audio_store.load(sid))
        if sound.seconds > _LONGEST:
            return
        result = engines.transcribe_again(sound, language, phrases)
    except (NoModel, ValueError):
        return
    raised = raised_words.of(language, result)
    with database.writing() as session:
        found = _wanted(session, recording_id)
        if found is not None and found.language == language:
            _note(found, language, result)
            task = found.recording.message.task
            if task is not None and task.state != TaskState.CLOSED:
                search_index.add_text(session, task.id, result.text)
                raised_words.apply(session, task.id, raised, utc_now())


def _wanted(session: Session, recording_id: int) -> Transcript | None:
    """The transcript of a message that no second engine has heard, and that has words."""
    found = usable_transcripts.of_recording(session, recording_id)
    return found if found is not None and found.second is None and found.words else None


def _note(transcript: Transcript, language: str, result: TranscriptionResult) -> None:
    transcript.second = {
        "text": result.text, "words": result.words, "confidence": result.confidence, "engine": result.engine,
    }  # fmt: skip
    agreement = word_agreement.compare(language, transcript.words or (), result.words)
    if transcript.state == TranscriptState.DONE and agreement.is_low:
        transcript.state, transcript.reason = TranscriptState.PLEASE_LISTEN, TranscriptReason.ENGINES_DIFFER
