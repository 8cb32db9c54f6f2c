"""What a caller hears at the step that ends a turn: announcements and the question after them are spoken as one."""

from __future__ import annotations

from ivr.domain.enums import EventName, Promised
from ivr.flows import spoken_answers
from ivr.flows.protocol import (
    HangUp,
    JoinQueue,
    JoinRoom,
    Listen,
    PromptLine,
    RecordSpeech,
    Speak,
    Turn,
    Verb,
    Wait,
)
from ivr.flows.questions import Questions
from ivr.flows.state import CallState, Event, changed
from ivr.flows.steps import End, EnterDigits, Menu, PlayBack, Record, Talk, WaitInQueue
from ivr.flows.whole_script import Flow

#: Seconds in which keys are awaited before the tone for a spoken answer: the least that the carrier takes.
_BEFORE_THE_TONE = 1


def spoken(lines: tuple[PromptLine, ...]) -> tuple[Speak, ...]:
    """The verb that speaks lines where no question follows; none without lines."""
    return (Speak(lines),) if lines else ()


def stop(
    flow: Flow,
    state: CallState,
    events: tuple[Event, ...],
    verbs: list[Verb],
    announced: tuple[PromptLine, ...],
    lines: tuple[PromptLine, ...],
    questions: Questions,
) -> Turn:
    """The turn that ends at a step which waits for something, or ends the call.

    `announced` on the way to the step; `lines` because of the input before it.
    """
    match flow.steps[state.step]:
        case Menu() as menu:
            if state.step in flow.consents and (before := (*announced, *lines)):
                verbs.append(Speak(before, skippable=True))
                announced = lines = ()
            words = spoken_answers.words(menu, state, questions)
            asked = spoken_answers.read_back(menu, state) or menu.lines_for(state, questions)
            hint = spoken_answers.hint(words)
            timeout = _BEFORE_THE_TONE if words else _timeout(menu, state)
            verbs.append(Listen((*announced, *lines, *asked, *hint), 1, timeout, words))
        case EnterDigits() as entry:
            said = (*announced, *lines, PromptLine(entry.prompt))
            verbs.append(Listen(said, entry.max_digits, _timeout(entry, state)))
        case Record() as record:
            state, events = _record_begins(record, state, events)
            said = (*announced, *lines, PromptLine(record.prompt))
            verbs += [Speak(said, skippable=True), RecordSpeech(record.silence)]
        case WaitInQueue():
            state = changed(state, queue_visit=state.queue_visit + 1)
            events = (*events, Event(EventName.QUEUE_JOINED))
            verbs += [*spoken(announced), JoinQueue()]
        case Talk():
            verbs += [*spoken(announced), JoinRoom(state.room)]
        case PlayBack() as play:
            verbs += [Speak((*announced, PromptLine(play.prompt))), Wait(1)]
        case End() as end:
            verbs += [Speak((*announced, *(PromptLine(prompt) for prompt in end.prompts))), HangUp()]
    return Turn(state, events, tuple(verbs))


def _timeout(step: Menu | EnterDigits, state: CallState) -> int:
    return step.timeout if isinstance(step, Menu) and step.passed_by_waiting else step.timeout * state.patience


def _record_begins(record: Record, state: CallState, events: tuple[Event, ...]) -> tuple[CallState, tuple[Event, ...]]:
    # A recording that follows one with speech continues it; at "record again" it replaces it.
    before, again = state.request.message_number, state.request.records_again
    state = changed(
        state,
        recording_number=state.recording_number + 1,
        continues_recording=before if record.continues else 0,
        replaces_recording=before if again and not record.continues else 0,
    )
    if state.request.promised is not None:  # who agrees to be recorded waits for an answer
        state = state.knowing(promised=Promised.CONFIRMED)
    return state, (*events, Event(EventName.RECORDING_BEGINS, state.recording_number))
