"""What goes in and out of a flow, in words no carrier owns: the state, inputs, verbs and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Event:
    """Something the house has to know; it says all of it, so that it can be told again later.

    Names: `recording_begins` (consent given, the tone comes), `message_left`, `callback_asked`, `number_given`.
    """

    name: str
    take: int = 0
    recording_sid: str = ""
    seconds: float = 0.0
    number: str = ""


@dataclass(frozen=True)
class State:
    """Where a call stands. It travels with the call (sealed in the URL the carrier calls next), so a call
    goes on even when the database does not answer."""

    step: str
    language: str
    #: Times the present step has already been asked in vain.
    tries: int = 0
    #: Answers given in the whole call.
    answers: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)
    #: Events the house could not take in yet; they travel along until it can.
    owed: tuple[Event, ...] = ()

    def knowing(self, **facts: str) -> State:
        """The same state with further facts."""
        return replace(self, facts={**self.facts, **facts})

    @property
    def take(self) -> int:
        """Number of the present recording, 0 before the first."""
        return int(self.facts.get("take", "0"))


# -- inputs ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Keys:
    """Keys pressed; none is silence."""

    digits: str = ""


@dataclass(frozen=True)
class Recorded:
    """The end of a recording; zero seconds when nothing was said."""

    recording_sid: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Dialled:
    """The end of a connection to a team."""

    answered: bool


@dataclass(frozen=True)
class Resumed:
    """Nothing happened but time."""


Input = Keys | Recorded | Dialled | Resumed

# -- verbs ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A prompt to speak; in the caller's language unless it names one. `values` fill its placeholders."""

    prompt: str
    language: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Speak:
    """Speak lines to their end."""

    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Listen:
    """Speak lines while listening for keys; more than one key is ended by the hash key."""

    lines: tuple[Line, ...]
    max_digits: int
    timeout: int


@dataclass(frozen=True)
class RecordSpeech:
    """Sound a tone and record until silence, a key or the longest duration."""

    silence: int


@dataclass(frozen=True)
class PlayTake:
    """Play the caller's last take."""


@dataclass(frozen=True)
class Wait:
    """Stay silent for some seconds, then come back (the input is :class:`Resumed`)."""

    seconds: int


@dataclass(frozen=True)
class Connect:
    """Connect the caller to a number."""

    number: str


@dataclass(frozen=True)
class HangUp:
    """Close the line."""


Verb = Speak | Listen | RecordSpeech | PlayTake | Wait | Connect | HangUp


@dataclass(frozen=True)
class Turn:
    """What follows an input: the new state, what the house must know, what the caller hears."""

    state: State
    events: tuple[Event, ...]
    verbs: tuple[Verb, ...]
