"""Walks a flow: an input and a state go in, the next turn comes out. No I/O."""

from __future__ import annotations

from dataclasses import replace

from ivr.flows.protocol import (
    Bridged,
    Event,
    HangUp,
    Input,
    JoinLine,
    JoinRoom,
    Keys,
    LeftLine,
    Line,
    Listen,
    NoInterpreter,
    PlayTake,
    Recorded,
    RecordSpeech,
    Speak,
    State,
    TalkEnded,
    Turn,
    Verb,
    Wait,
)
from ivr.flows.steps import (
    Announce,
    Branch,
    Choice,
    End,
    EnterDigits,
    Find,
    Flow,
    Menu,
    PlayBack,
    Promise,
    Questions,
    Record,
    Talk,
    WaitInLine,
)

#: Keys that mean the same at every question.
REPEAT, BACK = "*", "#"
#: Questions the hash key can lead back to; a call's state travels in a URL and must stay small.
_REMEMBERED = 8
#: Facts that belong to a question: who goes back to it is about that again.
_MATTER = (
    "kind", "concern", "emergency_kind", "age_group", "request", "receipt_code", "left", "again", "forms", "training",
    "companion", "impairment",
)  # fmt: skip


def begin(flow: Flow, state: State, questions: Questions) -> Turn:
    """The first turn of a call, or of a call that is taken up again at `state.step`."""
    return _walk(flow, state, questions, (), ())


def take_up(flow: Flow, state: State, questions: Questions) -> Turn:
    """The turn after a document of ours has failed: something can still be left."""
    state = replace(state, answers=state.answers + 1)
    return begin(flow, _go(state, flow.exhausted if state.answers > flow.limit else flow.fallback), questions)


def answer(flow: Flow, state: State, given: Input, questions: Questions) -> Turn:
    """The turn that follows what the caller (or the line) did at `state.step`."""
    ends_entry = state.full and given == Keys(BACK)
    state = replace(state, answers=state.answers + 1, full=False)
    events: tuple[Event, ...] = ()
    lines: tuple[Line, ...] = ()
    if state.answers > flow.limit:
        if isinstance(given, Recorded) and given.seconds > 0:  # the last words count all the same
            events = (Event("message_left", state.take, given.recording_sid, given.seconds),)
        return _walk(flow, _go(state, flow.exhausted), questions, events, ())
    match flow.steps[state.step], given:
        case Menu() | EnterDigits(), _ if ends_entry:
            lines = _told(state)
        case Menu() as menu, _:
            state, events, lines = _at_menu(flow, menu, state, given)
        case EnterDigits() as entry, _:
            state, lines = _at_entry(flow, entry, state, given, questions)
        case Record() as record, Recorded(recording_sid=sid, seconds=seconds) if seconds > 0:
            events = (Event("message_left", state.take, sid, seconds),)
            state = _go(replace(state, trail=()), record.to).knowing(left=str(state.take))
        case Record() as record, _:
            state, lines = _ask_again(state, record, Keys())
        case WaitInLine() as line, Bridged(room=room):
            state = _go(state, line.bridged).knowing(room=room)
        case WaitInLine(), LeftLine(reason="emergency"):
            state = _choose(state, flow.anywhere["9"])
        case WaitInLine() as line, LeftLine(reason=reason):
            state = _go(state, line.ways.get(reason, line.otherwise))
        case WaitInLine() as line, _:
            state = _go(state, line.otherwise)
        case Talk() as talk, NoInterpreter():
            state = _go(state, talk.no_interpreter)
        case Talk() as talk, TalkEnded(met=False):
            state = _go(state, talk.missed).knowing(back="1")
        case Talk() as talk, TalkEnded():
            state = _go(state, talk.over)
        case PlayBack(), _:
            state = replace(state, tries=state.tries + 1)
        case _:  # Announce, Branch, Promise, End await nothing: a repeated request walks them again
            pass
    return _walk(flow, state, questions, events, lines)


def _at_menu(flow: Flow, menu: Menu, state: State, given: Input) -> tuple[State, tuple[Event, ...], tuple[Line, ...]]:
    key = given.digits if isinstance(given, Keys) else ""
    if choice := menu.choices.get(key) or menu.ahead.get(key):
        chosen = _choose(_leave(state), choice)
        return chosen, (Event(choice.event),) if choice.event else (), ()
    if choice := flow.anywhere.get(key):
        return _choose(_leave(state), choice), (), ()
    if key == REPEAT:
        return state, (), _told(state)
    if key == BACK:
        return _back(state), (), ()
    state, lines = _ask_again(state, menu, given)
    return state, (), lines


def _at_entry(
    flow: Flow, entry: EnterDigits, state: State, given: Input, questions: Questions
) -> tuple[State, tuple[Line, ...]]:
    digits = given.digits if isinstance(given, Keys) else ""
    if entry.optional and digits in ("", BACK):
        return _go(_leave(state), entry.otherwise), ()
    if digits == BACK:
        return _back(state), ()
    if digits and not digits.strip(REPEAT):
        return state, _told(state)
    read = entry.reads(digits, questions) if digits else None
    if read is not None:
        state = _go(_leave(state).knowing(**{entry.sets: read}), entry.to)
        return replace(state, full=len(digits) == entry.max_digits), ()
    if choice := entry.choices.get(digits) or flow.anywhere.get(digits):
        return _choose(_leave(state), choice), ()
    return _ask_again(state, entry, given)


def _told(state: State) -> tuple[Line, ...]:
    return tuple(Line(prompt) for prompt in state.told)


def _leave(state: State) -> State:
    place = (state.step, *(state.facts.get(name, "") for name in _MATTER))
    trail = state.trail if state.trail[-1:] == (place,) else (*state.trail, place)
    return replace(state, trail=trail[-_REMEMBERED:])


def _back(state: State) -> State:
    # At the first question, or the first after a promise, there is nothing to go back to: it is asked again.
    if not state.trail:
        return state
    step, *matter = state.trail[-1]
    state = replace(_go(state, step), trail=state.trail[:-1])
    return state.knowing(**dict(zip(_MATTER, matter, strict=False)))


def _go(state: State, to: str) -> State:
    return replace(state, step=to, tries=0, told=())


def _choose(state: State, choice: Choice) -> State:
    state = _go(state, choice.to)
    if not (choice.unless and state.facts.get(choice.unless)):
        state = state.knowing(**choice.facts)
    for name, entry in choice.adds.items():
        entries = [known for known in state.facts.get(name, "").split(",") if known]
        if entry not in entries:
            state = state.knowing(**{name: ",".join((*entries, entry))})
    return replace(state, language=choice.language) if choice.language else state


def _ask_again(state: State, step: Menu | EnterDigits | Record, given: Input) -> tuple[State, tuple[Line, ...]]:
    silent = not isinstance(given, Keys) or not given.digits
    if state.tries + 1 >= (step.attempts if silent else max(step.attempts, 2)):
        state = _go(_leave(state), step.otherwise)
        if isinstance(step, Menu):
            state = replace(state, language=step.otherwise_language or state.language).knowing(**step.otherwise_facts)
        return state, ()
    preface = "nothing_heard" if silent else step.not_usable if isinstance(step, EnterDigits) else "not_understood"
    return replace(state, tries=state.tries + 1), (Line(preface),)


def _walk(flow: Flow, state: State, questions: Questions, events: tuple[Event, ...], lines: tuple[Line, ...]) -> Turn:
    verbs: list[Verb] = []
    told: tuple[str, ...] = ()
    for _ in range(len(flow.steps) + 1):
        match flow.steps[state.step]:
            case Menu() as menu:
                spoken = menu.lines or (Line(menu.prompt),)
                verbs.append(Listen((*lines, *spoken), 1, menu.timeout))
                return Turn(replace(state, told=told or state.told), events, tuple(verbs))
            case EnterDigits() as entry:
                verbs.append(Listen((*lines, Line(entry.prompt)), entry.max_digits, entry.timeout))
                return Turn(replace(state, told=told or state.told), events, tuple(verbs))
            case Record() as record:
                # A take that follows one with speech at "record again" replaces it.
                replaced = state.facts.get("left", "") if state.facts.get("again") else ""
                state = state.knowing(take=str(state.take + 1), replaces=replaced)
                verbs += [Speak((*lines, Line(record.prompt))), RecordSpeech(record.silence)]
                return Turn(state, (*events, Event("recording_begins", state.take)), tuple(verbs))
            case WaitInLine():
                state = state.knowing(turn=str(int(state.facts.get("turn", "0")) + 1))
                return Turn(state, (*events, Event("line_joined")), (*verbs, JoinLine()))
            case Talk():
                return Turn(state, events, (*verbs, JoinRoom(state.facts.get("room", ""))))
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
            case Find(outcomes=outcomes):
                outcome, facts = questions.request(state)
                state = _go(state.knowing(**facts), outcomes[outcome])
            case Announce(prompts=prompts, to=to):
                verbs.append(Speak(tuple(Line(prompt) for prompt in prompts)))
                told = (*told, *prompts)
                state = _go(state, to)
            case Promise(event=event, to=to):
                number = state.facts.get("callback_number", "")
                events = (*events, Event(event, number=number))
                state = _go(replace(state, trail=()), to)
    raise AssertionError(f"the flow runs in a circle without input at {state.step}")
