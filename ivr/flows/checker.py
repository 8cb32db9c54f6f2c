"""Proves a call script: what can be reached, where it ends, and how many keys it takes to a human or a tone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ivr.domain.enums import Concern, TaskKind
from ivr.flows import promise_check
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
    WaitInQueue,
)
from ivr.flows.whole_script import Flow

#: "in at most five key presses to a human or a tone"
MOST_KEYS = 5
#: What a call is about before the caller has said it.
_NOT_SAID = (None, Concern.OTHER)
#: The prompt of the main menu.
MAIN = "main"
#: The prompts of menus that offer languages: of a language with texts, and of one beyond the menu.
LANGUAGE_PROMPTS = frozenset({"choose_language", "key_alone"})
#: Choices of one menu, the emergency key included, beside those for which languages there are.
MOST_CHOICES = 5
#: Reasons that a menu offers somebody with an emergency.
MOST_REASONS = 4


@dataclass(frozen=True)
class Way:
    """A way from the beginning to a human or a tone: the steps, and the keys pressed between them."""

    steps: tuple[str, ...]
    keys: tuple[str, ...]


def problems(flow: Flow) -> list[str]:
    """Everything wrong with a script, one sentence each."""
    missing = [
        f"{name} leads to {way}, which is no step"
        for name in flow.steps
        for way in (*flow.ways(name), *(choice.to for choice in flow.anywhere.values()))
        if way not in flow.steps
    ]
    if missing:
        return sorted(set(missing))
    found = [f"{name} cannot be reached" for name in flow.steps if name not in _reached(flow)]
    concerns, kinds = _set_by_keys(flow, "concern"), _set_by_keys(flow, "kind")
    found += [f"no key leads to the concern {concern}" for concern in Concern if concern not in concerns]
    found += [f"no key leads to a task of the kind {kind}" for kind in TaskKind if kind not in kinds]
    found += [f"{name} leads to no ending" for name in flow.steps if not _ends(flow, name)]
    found += [f"without input the call runs in a circle: {' → '.join(circle)}" for circle in _circles(flow)]
    found += [
        f"{name} offers {offered(step)} choices, more than {MOST_CHOICES}"
        for name, step in flow.steps.items()
        if isinstance(step, Menu) and not _chooses_language(step) and offered(step) > MOST_CHOICES
    ]
    found += [
        f"{name} offers {count} reasons of an emergency, more than {MOST_REASONS}"
        for name, step in flow.steps.items()
        if isinstance(step, Menu) and (count := _reasons(step)) > MOST_REASONS
    ]
    found += [
        f"{len(way.keys)} keys to a human or a tone, more than {MOST_KEYS}: {describe(way)}"
        for way in ways_to_help(flow)
        if len(way.keys) > MOST_KEYS
    ]
    found += promise_check.problems(flow)
    return found


def _set_by_keys(flow: Flow, slot: str) -> set[str]:
    """Every value of a slot that a caller can choose by a key."""
    choices = list(flow.anywhere.values())
    for step in flow.steps.values():
        if isinstance(step, Menu | EnterDigits):
            choices += step.choices.values()
    return {choice.sets[slot] for choice in choices if choice.sets.get(slot)}


def offered(menu: Menu) -> int:
    """How many choices a menu speaks; the main menu speaks the emergency key as one."""
    return len(menu.choices) + (menu.prompt == MAIN)


def _reasons(menu: Menu) -> int:
    return sum(
        "emergency_kind" in choice.sets and bool(choice.sets["emergency_kind"]) for choice in menu.choices.values()
    )


def most_choices(flow: Flow) -> int:
    """The most choices that a menu speaks, beside those for languages."""
    menus = (step for step in flow.steps.values() if isinstance(step, Menu) and not _chooses_language(step))
    return max(map(offered, menus))


def _chooses_language(menu: Menu) -> bool:
    return menu.prompt in LANGUAGE_PROMPTS


def _reached(flow: Flow) -> set[str]:
    reached: set[str] = set()
    waiting = [flow.start, flow.fallback, flow.exhausted, *(choice.to for choice in flow.anywhere.values())]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += flow.ways(name)
    return reached


def _ends(flow: Flow, name: str) -> bool:
    seen, waiting = set(), [name]
    while waiting:
        step = waiting.pop()
        if isinstance(flow.steps[step], End):
            return True
        if step not in seen:
            seen.add(step)
            waiting += flow.ways(step)
    return False


def _circles(flow: Flow) -> Iterator[tuple[str, ...]]:
    """Circles of steps that ask the caller nothing."""

    def walk(name: str, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if name in path:
            yield (*path[path.index(name) :], name)
        elif isinstance(flow.steps[name], Announce | Branch | Promise | RecordEvent | Find):
            for way in flow.ways(name):
                yield from walk(way, (*path, name))

    for name in flow.steps:
        for circle in walk(name, ()):
            if circle[0] == name:
                yield circle


def ways_to_help(flow: Flow) -> list[Way]:
    """Every way straight ahead from the beginning to the first human or tone.

    A key of a menu counts one; the keys of a language beyond the eighth are one choice. A number keyed in is what
    the caller has to say and counts nothing. Of keys that lead to the same step the first stands for all. What is
    optional (age, postal code) is passed by waiting. Silence at other menus, ways back and the keys that count anywhere
    are left out.
    """
    return list(_ways(flow, flow.start, Way((), ())))


def _ways(flow: Flow, name: str, so_far: Way) -> Iterator[Way]:
    if name in so_far.steps or _asks_again(flow, name, so_far):
        return
    way = Way((*so_far.steps, name), so_far.keys)
    match flow.steps[name]:
        case WaitInQueue() | Record():
            yield way
        case Menu(otherwise=to) if _leads_to_people(flow, to):  # a waiting caller is connected
            yield from _ways(flow, to, way)
        case Menu(optional=True, otherwise=to):
            yield from _ways(flow, to, way)
        case Menu(choices=choices, otherwise=otherwise, continues=continues) as menu:
            if continues:  # a waiting caller hears the rest
                yield from _ways(flow, otherwise, way)
            went = set[tuple[str, bool]]()
            for key, choice in choices.items():
                counts = not _goes_on_choosing_language(flow, menu, choice)
                if (continues and choice.to == otherwise) or (choice.to, counts) in went:
                    continue
                went.add((choice.to, counts))
                yield from _ways(flow, choice.to, Way(way.steps, (*way.keys, key) if counts else way.keys))
        case EnterDigits(to=to):
            yield from _ways(flow, to, way)
        case End() | PlayBack() | Promise() | RecordEvent():  # a promise is what the caller came for
            return
        case _:
            for following in flow.ways(name):
                yield from _ways(flow, following, way)


def _goes_on_choosing_language(flow: Flow, menu: Menu, choice: Choice) -> bool:
    """Whether a key leads to the next key of a language, and says nothing else."""
    following = flow.steps[choice.to]
    if isinstance(following, Branch):
        following = flow.steps[following.yes]
    more = isinstance(following, Menu) and _chooses_language(following) and choice.sets.get("concern") in _NOT_SAID
    return more and _chooses_language(menu)


def _leads_to_people(flow: Flow, name: str) -> bool:
    """Whether a step leads to the call queue without another question."""
    step = flow.steps[name]
    if isinstance(step, Branch):
        return _leads_to_people(flow, step.yes)
    return isinstance(step, WaitInQueue)


def _asks_again(flow: Flow, name: str, so_far: Way) -> bool:
    """Whether a menu has been heard on the way already: what follows is another request."""
    step = flow.steps[name]
    return isinstance(step, Menu) and any(
        isinstance(earlier, Menu) and earlier.prompt == step.prompt and not step.lines
        for earlier in (flow.steps[known] for known in so_far.steps)
    )


def longest_way(flow: Flow) -> Way:
    """The way with the most keys to a human or a tone."""
    return max(ways_to_help(flow), key=lambda way: len(way.keys))


def describe(way: Way) -> str:
    """Steps and keys in one line."""
    return f"keys {' '.join(way.keys)}; {' → '.join(way.steps)}"
