"""Walks a flow: an input and a state go in, the next turn comes out. No I/O."""

from __future__ import annotations

from ivr.domain.enums import EventName, Held, Promised, QueueExit
from ivr.flows import prompt_promises, spoken_answers, turn_end
from ivr.flows.protocol import (
    Bridged,
    HangUp,
    Input,
    Keys,
    LeftQueue,
    NoInterpreter,
    PlayRecording,
    PromptLine,
    Recorded,
    RecordSpeech,
    Speak,
    Spoken,
    TalkEnded,
    Turn,
    Verb,
)
from ivr.flows.questions import Questions
from ivr.flows.state import AnsweredQuestion, CallState, Event, changed
from ivr.flows.steps import (
    PATIENCE,
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

#: Keys that mean the same at every question.
REPEAT, BACK, EMERGENCY = "*", "#", "9"
#: Questions the hash key can lead back to; a call's state travels in a URL and must stay small.
_REMEMBERED = 8


def begin(flow: Flow, state: CallState, questions: Questions) -> Turn:
    """The first turn of a call, or of a call that is taken up again at `state.step`."""
    return _walk(flow, state, questions, (), ())


def take_up(flow: Flow, state: CallState, questions: Questions) -> Turn:
    """The turn after a document of ours has failed: something can still be left."""
    state = changed(state, answers=state.answers + 1)
    return begin(flow, _go(state, flow.exhausted if state.answers > flow.limit else flow.fallback), questions)


def end_instead(flow: Flow, turn: Turn, name: str, questions: Questions, *before: str) -> Turn:
    """A turn that ends the call, with another ending, and prompts before its last words.

    `name`: the ending, or the branch that decides between endings.
    """
    end = flow.steps[name]
    while isinstance(end, Branch):
        name = end.yes if end.on(turn.state, questions) else end.no
        end = flow.steps[name]
    if not isinstance(end, End):
        raise TypeError(f"{name} is no ending")
    last_words = Speak(tuple(PromptLine(prompt) for prompt in (*before, *end.prompts)))
    return Turn(changed(turn.state, step=name), turn.events, (*turn.verbs[:-2], last_words, HangUp()))


def answer(flow: Flow, state: CallState, given: Input, questions: Questions) -> Turn:
    """The turn that follows what the caller (or the call queue) did at `state.step`."""
    ends_entry = state.entry_complete and given == Keys(BACK)
    is_silent = state.is_silent and not _is_answer(given)
    speaks = state.speaks and not (isinstance(given, Keys) and given.digits and not given.early)
    state = changed(state, answers=state.answers + 1, entry_complete=False, is_silent=is_silent, speaks=speaks)
    events: tuple[Event, ...] = ()
    lines: tuple[PromptLine, ...] = ()
    if state.answers > flow.limit:
        if isinstance(given, Recorded) and given.seconds > 0:  # the last words count all the same
            events = (_message_left(state, given),)
        return _walk(flow, _go(state, flow.exhausted), questions, events, ())
    if state.step in flow.former:
        return _at_former(flow, state, given, questions)
    match flow.steps[state.step], given:
        case Record() as record, Keys(early=True):
            return _skipped_to_tone(record, state, given)
        case Menu() | EnterDigits(), _ if ends_entry:
            lines = _repeated(state)
        case Menu() as menu, _:
            state, events, lines = _at_menu(flow, menu, state, given, questions)
        case EnterDigits() as entry, _:
            state, events, lines = _at_entry(flow, entry, state, given, questions)
        case Record() as record, Recorded(seconds=seconds) as recorded if seconds > 0:
            events = (_message_left(state, recorded),)
            state = _recorded(record, state, recorded)
        case Record() as record, _:
            state, lines = _ask_again(state, record, Keys())
        case WaitInQueue() as queue, Bridged(room=room):
            state = changed(_go(state, queue.bridged), room=room)
        case WaitInQueue(), LeftQueue(reason=QueueExit.EMERGENCY):
            state = _choose(state, flow.anywhere[EMERGENCY])
        case WaitInQueue() as queue, LeftQueue(reason=reason):
            state = _go(state, queue.ways.get(reason, queue.otherwise))
        case WaitInQueue() as queue, _:
            state = _go(state, queue.otherwise)
        case Talk() as talk, NoInterpreter():
            state = _go(state, talk.no_interpreter)
        case Talk() as talk, TalkEnded(met=False):
            state = _go(state, talk.missed).knowing(comes_back=True)
        case Talk() as talk, TalkEnded():
            state = _go(_served(state), talk.over)
        case PlayBack(), _:
            state = changed(state, tries=state.tries + 1)
        case _:  # Announce, Branch, Promise, RecordEvent, End await nothing: a repeated request walks them again
            pass
    return _walk(flow, state, questions, events, lines)


def _at_former(flow: Flow, state: CallState, given: Input, questions: Questions) -> Turn:
    """The turn after an answer to a question that there is no more: the present one is asked.

    Keys that count anywhere have kept their meaning, unless the present question has one of its own for them.
    """
    state = _go(state, flow.former[state.step])
    present, key = flow.steps[state.step], given.digits if isinstance(given, Keys) else ""
    if isinstance(present, Menu) and key in flow.anywhere and key not in present.choices:
        state = _choose(_leave(state), flow.anywhere[key])
    return begin(flow, state, questions)


def _skipped_to_tone(record: Record, state: CallState, given: Keys) -> Turn:
    """The turn after a key during what is said before a tone: the tone at once, or all of it once more."""
    again = (Speak((PromptLine(record.prompt),), skippable=True),) if given.digits == REPEAT else ()
    return Turn(state, (), (*again, RecordSpeech(record.silence)))


def _message_left(state: CallState, recorded: Recorded) -> Event:
    number, sid = state.recording_number, recorded.recording_sid
    return Event(EventName.MESSAGE_LEFT, number, sid, recorded.seconds, cut_at_limit=recorded.cut_at_limit)


def _recorded(record: Record, state: CallState, recorded: Recorded) -> CallState:
    """The state after speech: a message of one recording, or one that has got a further part."""
    earlier = state.request.parts if record.continues else ()
    state = _go(changed(state, trail=()), record.cut if record.cut and recorded.cut_at_limit else record.to)
    return state.knowing(message_number=state.recording_number, earlier_parts=earlier, promised=Promised.CONFIRMED)


def _is_answer(given: Input) -> bool:
    if isinstance(given, Spoken):
        return given.key != ""
    return (isinstance(given, Keys) and given.digits != "") or (isinstance(given, Recorded) and given.seconds > 0)


def _served(state: CallState) -> CallState:
    """The state after a conversation: what was promised only in case there would be none is no longer promised."""
    if state.request.promised != Promised.UNCONFIRMED:
        return state
    return state.knowing(promised=None, receipt_code="")


def _at_menu(
    flow: Flow, menu: Menu, state: CallState, given: Input, questions: Questions
) -> tuple[CallState, tuple[Event, ...], tuple[PromptLine, ...]]:
    if isinstance(given, Spoken) or state.heard_key:
        state, understood = spoken_answers.understood(menu, state, given)
        if understood is None:
            return state, (), ()  # it is read back
        given = understood
    key = given.digits if isinstance(given, Keys) else ""
    counts = key in (REPEAT, BACK) or (key in flow.anywhere and key not in menu.choices)
    if isinstance(given, Keys) and given.early and not counts:
        return state, (), ()  # nobody agrees to what they have not heard: the question is asked at once
    choice = menu.choices.get(key) if menu.offers(key, state, questions) else None
    if choice := choice or menu.ahead.get(key):
        return *_chosen(flow, state, choice, questions), ()
    if choice := flow.anywhere.get(key):
        return _choose(_leave(state), choice), (), ()
    if key == REPEAT:
        return state, (), _repeated(state)
    if key == BACK:
        return *_back(flow, state, questions), ()
    asked, lines = _ask_again(state, menu, given)
    if asked.step == state.step and spoken_answers.may_begin(menu, asked, given, questions):
        return changed(asked, speaks=True), (), (*lines, PromptLine(spoken_answers.EXPLANATION))
    return asked, (), lines


def _chosen(flow: Flow, state: CallState, choice: Choice, questions: Questions) -> tuple[CallState, tuple[Event, ...]]:
    """The state after a choice, and what is noted of it."""
    if state.trail and state.trail[-1].step == choice.to and _is_of_number(flow.steps[choice.to]):
        again = changed(_go(state, choice.to), trail=state.trail[:-1])  # what was read back is no place to go back to
        return _number_refused(flow, again, questions)
    state = _leave(state)
    events = (Event(choice.event, number=state.callback_number),) if choice.event else ()
    state = _choose(state, choice)
    if choice.event == EventName.NUMBER_REFUSED:
        state = changed(state, callback_number=questions.shown_number())
    return state, events


def _is_of_number(step: Step) -> bool:
    return isinstance(step, EnterDigits) and step.sets == "callback_number"


def _number_refused(flow: Flow, state: CallState, questions: Questions) -> tuple[CallState, tuple[Event, ...]]:
    """The state of a caller who is at the entry of a number again: the one that was keyed in there does not count."""
    entry = flow.steps[state.step]
    noted = isinstance(entry, EnterDigits) and entry.event is not None and not state.request.changes
    events = (Event(EventName.NUMBER_REFUSED, number=state.callback_number),) if noted and state.callback_number else ()
    return changed(state, callback_number=questions.shown_number()), events


def _at_entry(
    flow: Flow, entry: EnterDigits, state: CallState, given: Input, questions: Questions
) -> tuple[CallState, tuple[Event, ...], tuple[PromptLine, ...]]:
    digits = given.digits if isinstance(given, Keys) else ""
    if entry.optional and digits in ("", BACK):
        return _go(_leave(state), entry.otherwise), (), ()
    if digits == BACK:
        return *_back(flow, state, questions), ()
    if digits and not digits.strip(REPEAT):
        return state, (), _repeated(state)
    read = entry.reads(digits, questions) if digits else None
    if read is not None:
        state = _go(_leave(state).knowing(**{entry.sets: read}), entry.to)
        # By receipt code nothing is changed before it was read back.
        noted = entry.event if not state.request.changes else None
        events = (Event(noted, number=state.callback_number),) if noted else ()
        return changed(state, entry_complete=len(digits) == entry.max_digits), events, ()
    if choice := entry.choices.get(digits) or flow.anywhere.get(digits):
        return _choose(_leave(state), choice), (), ()
    state, lines = _ask_again(state, entry, given)
    return state, (), lines


def _repeated(state: CallState) -> tuple[PromptLine, ...]:
    return tuple(PromptLine(prompt) for prompt in state.last_prompts)


def _leave(state: CallState) -> CallState:
    question = AnsweredQuestion(state.step, state.request)
    trail = state.trail if state.trail[-1:] == (question,) else (*state.trail, question)
    return changed(state, trail=trail[-_REMEMBERED:])


def _back(flow: Flow, state: CallState, questions: Questions) -> tuple[CallState, tuple[Event, ...]]:
    # At the first question, or the first after a promise, there is nothing to go back to: it is asked again.
    if not state.trail:
        return state, ()
    question = state.trail[-1]
    step = flow.former.get(question.step, question.step)
    state = changed(_go(state, step), trail=state.trail[:-1], request=question.request)
    return _number_refused(flow, state, questions) if _is_of_number(flow.steps[step]) else (state, ())


def _go(state: CallState, to: str) -> CallState:
    return changed(state, step=to, tries=0, last_prompts=())


def _on(state: CallState, to: str) -> CallState:
    """On to a step, without a pause in what the caller hears."""
    return changed(state, step=to, tries=0)


def _choose(state: CallState, choice: Choice) -> CallState:
    state = _go(state, choice.to)
    if not (choice.unless and state.value(choice.unless)):
        state = state.knowing(**choice.sets)
    for name, entry in choice.adds.items():
        if entry not in (entries := state.value(name)):
            state = state.knowing(**{name: (*entries, entry)})
    return changed(state, language=choice.language) if choice.language else state


def _ask_again(
    state: CallState, step: Menu | EnterDigits | Record, given: Input
) -> tuple[CallState, tuple[PromptLine, ...]]:
    silent = not isinstance(given, Keys) or not given.digits
    if not isinstance(step, Record) and not step.passed_by_waiting and (silent or isinstance(step, EnterDigits)):
        more = (patience for patience in PATIENCE if patience > state.patience)
        state = changed(state, patience=next(more, state.patience))  # who is slow may need longer everywhere
    said = isinstance(given, Spoken)
    if state.tries + 1 >= (step.attempts if silent and not said else max(step.attempts, 2)):
        state = _go(_leave(state), step.otherwise)
        return _unanswered(state, step) if isinstance(step, Menu) else state, ()
    preface = "nothing_heard" if silent else step.not_usable if isinstance(step, EnterDigits) else "not_understood"
    preface = "word_not_understood" if said else preface
    return changed(state, tries=state.tries + 1), (PromptLine(preface),)


def _unanswered(state: CallState, menu: Menu) -> CallState:
    """The state after a menu in which nothing was chosen."""
    return changed(state, language=menu.otherwise_language or state.language).knowing(**menu.otherwise_sets)


def _walk(
    flow: Flow, state: CallState, questions: Questions, events: tuple[Event, ...], lines: tuple[PromptLine, ...]
) -> Turn:
    verbs: list[Verb] = []
    announced: tuple[PromptLine, ...] = ()
    for _ in range(len(flow.steps) + 1):
        step = flow.steps[state.step]
        match step:
            case Announce(prompts=prompts, to=to, event=noted):
                events = (*events, Event(noted)) if noted else events
                announced = (*announced, *(PromptLine(prompt) for prompt in prompts))
                state = changed(_go(state, to), last_prompts=(*state.last_prompts, *prompts))
            case Branch() as branch:
                state = _on(state, branch.yes if branch.on(state, questions) else branch.no)
            case Find(outcomes=outcomes):
                answer = questions.request_status(state)
                state = changed(_on(state, outcomes[answer.status]), request=answer.request, asked_code="")
            case Promise(event=name, to=to):
                events = (*events, Event(name, number=state.callback_number))
                state = _promised(changed(_on(state, to), trail=()), name)
            case RecordEvent(event=name, to=to):
                events = (*events, Event(name, number=state.callback_number))
                state = changed(_on(state, to), trail=())
            case Menu() as menu if menu.has_nothing_left(state, questions):
                state = _unanswered(_on(state, menu.otherwise), menu)
            case PlayBack() as play if questions.recording_is_ready(state):
                verbs += [*turn_end.spoken(announced), PlayRecording()]
                announced, state = (), _go(state, play.to)
            case PlayBack() as play if state.tries >= play.attempts:
                state = _go(state, play.otherwise)
            case _:
                return turn_end.stop(flow, state, events, verbs, announced, lines, questions)
    raise AssertionError(f"the flow runs in a circle without input at {state.step}")


def _promised(state: CallState, event: EventName) -> CallState:
    """The state after a step that has made a row."""
    if prompt_promises.MADE_BY[event] != Held.TASK:
        return state
    if event in prompt_promises.UNCONFIRMED:
        return state.knowing(promised=state.request.promised or Promised.UNCONFIRMED)
    return state.knowing(promised=Promised.CONFIRMED)
