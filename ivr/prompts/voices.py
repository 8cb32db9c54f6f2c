"""Who speaks what is not recorded in a language: a voice of the carrier, Piper on this machine, or the built-in one.

Without a carrier the exchange speaks. What it says is made here, as prompts are that no carrier has a voice for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ivr.audio import piper
from ivr.config.settings import settings
from ivr.prompts import parts, recordings
from ivr.prompts.catalogue import catalogue
from ivr.prompts.script import offered_languages

#: What mends the built-in voice.
REMEDY = (
    "Install the command `piper` and a voice of the language (PIPER_VOICE_DIR/<language>.onnx) on every host, and "
    "restart; or record the prompts in the studio."
)


@dataclass(frozen=True)
class Voice:
    """A voice: whose it is, and its name."""

    kind: Literal["carrier", "piper", "built-in"]
    name: str


@dataclass(frozen=True)
class Spoken:
    """How a language is spoken: the voice, and how many of the parts of its texts are recorded."""

    language: str
    voice: Voice
    parts: int
    recorded: int

    @property
    def sounds_synthetic(self) -> bool:
        """Whether callers hear the built-in voice, which is hard to understand, in more than numbers and dates."""
        return self.voice.kind == "built-in" and self.recorded < self.parts


def voice_of(language: str) -> Voice:
    """The voice of what is not recorded."""
    configured = settings()
    of_carrier = configured.carrier_voice(language)
    if of_carrier is not None and configured.has_carrier:
        return Voice("carrier", of_carrier[1])
    model = piper.voice_of(language, configured.piper_voice_dir)
    return Voice("built-in", "espeak-ng") if model is None else Voice("piper", model.resolve().stem)


def spoken_in(language: str) -> Spoken:
    """How a language that has texts is spoken."""
    names = {part.name for part in parts.texts_of(catalogue(language))}
    return Spoken(language, voice_of(language), len(names), len(names & recordings.in_use(language).keys()))


def synthetic() -> Sequence[Spoken]:
    """The languages that are offered to callers and spoken by the built-in voice."""
    return [one for one in map(spoken_in, offered_languages()) if one.sounds_synthetic]
