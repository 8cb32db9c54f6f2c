"""The kinds of steps a flow is made of. They are data; what they mean is in :mod:`ivr.flows.engine`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr.domain.enums import CallEnding, EventName, RequestStatus, SpokenWords
from ivr.flows import prompt_promises
from ivr.flows.protocol import PromptLine
from ivr.flows.questions import Condition, Questions
from ivr.flows.state import CallState, check_slots

#: Seconds that a caller has for an answer, and how many times as many after each further silence.
USUAL_SECONDS = 5
PATIENCE = (1, 3, 5, 10)


@dataclass(frozen=True)
class Choice:
    """What a key leads to, and the slots of the call's state that choosing it sets.

    Raises:
        ValueError: there is no such slot, or the value does not fit it.
    """

    to: str
    language: str | None = None
    sets: Mapping[str, Any] = field(default_factory=dict)
    #: Slots that hold several values and get one more.
    adds: Mapping[str, str] = field(default_factory=dict)
    event: EventName | None = None
    #: `sets` counts only while this slot is empty.
    unless: str = ""

    def __post_init__(self) -> None:
        check_slots(self.sets)
        check_slots({name: (value,) for name, value in self.adds.items()})


@dataclass(frozen=True)
class Menu:
    """One key out of several, beside those that count anywhere (:attr:`Flow.anywhere`).

    Silence and wrong keys are answered by asking again until `attempts` are used up; then `otherwise`. A wrong key is
    announced at least once. `lines`, where given, are spoken instead of `prompt`, each in a language of its own.
    """

    prompt: str
    choices: Mapping[str, Choice]
    otherwise: str
    attempts: int = 3
    #: Seconds of silence that count as no answer. A menu with less than the usual time is passed by waiting.
    timeout: int = USUAL_SECONDS
    lines: tuple[PromptLine, ...] = ()
    #: What is added to the lines for a caller who has not chosen at the first presentation.
    lines_again: tuple[PromptLine, ...] = ()
    #: Slots that are set when nothing was chosen.
    otherwise_sets: Mapping[str, Any] = field(default_factory=dict)
    #: The language of what follows when nothing was chosen, where it is not the caller's.
    otherwise_language: str = ""
    #: Keys of the menu that follows, for callers who know them already. They are not announced here.
    ahead: Mapping[str, Choice] = field(default_factory=dict)
    #: A caller who does not answer goes straight on, as if it had not been asked.
    optional: bool = False
    #: A caller who waits hears more to choose from, in the step that `otherwise` names.
    continues: bool = False
    #: Keys that exist only where a condition holds. The line that says such a key has it as its value `key`.
    only_if: Mapping[str, Condition] = field(default_factory=dict)
    #: Keys that are said only where a further condition holds. Who has heard of one before that changed may press it.
    told_if: Mapping[str, Condition] = field(default_factory=dict)
    #: It is asked only while this holds; then a caller goes on as if nothing was chosen. A key that was told counts.
    asked_while: Condition | None = None
    second_key: bool = False  # its keys are the second of two: the same key twice means something
    #: Words that may be said in place of the keys, see :mod:`ivr.flows.spoken_answers`; None: keys only.
    spoken: SpokenWords | None = None

    def __post_init__(self) -> None:
        check_slots(self.otherwise_sets)

    def offers(self, key: str, state: CallState, questions: Questions) -> bool:
        """Whether a key exists in a call."""
        return key not in self.only_if or self.only_if[key](state, questions)

    def does_what_silence_does(self, key: str) -> bool:
        """Whether a key leads where a caller gets who does not answer."""
        choice = self.choices[key]
        return choice.to == self.otherwise and choice.sets == self.otherwise_sets

    def lines_for(self, state: CallState, questions: Questions) -> tuple[PromptLine, ...]:
        """What the menu says in a call: `lines` without those of keys that do not exist, or its prompt."""
        return self._lines_of_keys(state, questions) or (PromptLine(self.prompt),)

    def _lines_of_keys(self, state: CallState, questions: Questions) -> tuple[PromptLine, ...]:
        said = (*self.lines, *self.lines_again) if state.tries else self.lines
        if self.only_if:
            said = tuple(line for line in said if self._tells(line.values.get("key", ""), state, questions))
        return said

    def _tells(self, key: str, state: CallState, questions: Questions) -> bool:
        told = key not in self.told_if or self.told_if[key](state, questions)
        return told and self.offers(key, state, questions)

    def has_nothing_left(self, state: CallState, questions: Questions) -> bool:
        """Whether it is not to be asked (any more), or each of its lines is of a key that does not exist."""
        if self.asked_while and not self.asked_while(state, questions):
            return True
        return bool(self.lines and self.choices) and not self._lines_of_keys(state, questions)

    @property
    def passed_by_waiting(self) -> bool:
        """Whether silence is a usual answer: it tells nothing of how long the caller needs."""
        return self.optional or self.continues or self.timeout < USUAL_SECONDS


@dataclass(frozen=True)
class EnterDigits:
    """Several keys, ended by the hash key, read by `reads` into the slot `sets` (None: not usable).

    Where it may be left out (`optional`), the caller presses the hash key alone, or waits.
    """

    prompt: str
    reads: Callable[[str, Questions], str | None]
    sets: str
    to: str
    otherwise: str
    not_usable: str
    attempts: int = 3
    timeout: int = 8
    max_digits: int = 20
    optional: bool = False
    choices: Mapping[str, Choice] = field(default_factory=dict)  # of single keys, in place of what they mean anywhere
    event: EventName | None = None  # is noted when something usable was entered

    def __post_init__(self) -> None:
        check_slots({self.sets: ""})

    @property
    def passed_by_waiting(self) -> bool:
        """Whether silence is a usual answer."""
        return self.optional


@dataclass(frozen=True)
class Branch:
    """A condition that decides the way; asks the caller nothing."""

    on: Callable[[CallState, Questions], bool]
    yes: str
    no: str


@dataclass(frozen=True)
class Find:
    """Looks up the request whose receipt code the caller keyed in; the way depends on what became of it."""

    outcomes: Mapping[RequestStatus, str]


@dataclass(frozen=True)
class Announce:
    """Prompts, then on; with a question that follows they are one, so that a key counts for it. `event`: is noted."""

    prompts: tuple[str, ...]
    to: str
    event: EventName | None = None


@dataclass(frozen=True)
class Record:
    """A tone, then the caller's words. `otherwise` when nothing was said `attempts` times.

    `cut`, where given, when the time for one recording was over before the caller was.
    """

    prompt: str
    to: str
    otherwise: str
    attempts: int = 3
    cut: str = ""
    #: The words go on with those of the recording before; both are one message.
    continues: bool = False
    #: Seconds of silence that end the recording: people in need stop and think.
    silence: int = 7


@dataclass(frozen=True)
class PlayBack:
    """The caller's last recording, as soon as it is there; `otherwise` when it is not in time.

    It is looked for `attempts` times and once more, and each time they are asked for patience with `prompt`.
    """

    to: str
    otherwise: str
    prompt: str
    attempts: int = 3


@dataclass(frozen=True)
class WaitInQueue:
    """Waits in the responsible team's call queue until a member accepts (`bridged`).

    Else the way depends on why the caller left the queue (`ways`).
    """

    bridged: str
    ways: Mapping[str, str]
    otherwise: str


@dataclass(frozen=True)
class Talk:
    """Talks with a team member.

    `over` when that has ended, `no_interpreter` when no interpreter is available, `missed` when the member was gone
    before the caller came.
    """

    over: str
    no_interpreter: str
    missed: str


@dataclass(frozen=True)
class Promise:
    """Makes the row that holds a promise (`event`: what the caller has asked for), then goes on to `to`.

    Only after such a step may a prompt promise anything (see :mod:`ivr.flows.prompt_promises`). The `#` key does not go
    back beyond it.

    Raises:
        ValueError: the event makes no row.
    """

    event: EventName
    to: str

    def __post_init__(self) -> None:
        if self.event not in prompt_promises.MADE_BY:
            raise ValueError(f"{self.event} makes no row that could hold a promise")


@dataclass(frozen=True)
class RecordEvent:
    """Records an event (`event`: something was given, changed or withdrawn), then goes on to `to`.

    The `#` key does not go back beyond this step.
    """

    event: EventName
    to: str


@dataclass(frozen=True)
class End:
    """A named ending: last words, then the call is ended."""

    ending: CallEnding
    prompts: tuple[str, ...] = ()


Step = (
    Menu | EnterDigits | Branch | Find | Announce | Record | PlayBack | WaitInQueue | Talk | Promise | RecordEvent | End
)
