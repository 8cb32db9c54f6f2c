"""Say, Play and Pause: what a caller hears."""

from __future__ import annotations

import logging
import subprocess
from abc import abstractmethod
from functools import lru_cache, partial
from urllib.parse import urljoin

from ivr.audio import piper, synthesis
from ivr.audio.wav import Sound, at_telephone_rate
from ivr.config.settings import settings
from ivr.local_carrier.lines import Utterance
from ivr.local_carrier.verbs.base import CallVerb
from ivr.local_carrier.webhooks import WebhookFailed

log = logging.getLogger(__name__)
#: The carriers' tags of languages whose voices have other names here.
_NAMES = {"arb": "ar"}


class Prompt(CallVerb):
    """Something that is heard. Keys interrupt it only inside a Gather."""

    def execute(self) -> None:
        """Play it to its end."""
        self.is_interrupted(interruptible=False)

    @abstractmethod
    def is_interrupted(self, *, interruptible: bool) -> bool:
        """Play it. Returns True if the caller interrupted it with a key."""


class Say(Prompt):
    """Speaks a text."""

    RULES = ("voice", "keys")

    def is_interrupted(self, *, interruptible: bool) -> bool:
        """Speak the text."""
        language = self.execution.carrier.dialect.voices[self.verb.attributes["voice"]]
        utterance = Utterance(self.verb.text, language, partial(_spoken, self.verb.text, language))
        return self.execution.line.hear(utterance, interruptible=interruptible)


class Play(Prompt):
    """Plays a sound, or the tones of keys."""

    RULES = ("unreachable file", "digits")

    def is_interrupted(self, *, interruptible: bool) -> bool:
        """Play the sound. If it cannot be fetched, the next verb follows."""
        if digits := self.verb.attributes.get("digits"):
            self.execution.line.sends(digits)
            return False
        try:
            media = self.execution.carrier.webhooks.get_media(urljoin(self.url, self.verb.text))
        except WebhookFailed as error:
            self.execution.report.errors.append(f"<Play>: {error}")
            return False
        utterance = Utterance(media.text, media.language, partial(_same, media.sound))
        return self.execution.line.hear(utterance, interruptible=interruptible)


class Pause(Prompt):
    """Is silent for some seconds."""

    RULES = ("length",)

    def is_interrupted(self, *, interruptible: bool) -> bool:
        """Wait; keys do not shorten it."""
        self.execution.line.wait(self.verb.number("length", 1))
        return False


@lru_cache(maxsize=512)
def _spoken(text: str, language: str) -> Sound:
    """A text in the voice of Piper, where one is installed for the language; else in the one that is built in."""
    code = language.partition("-")[0]
    if voice := piper.voice_of(_NAMES.get(code, code), settings().piper_voice_dir):
        try:
            return at_telephone_rate(piper.speak(text, voice))
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            log.error("Piper could not speak: %s", type(error).__name__)
    return synthesis.speak(text, language)


def _same(sound: Sound) -> Sound:
    return sound
