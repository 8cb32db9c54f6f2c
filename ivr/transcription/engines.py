"""Which recogniser writes a language down: Vosk where it has a model, else the second engine where it is wanted."""

from __future__ import annotations

from ivr.audio.wav import Sound
from ivr.config.settings import settings
from ivr.transcription import whisper_engine
from ivr.transcription.result import Heard, NoModel
from ivr.transcription.vosk_engine import installed_languages, recognition


def served_languages() -> tuple[str, ...]:
    """Languages this host transcribes: those of its pool for which there is a model."""
    configured = settings()
    mine = configured.pool_languages
    served = [*installed_languages(), *filter(whisper_engine.serves, configured.whisper_languages)]
    return tuple(sorted(language for language in dict.fromkeys(served) if mine is None or language in mine))


def transcribe(sound: Sound, language: str) -> Heard:
    """Write down what is said.

    Raises:
        NoModel: no engine has a model of the language here.
    """
    if language in installed_languages():
        return recognition.transcribe(sound, language)
    if whisper_engine.serves(language):
        return whisper_engine.transcribe(sound, language)
    raise NoModel(language)
