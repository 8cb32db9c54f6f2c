"""Say, Play and Pause: what a caller hears."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from urllib.parse import urljoin

from ivr.audio.synthesis import speak
from ivr.audio.wav import Sound
from ivr.local_carrier.lines import Utterance
from ivr.local_carrier.verbs.base import CallVerb
from ivr.local_carrier.webhooks import WebhookFailed


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
        utterance = Utterance(self.verb.text, language, partial(speak, self.verb.text, language))
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


def _same(sound: Sound) -> Sound:
    return sound
