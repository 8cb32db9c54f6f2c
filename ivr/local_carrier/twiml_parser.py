"""Parses TwiML strictly: whatever the carrier does not support raises an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from ivr.domain.digits import is_digits

#: Carrier: a document may have 64 kB.
MAX_BYTES = 64 * 1024

_CALLBACK = ("recordingStatusCallback", "recordingStatusCallbackMethod", "recordingStatusCallbackEvent")
_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "Say": ("voice", "language", "loop"),
    "Play": ("loop", "digits"),
    "Pause": ("length",),
    "Gather": (
        "action", "method", "input", "numDigits", "finishOnKey", "timeout", "actionOnEmptyResult",
    ),
    "Record": ("action", "method", "maxLength", "timeout", "finishOnKey", "playBeep", "trim", *_CALLBACK),
    "Dial": ("action", "method", "timeout", "timeLimit", "callerId", "hangupOnStar"),
    "Number": (),
    "Client": (),
    "Conference": (
        "muted", "startConferenceOnEnter", "endConferenceOnExit", "beep", "waitUrl", "waitMethod", "participantLabel",
        "statusCallback", "statusCallbackMethod", "statusCallbackEvent",
    ),
    "Enqueue": ("action", "method", "waitUrl", "waitUrlMethod"),
    "Leave": (),
    "Redirect": ("method",),
    "Hangup": (),
    "Reject": ("reason",),
}  # fmt: skip
_CHILDREN: Mapping[str, tuple[str, ...]] = {
    "Gather": ("Say", "Play", "Pause"),
    "Dial": ("Number", "Conference", "Client"),
}
#: Verbs that are allowed only inside another verb.
_NESTED = ("Number", "Conference", "Client")
#: Carrier: "the wait URL can use Play, Say, Pause, Hangup, Redirect, Leave and Gather".
WAIT_VERBS = ("Play", "Say", "Pause", "Hangup", "Redirect", "Leave", "Gather")
_CONFERENCE_EVENTS = ("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")
_NUMBERS = ("length", "numDigits", "timeout", "maxLength", "timeLimit", "loop")
_VALUES: Mapping[str, tuple[str, ...]] = {
    "method": ("POST", "GET"),
    "recordingStatusCallbackMethod": ("POST", "GET"),
    "input": ("dtmf",),
    "playBeep": ("true", "false"),
    "actionOnEmptyResult": ("true", "false"),
    "hangupOnStar": ("true", "false"),
    "waitUrlMethod": ("POST", "GET"),
    "waitMethod": ("POST", "GET"),
    "statusCallbackMethod": ("POST", "GET"),
    "muted": ("true", "false"),
    "startConferenceOnEnter": ("true", "false"),
    "endConferenceOnExit": ("true", "false"),
    "beep": ("true", "false", "onEnter", "onExit"),
    "trim": ("trim-silence", "do-not-trim"),
    "reason": ("rejected", "busy"),
}

#: The voices of the local carrier and the language of each. Any other pair is an error.
VOICE_LANGUAGES: Mapping[str, str] = {
    "Polly.Vicki": "de-DE",
    "Polly.Marlene": "de-DE",
    "Polly.Amy": "en-GB",
    "Polly.Joanna": "en-US",
    "Polly.Filiz": "tr-TR",
    "Polly.Zeina": "arb",
    "Polly.Tatyana": "ru-RU",
    "Google.uk-UA-Standard-A": "uk-UA",
    "Polly.Ewa": "pl-PL",
    "Google.bg-BG-Standard-A": "bg-BG",
    "Polly.Carmen": "ro-RO",
    "Polly.Lea": "fr-FR",
    "Polly.Seoyeon": "ko-KR",
}


class DocumentError(Exception):
    """The document cannot be executed. `code` is the carrier's error number."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Verb:
    """One verb: its name, attributes, text and nested verbs."""

    name: str
    attributes: Mapping[str, str]
    text: str
    children: tuple[Verb, ...]

    def number(self, attribute: str, default: int) -> int:
        """A numeric attribute."""
        return int(self.attributes.get(attribute, default))


def parse(document: bytes, voices: Mapping[str, str] = VOICE_LANGUAGES) -> tuple[Verb, ...]:
    """Parse a document of at most 64 kB into its verbs. `voices`: the language of each that is known.

    Raises:
        DocumentError: 12100 for broken XML, 12200 for what the carrier's schema does not know.
    """
    if len(document) > MAX_BYTES:
        raise DocumentError(11750, f"{len(document)} bytes, the carrier takes {MAX_BYTES}")
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 - our own web process, on this machine
    except ElementTree.ParseError as error:
        raise DocumentError(12100, f"not XML: {error}") from error
    if root.tag != "Response":
        raise DocumentError(12102, f"<{root.tag}> instead of <Response>")
    allowed = tuple(name for name in _ATTRIBUTES if name not in _NESTED)
    return tuple(_verb(element, allowed, voices) for element in root)


def _verb(element: ElementTree.Element, allowed: tuple[str, ...], voices: Mapping[str, str]) -> Verb:
    name = element.tag
    if name not in allowed:
        raise DocumentError(12200, f"<{name}> is not known here")
    for attribute, value in element.attrib.items():
        if attribute not in _ATTRIBUTES[name]:
            raise DocumentError(12200, f"<{name}> has no attribute {attribute!r}")
        if attribute in _NUMBERS and not is_digits(value):
            raise DocumentError(12200, f"<{name} {attribute}={value!r}> is not a number")
        if attribute in _VALUES and value not in _VALUES[attribute]:
            raise DocumentError(12200, f"<{name} {attribute}={value!r}> is not one of {_VALUES[attribute]}")
        if attribute == "digits" and not set(value) <= set("0123456789*#w"):
            raise DocumentError(12200, f"<{name} digits={value!r}>")
        if attribute == "finishOnKey" and not set(value) <= set("0123456789*#"):
            raise DocumentError(12200, f"<{name} finishOnKey={value!r}>")
        if attribute == "recordingStatusCallbackEvent" and not set(value.split()) <= {
            "in-progress",
            "completed",
            "absent",
        }:
            raise DocumentError(12200, f"<{name} {attribute}={value!r}>")
        if attribute == "statusCallbackEvent" and not set(value.split()) <= set(_CONFERENCE_EVENTS):
            raise DocumentError(12200, f"<{name} {attribute}={value!r}>")
    text = (element.text or "").strip()
    if name == "Say":
        voice, language = element.get("voice", ""), element.get("language", "")
        if voices.get(voice) != language:
            raise DocumentError(13520, f"voice {voice!r} does not speak {language!r}")
    if name in ("Say", "Play", "Redirect", "Enqueue", *_NESTED) and not (text or element.get("digits")):
        raise DocumentError(12200, f"<{name}> is empty")
    children = tuple(_verb(child, _CHILDREN.get(name, ()), voices) for child in element)
    return Verb(name, dict(element.attrib), text, children)
