"""Chooses the engine for a language: Vosk if it has a model, else Whisper if it is configured."""

from __future__ import annotations

from ivr.audio.wav import Sound
from ivr.config.settings import settings
from ivr.transcription import whisper_engine
from ivr.transcription.result import NoModel, TranscriptionResult
from ivr.transcription.vosk_engine import installed_languages, recognition


def served_languages() -> tuple[str, ...]:
    """The languages that this host transcribes: those of its pool with a model."""
    configured = settings()
    wanted = configured.pool_languages
    served = [*installed_languages(), *filter(whisper_engine.serves, configured.whisper_languages)]
    return tuple(sorted(language for language in dict.fromkeys(served) if wanted is None or language in wanted))


def transcribe(sound: Sound, language: str) -> TranscriptionResult:
    """Transcribe speech in a language.

    Raises:
        NoModel: no engine on this host has a model of the language.
    """
    if language in installed_languages():
        return recognition.transcribe(sound, language)
    if whisper_engine.serves(language):
        return whisper_engine.transcribe(sound, language)
    raise NoModel(language)
