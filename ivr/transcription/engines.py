"""Chooses the engines of a language: the operator names their order, and whether two of them listen."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.audio.wav import Sound
from ivr.config.settings import settings
from ivr.transcription import vosk_engine, whisper_engine
from ivr.transcription.result import NoModel, TranscriptionResult
from ivr.transcription.vosk_engine import installed_languages, recognition


def served_languages() -> tuple[str, ...]:
    """The languages that this host transcribes: those of its pool with a model."""
    configured = settings()
    wanted = configured.pool_languages
    known = dict.fromkeys((*installed_languages(), *configured.whisper_languages, *configured.transcription_engines))
    return tuple(sorted(language for language in known if (wanted is None or language in wanted) and at_hand(language)))


def at_hand(language: str) -> tuple[str, ...]:
    """The engines that have a model of a language on this host, in the operator's order."""
    return tuple(name for name in settings().engine_order(language) if _serves(name, language))


def _serves(engine: str, language: str) -> bool:
    return vosk_engine.serves(language) if engine == "vosk" else whisper_engine.serves(language)


def transcribe(sound: Sound, language: str, phrases: Sequence[str] = ()) -> TranscriptionResult:
    """Transcribe speech in a language by its first engine. `phrases` are words to expect, for engines that take them.

    Raises:
        NoModel: no engine on this host has a model of the language.
    """
    return _transcribed(sound, language, at_hand(language)[:1], phrases)


def transcribe_again(sound: Sound, language: str, phrases: Sequence[str] = ()) -> TranscriptionResult:
    """Transcribe speech by the second engine of a language.

    Raises:
        NoModel: no second engine on this host has a model of the language.
    """
    return _transcribed(sound, language, at_hand(language)[1:2], phrases)


def _transcribed(sound: Sound, language: str, engine: Sequence[str], phrases: Sequence[str]) -> TranscriptionResult:
    if not engine:
        raise NoModel(language)
    if engine[0] == "vosk":
        return recognition.transcribe(sound, language)
    return whisper_engine.transcribe(sound, language, phrases=phrases)
