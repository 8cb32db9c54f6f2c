"""Proves that a call script promises nothing before a row holds it, whatever a caller presses and whenever.

What rows there are is followed from step to step: along keys, silence, the keys that count anywhere, ways out of the
call queue, and from the steps at which a call is taken up again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ivr.domain.enums import Held, QueueExit, RequestStatus
from ivr.flows import conditions
from ivr.flows.prompt_promises import FOUND, MADE_BY, PROMISES, UNDER_WAY
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
from ivr.flows.whole_script import Flow

_Rows = frozenset[Held]
#: A way out of a step: what the caller does, the step it leads to, the rows there are then.
_Way = tuple[str, str, _Rows]
_NONE: _Rows = frozenset()
#: Conditions that hold only where there is a row.
_KNOWN_BY: Mapping[Callable[..., bool], _Rows] = {
    conditions.receipt_is_known: frozenset({Held.TASK}),
    conditions.is_settled: frozenset({Held.TASK}),
    conditions.is_promised: frozenset({Held.TASK}),
    conditions.is_changing: frozenset({Held.TASK, Held.REQUEST_FOUND}),
}


def problems(flow: Flow) -> list[str]:
    """Every promise that can be heard before its row is there, with the shortest way to it."""
    before: dict[tuple[str, _Rows], tuple[tuple[str, _Rows], str] | None] = {}
    waiting: deque[tuple[str, _Rows]] = deque()
    for name in (flow.start, flow.fallback, flow.exhausted):
        before.setdefault((name, _NONE), None)
        waiting.append((name, _NONE))
    found: dict[tuple[str, str], str] = {}
    while waiting:
        here = waiting.popleft()
        name, rows = here
        for prompt in _spoken(flow.steps[name]):
            if prompt in PROMISES and PROMISES[prompt] not in rows and (name, prompt) not in found:
                found[name, prompt] = (
                    f"{name} says {prompt} before there is a row that holds it ({PROMISES[prompt]}): "
                    f"{_way_to(here, before)}"
                )
        for pressed, to, then in _ways(flow, name, rows):
            if (to, then) not in before:
                before[to, then] = here, pressed
                waiting.append((to, then))
    return list(found.values())


def _way_to(here: tuple[str, _Rows], before: Mapping[tuple[str, _Rows], tuple[tuple[str, _Rows], str] | None]) -> str:
    steps = [here[0]]
    at: tuple[str, _Rows] = here
    while (came := before[at]) is not None:
        at, pressed = came
        steps.append(f"{at[0]} –{pressed}→" if pressed else f"{at[0]} →")
    return " ".join(reversed(steps))


def _spoken(step: Step) -> Iterator[str]:
    match step:
        case Announce(prompts=prompts) | End(prompts=prompts):
            yield from prompts
        case Menu(prompt=prompt, lines=lines):
            yield from (line.prompt for line in lines) if lines else (prompt,)
        case EnterDigits(prompt=prompt) | Record(prompt=prompt):
            yield prompt


def _ways(flow: Flow, name: str, rows: _Rows) -> Iterator[_Way]:
    match flow.steps[name]:
        case Menu() as menu:
            for key, choice in {**flow.anywhere, **menu.ahead, **menu.choices}.items():
                yield key, choice.to, _after(choice.sets, rows)
            yield "–", menu.otherwise, _after(menu.otherwise_sets, rows)
        case EnterDigits() as entry:
            for key, choice in {**flow.anywhere, **entry.choices}.items():
                yield key, choice.to, _after(choice.sets, rows)
            yield "…", entry.to, rows
            yield "–", entry.otherwise, rows
        case Record(to=to, otherwise=otherwise, cut=cut):
            yield "speech", to, rows | {Held.TASK}
            if cut:
                yield "speech", cut, rows | {Held.TASK}
            yield "–", otherwise, rows
        case PlayBack(to=to, otherwise=otherwise):
            yield "", to, rows
            yield "", otherwise, rows
        case Branch(on=condition, yes=yes, no=no):
            yield "yes", yes, rows | _KNOWN_BY.get(condition, _NONE)
            yield "no", no, rows
        case Find(outcomes=outcomes):
            for status, to in outcomes.items():
                yield status, to, _after_finding(status, rows)
        case WaitInQueue() as queue:
            yield from _ways_out_of_queue(flow, queue, rows)
        case Talk(over=over, no_interpreter=no_interpreter, missed=missed):
            # What was promised in case there would be no conversation is over with it.
            yield "over", over, rows - {Held.TASK}
            yield "no interpreter", no_interpreter, rows
            yield "missed", missed, rows
        case Promise(event=event, to=to):
            yield "", to, rows | {MADE_BY[event]}
        case Announce(to=to) | RecordEvent(to=to):
            yield "", to, rows


def _ways_out_of_queue(flow: Flow, queue: WaitInQueue, rows: _Rows) -> Iterator[_Way]:
    yield "bridged", queue.bridged, rows
    for reason, to in queue.ways.items():
        yield reason, to, rows
    yield "–", queue.otherwise, rows
    emergency: Choice | None = flow.anywhere.get("9")
    if emergency is not None:
        yield QueueExit.EMERGENCY, emergency.to, _after(emergency.sets, rows)


def _after(sets: Mapping[str, Any], rows: _Rows) -> _Rows:
    """The rows there are for what the call is about after a choice: a new request has none."""
    return _NONE if "receipt_code" in sets else rows


def _after_finding(status: RequestStatus, rows: _Rows) -> _Rows:
    if status not in FOUND:
        return rows
    return frozenset({Held.REQUEST_FOUND, Held.TASK} if status in UNDER_WAY else {Held.REQUEST_FOUND})
