"""The kinds of steps a flow is made of. They are data; what they mean is in :mod:`ivr.flows.engine`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ivr.flows.verbs import Line, State


class Questions(Protocol):
    """What a flow may ask the house. Answered by whoever runs the flow."""

    def team_is_open(self, state: State) -> bool:
        """Whether people answer now."""

    def team_number(self, state: State) -> str:
        """E.164 number of the team responsible for the caller's concern."""

    def recording_is_ready(self, state: State) -> bool:
        """Whether the caller's last take can be played back."""


@dataclass(frozen=True)
class Choice:
    """What a key leads to, and the facts that choosing it settles."""

    to: str
    language: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Menu:
    """One key out of several.

    Silence and wrong keys are answered by asking again until `attempts` are used up; then `otherwise`.
    `lines`, where given, are spoken instead of `prompt`, each in a language of its own.
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


@dataclass(frozen=True)
class EnterDigits:
    """Several keys, ended by the hash key, read by `reads` into the fact `sets` (None: not usable)."""

    prompt: str
    reads: Callable[[str], str | None]
    sets: str
    to: str
    otherwise: str
    not_usable: str
    attempts: int = 3
    timeout: int = 8
    max_digits: int = 20


@dataclass(frozen=True)
class Branch:
    """A question about the call or the house that decides the way; asks the caller nothing."""

    on: Callable[[State, Questions], bool]
    yes: str
    no: str


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
class Dial:
    """Connects the caller to the responsible team."""

    answered: str
    otherwise: str


@dataclass(frozen=True)
class Promise:
    """Tells the house what the caller has asked for (`event`), then goes on."""

    event: str
    to: str


@dataclass(frozen=True)
class End:
    """A named ending: last words, then the line is closed."""

    ending: str
    prompts: tuple[str, ...] = ()


Step = Menu | EnterDigits | Branch | Announce | Record | PlayBack | Dial | Promise | End


@dataclass(frozen=True)
class Flow:
    """A call script: named steps and where it begins.

    `limit` answers are more than any caller needs; a call that has given more goes to `exhausted`, so no
    storm of keys keeps a line for ever. A call whose document failed is taken up again at `fallback`.
    """

    start: str
    fallback: str
    steps: Mapping[str, Step]
    exhausted: str
    limit: int = 60

    def ways(self, name: str) -> tuple[str, ...]:
        """The names of all steps that may follow a step."""
        match self.steps[name]:
            case Menu(choices=choices, otherwise=otherwise):
                return (*(choice.to for choice in choices.values()), otherwise)
            case EnterDigits(to=to, otherwise=otherwise) | Record(to=to, otherwise=otherwise):
                return (to, otherwise)
            case PlayBack(to=to, otherwise=otherwise):
                return (to, otherwise)
            case Branch(yes=yes, no=no):
                return (yes, no)
            case Dial(answered=answered, otherwise=otherwise):
                return (answered, otherwise)
            case Announce(to=to) | Promise(to=to):
                return (to,)
            case End():
                return ()

    def prompts(self) -> frozenset[str]:
        """Every prompt the flow may speak in the caller's language."""
        spoken = {"nothing_heard", "not_understood"}
        for step in self.steps.values():
            match step:
                case Menu(prompt=prompt, lines=lines):
                    spoken |= {line.prompt for line in lines} or {prompt}
                case EnterDigits(prompt=prompt, not_usable=not_usable):
                    spoken |= {prompt, not_usable}
                case Record(prompt=prompt):
                    spoken.add(prompt)
                case Announce(prompts=prompts) | End(prompts=prompts):
                    spoken |= set(prompts)
        return frozenset(spoken)
