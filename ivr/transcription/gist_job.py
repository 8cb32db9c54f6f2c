"""Job: renders the gist of a message into English and German, for languages that the operator names.

It follows the transcript. English is made of the sound, German of the transcript, or else of the English.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from ivr.audio.wav import read_wav
from ivr.config.settings import settings
from ivr.domain.enums import TranscriptState, WorkKind
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.models.voicebox import Transcript
from ivr.platform import database, outbox
from ivr.transcription import gist, gist_agreement, translation, usable_transcripts
from ivr.transcription.gist import Gist
from ivr.transcription.result import NoModel
from ivr.transcription.translation import Translated
from ivr.voicebox import audio_store


def plan(session: Session, recording_id: int, language: str) -> None:
    """Plan the gist of a message, if the operator wants it for this language."""
    if language in settings().gist_languages:
        outbox.add(session, WorkKind.RENDER_GIST, recording_id)


def render(recording_id: int) -> None:
    """Render the gist of a message. Safe to repeat. A host without models and packages renders nothing."""
    with database.reading() as session:
        found = _wanted(session, recording_id)
        if found is None:
            return
        sid, language = found.recording.recording_sid, found.language
        words = (found.words or []) if found.state == TranscriptState.DONE else []
    english = _english(sid, language, _text(words))
    german = _german(language, words, english)
    made: dict[str, Any] = {}
    if english is not None:
        made = {"language": "en", "text": english.text, "engine": english.engine}
    if german is not None:
        made["german"] = {"text": german.text, "engine": german.engine}
    if not made:
        return
    with database.writing() as session:
        found = _wanted(session, recording_id)
        if found is not None and found.language == language:
            found.gist = made


def _english(sid: str, language: str, said: str) -> Gist | None:
    try:
        return gist.english(read_wav(audio_store.load(sid)), language, said)
    except (NoModel, ValueError):
        return None


def _german(language: str, words: list[dict[str, Any]], english: Gist | None) -> Translated | None:
    """The German rendering; None where no package leads there, or there is nothing to translate.

    Words that a person must listen to are not translated: their errors would read well.
    """
    if words and (way := translation.route(language, DEFAULT_LANGUAGE)):
        return _agreeing(language, _text(words), translation.translate(translation.parts(words), way))
    if english is not None and english.text and (way := translation.route("en", DEFAULT_LANGUAGE)):
        made = _agreeing("en", english.text, translation.translate([english.text], way))
        return Translated(made.text, f"{english.engine}, {made.engine}")
    return None


def _agreeing(language: str, said: str, made: Translated) -> Translated:
    """A translation, refused where it says something else than what was translated."""
    differs = made.text and gist_agreement.differences(language, said, made.text, DEFAULT_LANGUAGE)
    return Translated(None, made.engine) if differs else made


def _text(words: list[dict[str, Any]]) -> str:
    return " ".join(str(word["word"]).strip() for word in words)


def _wanted(session: Session, recording_id: int) -> Transcript | None:
    """The transcript of a message without a gist that may be used."""
    found = usable_transcripts.of_recording(session, recording_id)
    return found if found is not None and found.gist is None else None
