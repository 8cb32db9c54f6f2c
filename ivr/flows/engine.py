"""Walks a flow: an input and a state go in, the next turn comes out. No I/O."""

from __future__ import annotations

from dataclasses import replace

from ivr.flows.steps import (
    Announce,
    Branch,
    Choice,
    Dial,
    End,
    EnterDigits,
    Flow,
    Menu,
    PlayBack,
    Promise,
    Questions,
    Record,
)
from ivr.flows.verbs import (
    Connect,
    Dialled,
    Event,
    HangUp,
    Input,
    Keys,
    Line,
    Listen,
    PlayTake,
    Recorded,
    RecordSpeech,
    Speak,
    State,
    Turn,
    Verb,
    Wait,
)


def begin(flow: Flow, state: State, questions: Questions) -> Turn:
    """The first turn of a call, or of a call that is taken up again at `state.step`."""
    return _walk(flow, state, questions, (), ())


def take_up(flow: Flow, state: State, questions: Questions) -> Turn:
    """The turn after a document of ours has failed: something can still be left."""
    state = replace(state, answers=state.answers + 1)
    return begin(flow, _go(state, flow.exhausted if state.answers > flow.limit else flow.fallback), questions)


def answer(flow: Flow, state: State, given: Input, questions: Questions) -> Turn:
    """The turn that follows what the caller (or the line) did at `state.step`."""
    state = replace(state, answers=state.answers + 1)
    if state.answers > flow.limit:
        return begin(flow, _go(state, flow.exhausted), questions)
    events: tuple[Event, ...] = ()
    lines: tuple[Line, ...] = ()
    match flow.steps[state.step], given:
        case Menu() as menu, _:
            digits = given.digits if isinstance(given, Keys) else ""
            if digits in menu.choices:
                state = _choose(state, menu.choices[digits])
            else:
                state, lines = _ask_again(state, menu, given)
        case EnterDigits() as entry, _:
            digits = given.digits if isinstance(given, Keys) else ""
            read = entry.reads(digits) if digits else None
            if read is not None:
                state = _go(state.knowing(**{entry.sets: read}), entry.to)
            else:
                state, lines = _ask_again(state, entry, given)
        case Record() as record, Recorded(recording_sid=sid, seconds=seconds) if seconds > 0:
            events = (Event("message_left", state.take, sid, seconds),)
            state = _go(state, record.to)
        case Record() as record, _:
            state, lines = _ask_again(state, record, Keys())
        case Dial() as dial, Dialled(answered=answered):
            state = _go(state, dial.answered if answered else dial.otherwise)
        case Dial() as dial, _:
            state = _go(state, dial.otherwise)
        case PlayBack(), _:
            state = replace(state, tries=state.tries + 1)
        case _:  # Announce, Branch, Promise, End await nothing: a repeated request walks them again
            pass
    return _walk(flow, state, questions, events, lines)


def _go(state: State, to: str) -> State:
    return replace(state, step=to, tries=0)


def _choose(state: State, choice: Choice) -> State:
    state = _go(state, choice.to).knowing(**choice.facts)
    return replace(state, language=choice.language) if choice.language else state


def _ask_again(state: State, step: Menu | EnterDigits | Record, given: Input) -> tuple[State, tuple[Line, ...]]:
    if state.tries + 1 >= step.attempts:
        facts = step.otherwise_facts if isinstance(step, Menu) else {}
        return _go(state, step.otherwise).knowing(**facts), ()
    if not isinstance(given, Keys) or not given.digits:
        preface = "nothing_heard"
    else:
        preface = step.not_usable if isinstance(step, EnterDigits) else "not_understood"
    return replace(state, tries=state.tries + 1), (Line(preface),)


def _walk(flow: Flow, state: State, questions: Questions, events: tuple[Event, ...], lines: tuple[Line, ...]) -> Turn:
    verbs: list[Verb] = []
    for _ in range(len(flow.steps) + 1):
        match flow.steps[state.step]:
            case Menu() as menu:
                spoken = menu.lines or (Line(menu.prompt),)
                verbs.append(Listen((*lines, *spoken), 1, menu.timeout))
                return Turn(state, events, tuple(verbs))
            case EnterDigits() as entry:
                verbs.append(Listen((*lines, Line(entry.prompt)), entry.max_digits, entry.timeout))
                return Turn(state, events, tuple(verbs))
            case Record() as record:
                state = state.knowing(take=str(state.take + 1))
                verbs += [Speak((*lines, Line(record.prompt))), RecordSpeech(record.silence)]
                return Turn(state, (*events, Event("recording_begins", state.take)), tuple(verbs))
            case Dial():
                verbs.append(Connect(questions.team_number(state)))
                return Turn(state, events, tuple(verbs))
            case PlayBack() as play:
                if questions.recording_is_ready(state):
                    verbs.append(PlayTake())
                    state = _go(state, play.to)
                elif state.tries < play.attempts:
                    return Turn(state, events, (*verbs, Wait(1)))
                else:
                    state = _go(state, play.otherwise)
            case End() as end:
                verbs += [Speak(tuple(Line(prompt) for prompt in end.prompts)), HangUp()]
                return Turn(state, events, tuple(verbs))
            case Branch() as branch:
                state = _go(state, branch.yes if branch.on(state, questions) else branch.no)
            case Announce(prompts=prompts, to=to):
                verbs.append(Speak(tuple(Line(prompt) for prompt in prompts)))
                state = _go(state, to)
            case Promise(event=event, to=to):
                number = state.facts.get("callback_number", "")
                events = (*events, Event(event, number=number))
                state = _go(state, to)
    raise AssertionError(f"the flow runs in a circle without input at {state.step}")
