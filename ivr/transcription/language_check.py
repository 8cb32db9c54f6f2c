"""Tells which language is spoken in a message, by the multilingual model of the second engine.

    guess = spoken(sound)
    guess.contradicts("de")     # somebody who has pressed German speaks another language, for certain

A language that the model does not know (Kurmanji) is never contradicted: it hears another one in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ivr.audio.wav import Sound, at_rate
from ivr.domain.languages import LANGUAGES, UNKNOWN_LANGUAGE
from ivr.transcription import whisper_engine
from ivr.transcription.speech_detector import SpeechDetector

#: Whisper's sample rate in Hz, and the seconds of speech that it listens to.
_RATE, _LISTENED = 16000, 30
#: Seconds of speech below which nothing is said about the language.
_SHORTEST = 3.0
#: How sure the model has to be; and of a language that it confuses with the chosen one.
_SURE, _VERY_SURE = 0.8, 0.95
_CONFUSED = (frozenset(("ru", "uk", "bg", "be")), frozenset(("fa", "ar", "ur", "ps")), frozenset(("tr", "az")))
#: Languages of the hotline that the model was not trained on.
_UNKNOWN = frozenset(("kmr",))


@dataclass(frozen=True)
class Guess:
    """The language of a message (ISO 639), how sure that is (0 to 1), and how many seconds were spoken."""

    language: str
    sure: float
    seconds: float

    def contradicts(self, chosen: str) -> bool:
        """Whether somebody who has chosen a language, or none of those offered, certainly speaks this one."""
        offered = (*LANGUAGES, UNKNOWN_LANGUAGE)
        if chosen in _UNKNOWN or chosen not in offered or chosen == self.language:
            return False
        # Who has chosen none may well speak one that the model does not know.
        near = chosen == UNKNOWN_LANGUAGE or any({chosen, self.language} <= group for group in _CONFUSED)
        return self.seconds >= _SHORTEST and self.sure >= (_VERY_SURE if near else _SURE)


def spoken(sound: Sound) -> Guess:
    """The language that is spoken in a recording.

    Raises:
        NoModel: the model, or the package that runs it, is not there.
    """
    speech = SpeechDetector(sound).speech()
    seconds = speech.seconds
    if seconds < _SHORTEST:
        return Guess("", 0.0, seconds)
    samples = at_rate(speech, _RATE).samples[: _LISTENED * _RATE].astype(np.float32) / 32768
    language, sure, _ = whisper_engine.model().detect_language(samples)
    return Guess(str(language), round(float(sure), 3), seconds)
