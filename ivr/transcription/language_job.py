"""Job: checks which language a message is spoken in, after its transcript is stored; at lower priority than any other.

Where it certainly differs from the chosen one, the task says so, and the message is transcribed in it as well, where
this host can. Nothing is changed: a member decides.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ivr.audio.wav import Sound, read_wav
from ivr.callbacks import search_index
from ivr.config.settings import settings
from ivr.domain.enums import TaskState, WorkKind
from ivr.domain.timestamps import utc_now
from ivr.models.voicebox import Transcript
from ivr.platform import database, outbox
from ivr.transcription import engines, language_check, raised_words, usable_transcripts
from ivr.transcription.result import NoModel, TranscriptionResult
from ivr.voicebox import audio_store

#: Seconds of a message that are transcribed again at most.
_LONGEST = 600.0


def plan(session: Session, recording_id: int) -> None:
    """Plan the check of a message, if this installation checks languages."""
    if settings().check_spoken_language:
        outbox.add(session, WorkKind.CHECK_LANGUAGE, recording_id)


def check(recording_id: int) -> None:
    """Check the language of a message. Safe to repeat.

    A host without the model, and audio that cannot be read, lead to no check.
    """
    with database.reading() as session:
        transcript = _checkable(session, recording_id)
        if transcript is None:
            return
        sid, chosen = transcript.recording.recording_sid, transcript.language
    try:
        sound = read_wav(audio_store.load(sid))
        guess = language_check.spoken(sound)
    except (NoModel, ValueError):
        return
    differs = guess.contradicts(chosen)
    heard = _in(guess.language, sound) if differs else None
    with database.writing() as session:
        _note(session, recording_id, guess, heard, utc_now())


def _checkable(session: Session, recording_id: int) -> Transcript | None:
    """The transcript of a message whose language is to be checked."""
    found = usable_transcripts.of_recording(session, recording_id)
    return found if found is not None and found.spoken is None else None


def _in(language: str, sound: Sound) -> TranscriptionResult | None:
    """The transcript of a message in another language; None where no engine has a model of it."""
    if sound.seconds > _LONGEST or language not in engines.served_languages():
        return None
    try:
        return engines.transcribe(sound, language)
    except NoModel:
        return None


def _note(
    session: Session, recording_id: int, guess: language_check.Guess, heard: TranscriptionResult | None, now: datetime
) -> None:
    transcript = _checkable(session, recording_id)
    if transcript is None:
        return
    differs = guess.contradicts(transcript.language)
    noted: dict[str, Any] = {"language": guess.language, "sure": guess.sure, "differs": differs}
    if heard is not None and heard.words:
        noted |= {"text": heard.text, "words": heard.words, "confidence": heard.confidence, "engine": heard.engine}
    transcript.spoken = noted
    task = transcript.recording.message.task
    if not differs or task is None or task.state == TaskState.CLOSED:
        return
    task.spoken_language = guess.language
    session.flush()
    if heard is not None and heard.words:
        search_index.add_text(session, task.id, heard.text)
        raised_words.apply(session, task.id, raised_words.of(guess.language, heard), now)
