"""Texts of the authority in one language: how long they last, and the audio of those the carrier cannot speak."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ivr.audio.synthesis import speak
from ivr.audio.wav import at_telephone_rate, write_wav
from ivr.config.settings import settings
from ivr.domain.enums import NoticeProblem
from ivr.models.notices import Spoken
from ivr.notices.unusable import Unusable
from ivr.prompts import rendering

#: Characters that no document for the carrier (XML) can hold.
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Made:
    """A text that can be spoken. `audio` is a WAV file; None: the carrier's voice speaks the text."""

    text: str
    seconds: float
    audio: bytes | None = None
    recorded: bool = False


def made(text: str, language: str, longest: float, recording: bytes = b"") -> Made:
    """A text, checked and, where it is played, rendered. A recording is played in place of a voice.

    Raises:
        Unusable: `empty`, `seconds` (it lasts longer than `longest`), or `audio`: the recording cannot be used.
    """
    words = " ".join(_UNSPEAKABLE.sub(" ", text).split())
    if not words or not (recording or any(map(str.isalnum, words))):  # signs alone are nothing that can be said
        raise Unusable(NoticeProblem.EMPTY)
    if recording:
        try:
            sound = rendering.usable_recording(recording, longest)
        except rendering.Unusable as unusable:
            if unusable.reason == "length" and float(unusable.detail) > longest:
                raise Unusable(NoticeProblem.SECONDS, _too_long(unusable.detail, longest)) from None
            raise Unusable(NoticeProblem.AUDIO) from None
        return Made(words, sound.seconds, write_wav(sound), recorded=True)
    spoken = speak(words, language)
    if spoken.seconds > longest:
        raise Unusable(NoticeProblem.SECONDS, _too_long(f"{spoken.seconds:.0f}", longest))
    if settings().carrier_voice(language) is not None:
        return Made(words, spoken.seconds)
    return Made(words, spoken.seconds, write_wav(rendering.normalised(at_telephone_rate(spoken))))


def put(row: Spoken, ready: Made) -> None:
    """Let a row say a text."""
    row.text, row.seconds, row.audio, row.recorded = ready.text, ready.seconds, ready.audio, ready.recorded


def how_made(row: Spoken) -> str:
    """How a row came to its text, as the access log says it."""
    return "recorded" if row.recorded else "written"


def _too_long(seconds: str, longest: float) -> str:
    return f"{seconds} s (≤ {longest:.0f} s)"
