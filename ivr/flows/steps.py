"""The kinds of steps a flow is made of. They are data; what they mean is in :mod:`ivr.flows.engine`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ivr.flows.protocol import Line, State


class Questions(Protocol):
    """What a flow may ask the house. Answered by whoever runs the flow."""

    def team_is_open(self, state: State) -> bool:
        """Whether people answer now."""

    def line_state(self, state: State) -> str:
        """Whether the caller can wait for the responsible team: `open`, `full`, `nobody` is there, or their place is
        `taken` by another call of the same, unwanted number."""

    def recording_is_ready(self, state: State) -> bool:
        """Whether the caller's last take can be played back."""

    def decides(self, question: str, state: State) -> bool:
        """Whether the responsible team depends on the answer to `age_group` or `office`."""

    def office_of(self, postal_code: str) -> str | None:
        """The office responsible for a postal code, None outside Bremen."""

    def is_ours(self, number: str) -> bool:
        """Whether a number (E.164) is one of the house's own, which nobody is called back at."""

    def request(self, state: State) -> tuple[str, Mapping[str, str]]:
        """What became of the request whose receipt code was keyed in (fact `asked_code`), and the facts to
        tell it with. Counts the try, so that codes cannot be guessed."""


@dataclass(frozen=True)
class Choice:
    """What a key leads to, and the facts that choosing it settles."""

    to: str
    language: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    #: Facts that are lists (joined by commas) and get one entry more.
    adds: Mapping[str, str] = field(default_factory=dict)
    event: str = ""
    #: The facts are settled only while this one is empty.
    unless: str = ""


@dataclass(frozen=True)
class Menu:
    """One key out of several, beside those that count anywhere (:attr:`Flow.anywhere`).

    Silence and wrong keys are answered by asking again until `attempts` are used up; then `otherwise`. A wrong key is
    told so at least once. `lines`, where given, are spoken instead of `prompt`, each in a language of its own.
    """

    prompt: str
    choices: Mapping[str, Choice]
    otherwise: str
    attempts: int = 3
    #: Seconds of silence that count as no answer.
    timeout: int = 5
    lines: tuple[Line, ...] = ()
    #: Facts that are settled when nothing was chosen.
    otherwise_facts: Mapping[str, str] = field(default_factory=dict)
    #: The language of what follows when nothing was chosen, where it is not the caller's.
    otherwise_language: str = ""
    #: Keys of the menu that follows, for who knows them already; nobody is told of them here.
    ahead: Mapping[str, Choice] = field(default_factory=dict)
    #: Who does not answer goes straight on, as if it had not been asked.
    optional: bool = False
    #: Who waits hears more to choose from, in the step that `otherwise` names.
    continues: bool = False


@dataclass(frozen=True)
class EnterDigits:
    """Several keys, ended by the hash key, read by `reads` into the fact `sets` (None: not usable).

    Who may leave it out (`optional`) presses the hash key alone, or waits.
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
    #: Where a single key leads, in place of what it means anywhere.
    choices: Mapping[str, Choice] = field(default_factory=dict)


@dataclass(frozen=True)
class Branch:
    """A question about the call or the house that decides the way; asks the caller nothing."""

    on: Callable[[State, Questions], bool]
    yes: str
    no: str


@dataclass(frozen=True)
class Find:
    """Looks up the request whose receipt code the caller keyed in; the way depends on what became of it."""

    outcomes: Mapping[str, str]


@dataclass(frozen=True)
class Announce:
    """Prompts spoken to the end, then on."""

    prompts: tuple[str, ...]
    to: str


@dataclass(frozen=True)
class Record:
    """A tone, then the caller's words. `otherwise` when nothing was said `attempts` times."""

    prompt: str
    to: str
    otherwise: str
    attempts: int = 3
    #: Seconds of silence that end the recording: people in need stop and think.
    silence: int = 7


@dataclass(frozen=True)
class PlayBack:
    """The caller's last take, as soon as it is there; `otherwise` when it is not in time."""

    to: str
    otherwise: str
    attempts: int = 6


@dataclass(frozen=True)
class WaitInLine:
    """Waits in the responsible team's line until a member accepts (`bridged`); else the way depends on why the
    caller left it (`ways`)."""

    bridged: str
    ways: Mapping[str, str]
    otherwise: str


@dataclass(frozen=True)
class Talk:
    """Talks with a team member; `over` when that has ended, `no_interpreter` when nobody can be had who interprets,
    `missed` when the member was gone before the caller came."""

    over: str
    no_interpreter: str
    missed: str


@dataclass(frozen=True)
class Promise:
    """Tells the house what the caller has asked for (`event`), then goes on. There is no way back behind it."""

    event: str
    to: str


@dataclass(frozen=True)
class End:
    """A named ending: last words, then the line is closed."""

    ending: str
    prompts: tuple[str, ...] = ()


Step = Menu | EnterDigits | Branch | Find | Announce | Record | PlayBack | WaitInLine | Talk | Promise | End


@dataclass(frozen=True)
class Flow:
    """A call script: named steps and where it begins.

    `limit` answers are more than any caller needs; a call that has given more goes to `exhausted`, so no
    storm of keys keeps a line for ever. A call whose document failed is taken up again at `fallback`.
    `anywhere` holds the keys that count at every question unless it gives them a meaning of its own.
    """

    start: str
    fallback: str
    steps: Mapping[str, Step]
    exhausted: str
    anywhere: Mapping[str, Choice] = field(default_factory=dict)
    limit: int = 60

    def choices(self, menu: Menu) -> Mapping[str, Choice]:
        """All keys of a menu, its own and those that count anywhere."""
        return {**self.anywhere, **menu.choices}

    def ways(self, name: str) -> tuple[str, ...]:
        """The names of all steps that may follow a step, except by the keys that count anywhere."""
        match self.steps[name]:
            case Menu(choices=choices, otherwise=otherwise):
                return (*(choice.to for choice in choices.values()), otherwise)
            case EnterDigits(to=to, otherwise=otherwise, choices=choices):
                return (to, otherwise, *(choice.to for choice in choices.values()))
            case Record(to=to, otherwise=otherwise):
                return (to, otherwise)
            case PlayBack(to=to, otherwise=otherwise):
                return (to, otherwise)
            case Branch(yes=yes, no=no):
                return (yes, no)
            case Find(outcomes=outcomes):
                return tuple(outcomes.values())
            case WaitInLine(bridged=bridged, ways=ways, otherwise=otherwise):
                return (bridged, *ways.values(), otherwise)
            case Talk(over=over, no_interpreter=no_interpreter, missed=missed):
                return (over, no_interpreter, missed)
            case Announce(to=to) | Promise(to=to):
                return (to,)
            case End():
                return ()

    def questions(self) -> frozenset[str]:
        """The prompts that ask for keys."""
        asked: set[str] = set()
        for step in self.steps.values():
            if isinstance(step, Menu) and step.lines:
                asked |= {line.prompt for line in step.lines}
            elif isinstance(step, Menu | EnterDigits):
                asked.add(step.prompt)
        return frozenset(asked)

    def prompts(self) -> frozenset[str]:
        """Every prompt the flow may speak in the caller's language."""
        spoken = {"nothing_heard", "not_understood", *self.questions()}
        for step in self.steps.values():
            match step:
                case Menu(lines=lines):
                    spoken |= {line.values["form"] for line in lines if "form" in line.values}
                case EnterDigits(not_usable=not_usable):
                    spoken.add(not_usable)
                case Record(prompt=prompt):
                    spoken.add(prompt)
                case Announce(prompts=prompts) | End(prompts=prompts):
                    spoken |= set(prompts)
        return frozenset(spoken)
