"""What goes in and out of a flow, in words no carrier owns: the state, inputs, verbs and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Event:
    """Something the house has to know; it says all of it, so that it can be told again later.

    Names: `language_chosen`, `recording_begins` (consent given, the tone comes), `message_left`, `asked` (for a
    callback, forms or an appointment, by key), `number_given`, `changed`, `withdrawn`, `link_wanted`, `line_joined`,
    `place_kept` (a callback in the caller's turn), `interpreter_wanted` (a callback with one).
    """

    name: str
    take: int = 0
    recording_sid: str = ""
    seconds: float = 0.0
    number: str = ""
    #: The call's facts when it happened, where it has to be told later than that.
    about: Mapping[str, str] = field(default_factory=dict)


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
    #: The questions the hash key leads back to, the latest last, each with what the call was about then.
    trail: tuple[tuple[str, ...], ...] = ()
    #: Prompts that were spoken right before the present question: who wants it repeated hears them, too.
    told: tuple[str, ...] = ()
    #: The last entry had as many digits as it may have: a hash key behind it only ends it.
    full: bool = False

    def knowing(self, **facts: str) -> State:
        """The same state with further facts; an empty one is forgotten."""
        known = {**self.facts, **facts}
        return replace(self, facts={name: value for name, value in known.items() if value})

    @property
    def take(self) -> int:
        """Number of the present recording, 0 before the first."""
        return int(self.facts.get("take", "0"))


# -- inputs ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Keys:
    """Keys pressed; none is silence. An entry that was ended with nothing in it is a single `#`."""

    digits: str = ""


@dataclass(frozen=True)
class Recorded:
    """The end of a recording; zero seconds when nothing was said."""

    recording_sid: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class LeftLine:
    """The caller waits in the line no more: `callback`, `message` or `emergency` (they pressed a key), `closed`,
    `nobody` (is there any more), `full`, or something unexpected."""

    reason: str


@dataclass(frozen=True)
class Bridged:
    """A team member has accepted the caller and waits in a room."""

    room: str


@dataclass(frozen=True)
class TalkEnded:
    """The conversation in the room is over for the caller; `met`: they have spoken with a member."""

    met: bool = True


@dataclass(frozen=True)
class NoInterpreter:
    """In a conversation: nobody can be had who interprets."""


@dataclass(frozen=True)
class Resumed:
    """Nothing happened but time."""


Input = Keys | Recorded | LeftLine | Bridged | TalkEnded | NoInterpreter | Resumed

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
    """Speak lines while listening for keys (`timeout` seconds); more than one is ended by the hash key."""

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
class JoinLine:
    """Wait in the responsible team's line."""


@dataclass(frozen=True)
class JoinRoom:
    """Talk with those in a room."""

    room: str


@dataclass(frozen=True)
class HangUp:
    """Close the line."""


Verb = Speak | Listen | RecordSpeech | PlayTake | Wait | JoinLine | JoinRoom | HangUp


@dataclass(frozen=True)
class Turn:
    """What follows an input: the new state, what the house must know, what the caller hears."""

    state: State
    events: tuple[Event, ...]
    verbs: tuple[Verb, ...]
