"""Say, Play, Pause and Gather: prompts, and the keys that callers press at them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from ivr.audio.synthesis import speak
from ivr.audio.wav import Sound
from ivr.local_carrier.lines import Utterance
from ivr.local_carrier.twiml_parser import Verb
from ivr.local_carrier.verbs.base import Request, action_url
from ivr.local_carrier.webhooks import WebhookFailed

if TYPE_CHECKING:
    from ivr.local_carrier.twiml_executor import Execution


def say(execution: Execution, url: str, verb: Verb) -> None:
    """Speak a text. Keys do not interrupt it."""
    _play(execution, url, verb, interruptible=False)


def play(execution: Execution, url: str, verb: Verb) -> None:
    """Play a sound. Keys do not interrupt it. If it cannot be fetched, the next verb follows."""
    _play(execution, url, verb, interruptible=False)


def pause(execution: Execution, _url: str, verb: Verb) -> None:
    """Be silent for some seconds."""
    execution.line.wait(verb.number("length", 1))


def gather(execution: Execution, url: str, verb: Verb) -> Request | None:
    """Play the nested prompts, and collect keys: those that are pressed from its beginning on."""
    # Carrier: keys pressed "before the <Gather> has actually begun" are lost.
    execution.line.drop_keys()
    # Carrier: "After the first digit is received the audio will stop playing."
    for child in verb.children:
        if child.name == "Pause":
            pause(execution, url, child)
        elif _play(execution, url, child, interruptible=True):
            break
    entry = execution.line.keys(
        verb.number("numDigits", 1_000_000), verb.attributes.get("finishOnKey", "#"), verb.number("timeout", 5)
    )
    # Carrier: without digits the next verb follows, unless actionOnEmptyResult asks for the action.
    if entry.digits or verb.attributes.get("actionOnEmptyResult") == "true":
        return Request(action_url(url, verb), {"Digits": entry.digits, "FinishedOnKey": entry.finished_on})
    return None


def _play(execution: Execution, url: str, verb: Verb, *, interruptible: bool) -> bool:
    """Play a prompt. Returns True if the caller interrupted it with a key."""
    if verb.name == "Say":
        language = execution.carrier.dialect.voices[verb.attributes["voice"]]
        utterance = Utterance(verb.text, language, partial(speak, verb.text, language))
    else:
        try:
            media = execution.carrier.webhooks.get_media(urljoin(url, verb.text))
        except WebhookFailed as error:
            execution.report.errors.append(f"<Play>: {error}")
            return False
        utterance = Utterance(media.text, media.language, partial(_same, media.sound))
    return execution.line.hear(utterance, interruptible=interruptible)


def _same(sound: Sound) -> Sound:
    return sound
