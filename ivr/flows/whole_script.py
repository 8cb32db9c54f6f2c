"""The whole call script: its steps by name, where it begins, and what can be read from all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ivr.flows.own_texts import OWN_TEXTS
from ivr.flows.protocol import SPOKEN_ANSWER_PROMPTS
from ivr.flows.steps import (
    Announce,
    Branch,
    Choice,
    End,
    EnterDigits,
    Find,
    Menu,
    PlayBack,
    Promise,
    Record,
    RecordEvent,
    Step,
    Talk,
    WaitInQueue,
)


@dataclass(frozen=True)
class Flow:
    """A call script: named steps and where it begins.

    `limit` answers are more than any caller needs; a call that has given more goes to `exhausted`, so no
    storm of keys keeps a call for ever. A call whose document failed is taken up again at `fallback`.
    `anywhere` holds the keys that count at every question unless it gives them a meaning of its own.

    Which ending is true turns out when a promise is written down: `noted` speaks the receipt code, `not_noted` is the
    branch to those that say that there is none just now, `unserved` asks to call again, because nothing could be kept.

    `former`: steps at which calls begun before an update may stand, each with the step that has taken its place. The
    next answer of such a call belongs to a question that is no longer asked.
    """

    start: str
    fallback: str
    steps: Mapping[str, Step]
    exhausted: str
    anywhere: Mapping[str, Choice] = field(default_factory=dict)
    limit: int = 60
    noted: str = ""
    not_noted: str = ""
    unserved: str = ""
    former: Mapping[str, str] = field(default_factory=dict)

    def knows(self, name: str) -> bool:
        """Whether a call that stands at a step can go on, now or since an update."""
        return name in self.steps or name in self.former

    def choices(self, menu: Menu) -> Mapping[str, Choice]:
        """All keys of a menu, its own and those that count anywhere."""
        return {**self.anywhere, **menu.choices}

    @cached_property
    def consents(self) -> frozenset[str]:
        """The menus of which a key leads to a tone without another question: they ask for consent.

        Their own keys count only when the question has begun; what is said before it can be skipped by any key.
        """
        return frozenset(
            name
            for name, step in self.steps.items()
            if isinstance(step, Menu) and any(self._records_next(choice.to) for choice in step.choices.values())
        )

    def _records_next(self, name: str) -> bool:
        step = self.steps.get(name)
        if isinstance(step, Branch | Find | Announce | Promise | RecordEvent):
            return any(self._records_next(way) for way in self.ways(name))
        return isinstance(step, Record)

    def ways(self, name: str) -> tuple[str, ...]:
        """The names of all steps that may follow a step, except by the keys that count anywhere."""
        match self.steps[name]:
            case Menu(choices=choices, otherwise=otherwise):
                return (*(choice.to for choice in choices.values()), otherwise)
            case EnterDigits(to=to, otherwise=otherwise, choices=choices):
                return (to, otherwise, *(choice.to for choice in choices.values()))
            case Record(to=to, otherwise=otherwise, cut=cut):
                return (to, otherwise, cut) if cut else (to, otherwise)
            case PlayBack(to=one, otherwise=other) | Branch(yes=one, no=other):
                return (one, other)
            case Find(outcomes=outcomes):
                return tuple(outcomes.values())
            case WaitInQueue(bridged=bridged, ways=ways, otherwise=otherwise):
                return (bridged, *ways.values(), otherwise)
            case Talk(over=over, no_interpreter=no_interpreter, missed=missed):
                return (over, no_interpreter, missed)
            case Announce(to=to) | Promise(to=to) | RecordEvent(to=to):
                return (to,)
            case End():
                return ()

    def questions(self) -> frozenset[str]:
        """The prompts that ask for keys."""
        asked: set[str] = set()
        for step in self.steps.values():
            if isinstance(step, Menu) and step.lines:
                asked |= {line.prompt for line in (*step.lines, *step.lines_again)}
            elif isinstance(step, Menu | EnterDigits):
                asked.add(step.prompt)
        return frozenset(asked) - OWN_TEXTS

    def prompts(self) -> frozenset[str]:
        """Every prompt the flow may speak in the caller's language."""
        spoken = {"nothing_heard", "not_understood", *self.questions()}
        for step in self.steps.values():
            if isinstance(step, Menu) and step.spoken:
                spoken |= SPOKEN_ANSWER_PROMPTS
            match step:
                case Menu(lines=lines):
                    spoken |= {line.values["form"] for line in lines if "form" in line.values}
                case EnterDigits(not_usable=not_usable):
                    spoken.add(not_usable)
                case Record(prompt=prompt) | PlayBack(prompt=prompt):
                    spoken.add(prompt)
                case Announce(prompts=prompts) | End(prompts=prompts):
                    spoken |= set(prompts)
        return frozenset(spoken) - OWN_TEXTS
