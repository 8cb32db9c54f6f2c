"""What goes in and out of a flow, in words no carrier owns: inputs, verbs, answers to its questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ivr.domain.enums import RequestStatus, SpokenWords
from ivr.flows.request import CallerRequest
from ivr.flows.state import CallState, Event

#: What is said where an answer may be spoken.
SPOKEN_ANSWER_PROMPTS = frozenset(
    {
        "speak_instead", "say_yes_or_no", "say_the_number", "understood_number", "understood_yes", "understood_no",
        "word_not_understood",
    }
)  # fmt: skip

# -- inputs ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Keys:
    """Keys pressed; none is silence. An entry that was ended with nothing in it is a single `#`."""

    digits: str = ""
    #: Pressed during what is said before a question or a tone that has to be heard first (:class:`Speak`).
    early: bool = False


@dataclass(frozen=True)
class Spoken:
    """The key that a spoken word stands for; empty where no word was understood."""

    key: str = ""


@dataclass(frozen=True)
class Recorded:
    """The end of a recording; zero seconds when nothing was said."""

    recording_sid: str = ""
    seconds: float = 0.0
    #: It ended because the time for one recording was over; the caller may have had more to say.
    cut_at_limit: bool = False


@dataclass(frozen=True)
class LeftQueue:
    """The caller no longer waits in the call queue.

    `reason`: a value of :class:`ivr.domain.enums.QueueExit`, or something the carrier says that is not known here.
    """

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
    """In a conversation: no interpreter is available."""


@dataclass(frozen=True)
class Resumed:
    """Input of a request without keys, recording or queue result."""


Input = Keys | Spoken | Recorded | LeftQueue | Bridged | TalkEnded | NoInterpreter | Resumed

# -- answers --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StatusAnswer:
    """What became of the request of a receipt code, and what the call is about from now on."""

    status: RequestStatus
    request: CallerRequest


# -- verbs ----------------------------------------------------------------------------------------


#: A prompt's name, its language and its values.
Said = tuple[str, str | None, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class PromptLine:
    """A prompt to speak; in the caller's language unless it names one. `values` fill its placeholders."""

    prompt: str
    language: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def said(self) -> Said:
        """All of it, to look up by. Most lines are made once, with the call script."""
        return self.prompt, self.language, tuple(self.values.items())


@dataclass(frozen=True)
class Speak:
    """Speak prompts to their end, or until a key is pressed (`skippable`: the input is then an early key)."""

    lines: tuple[PromptLine, ...]
    skippable: bool = False


@dataclass(frozen=True)
class Words:
    """Words that may be said in place of `keys`."""

    kind: SpokenWords
    keys: tuple[str, ...]
    #: Id of the row that awaits the recording; 0 before there is one.
    answer_id: int = 0


@dataclass(frozen=True)
class Listen:
    """Speak prompts while listening for keys (`timeout` seconds); more than one is ended by the hash key.

    With `words` a tone follows, and the answer may be said (the input is then :class:`Spoken`).
    """

    lines: tuple[PromptLine, ...]
    max_digits: int
    timeout: int
    words: Words | None = None


@dataclass(frozen=True)
class RecordSpeech:
    """Sound a tone and record until silence (seconds), a key or the longest duration."""

    silence: int


@dataclass(frozen=True)
class PlayRecording:
    """Play the caller's last message, all its parts."""


@dataclass(frozen=True)
class Wait:
    """Stay silent for some seconds, then come back (the input is :class:`Resumed`)."""

    seconds: int


@dataclass(frozen=True)
class JoinQueue:
    """Wait in the responsible team's call queue."""


@dataclass(frozen=True)
class JoinRoom:
    """Talk with those in a conference room."""

    room: str


@dataclass(frozen=True)
class HangUp:
    """End the call."""


Verb = Speak | Listen | RecordSpeech | PlayRecording | Wait | JoinQueue | JoinRoom | HangUp


@dataclass(frozen=True)
class Turn:
    """What follows an input: the new state, what must be written down, what the caller hears."""

    state: CallState
    events: tuple[Event, ...]
    verbs: tuple[Verb, ...]
