"""What each event of a call writes: the request, its number, the recording, the place in the queue."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import code_changes, contacts, emergency_reports, further_answers, intake, silent_callers, sms
from ivr.callbacks.request import Request
from ivr.calls import caller_language, calls
from ivr.contact_centre import call_distribution, call_queue, interpreters, kept_places, leg_events
from ivr.domain.enums import EventName, QueueExit, TaskState
from ivr.flows.request import to_record
from ivr.flows.state import CallState, Event, EventContext
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.notices import further_languages
from ivr.telephony.state_token import seal
from ivr.voicebox import voicebox

#: Events that lead to a task, or change one.
ABOUT_TASKS: Set[EventName] = frozenset(
    {
        EventName.MESSAGE_LEFT, EventName.ASKED, EventName.EMERGENCY_REPORTED, EventName.SILENT_CALLER,
        EventName.NUMBER_GIVEN, EventName.CHANGED, EventName.WITHDRAWN, EventName.PLACE_KEPT,
        EventName.INTERPRETER_WANTED, EventName.JOIN_WANTED, EventName.NUMBER_KEYED, EventName.NUMBER_REFUSED,
    }
)  # fmt: skip
#: Events that change which callers wait and talk.
ABOUT_LIVE_CALLS: Set[EventName] = frozenset(
    {EventName.QUEUE_JOINED, EventName.PLACE_KEPT, EventName.INTERPRETER_WANTED}
)
#: Events that ask for a call. A number that was keyed in before in the call counts for it.
_ASKING = frozenset({EventName.ASKED, EventName.PLACE_KEPT, EventName.INTERPRETER_WANTED})


def take_in(session: Session, call: Call, state: CallState, event: Event, now: datetime) -> None:
    """Write an event. Those without a context are described by the state."""
    context = event.context or EventContext.of(state)
    request = Request.of(context.request)
    match event.name:
        case EventName.LANGUAGE_CHOSEN:
            caller_language.remember(session.connection(), call.from_number, context.language, now)
        case EventName.RECORDING_BEGINS:
            voicebox.expect(session, call, recording_plan(session, call, event.recording_number, context), now)
            emergency_reports.confirm(session, call, now)
        case EventName.MESSAGE_LEFT:
            described = recording_plan(session, call, event.recording_number, context)
            recording = voicebox.announced(session, call, described, event.recording_sid, now)
            voicebox.left(session, call, recording, event.seconds, now, cut_at_limit=event.cut_at_limit)
        case EventName.ASKED:
            intake.ask_callback(session, call, request, now)
        case EventName.EMERGENCY_REPORTED:
            emergency_reports.report(session, call, request, now)
        case EventName.SILENT_CALLER:
            silent_callers.open_for(session, call, request, now)
        case EventName.QUEUE_JOINED:
            join_queue(session, call, state, context, now)
        case EventName.NOBODY_THERE | EventName.NO_PLACE_FREE:
            full = event.name == EventName.NO_PLACE_FREE
            reason, spoken = QueueExit.FULL if full else QueueExit.NOBODY, _spoken(session, call, context)
            call_queue.not_served(session, call, context.queue_visit, request, spoken, reason, now)
        case EventName.PLACE_KEPT:
            kept = intake.contact_for(session, call, request, now)
            if entry := call_queue.of_call(session, call.call_sid, visit_of(context)):
                kept_places.keep_place(session, entry, kept.task, now)
        case EventName.INTERPRETER_WANTED:
            interpreters.note_wanted(session, call, intake.contact_for(session, call, request, now))
            leg_events.callers_call_over(session, call, now, postponed=True)
        case EventName.LINK_WANTED:
            sms.send_link(session, call, event.number, context.language)
        case _ if request.changes:
            _change_by_code(session, contacts.of_call(session, call, request), call, event, request, now)
        case _ if (known := contacts.of_call(session, call, request)) is not None:
            _change(session, known, event, now)
    if event.name in _ASKING and event.number and not request.changes:
        contact = contacts.of_call(session, call, request)
        if contact is not None and contact.callback_number is None:
            intake.give_number(session, contact, event.number, now)


def _change(session: Session, contact: Contact, event: Event, now: datetime) -> None:
    with further_answers.task_kept_open(session, contact, now):
        match event.name:
            case EventName.JOIN_WANTED:
                intake.join_earlier(session, contact, now)
            case EventName.NUMBER_GIVEN | EventName.NUMBER_KEYED:
                intake.give_number(session, contact, event.number, now)
            case EventName.NUMBER_REFUSED:
                intake.take_number_back(session, contact, event.number, now)


def _change_by_code(
    session: Session, contact: Contact | None, call: Call, event: Event, request: Request, now: datetime
) -> None:
    # A withdrawal of a restricted request is noted: members confirm it when they may work on it again.
    is_kept = contact is not None and event.name == EventName.WITHDRAWN and contact.task.state != TaskState.CLOSED
    if contact is None or (intake.is_over(contact.task) and not is_kept):  # erased, closed or restricted
        if event.name in (EventName.NUMBER_GIVEN, EventName.CHANGED):  # what the caller adds now is a new request
            intake.give_number(session, intake.contact_for(session, call, request, now), event.number, now)
        return
    intake.note_later_call(session, contact, call, now)
    match event.name:
        case EventName.NUMBER_GIVEN:
            code_changes.change_number(session, contact, event.number, now)
        case EventName.CHANGED:
            intake.change_times(session, contact, request, now)
        case EventName.WITHDRAWN:
            code_changes.withdraw(session, contact, now)


def join_queue(session: Session, call: Call, state: CallState, context: EventContext, now: datetime) -> None:
    """The caller begins to wait, with the place of before where they come back."""
    visit = visit_of(context)
    if visit > 1:  # a caller who waits again has left the conversation before
        leg_events.callers_call_over(session, call, now)
    resume = seal(replace(state, pending_events=()), call.call_sid)
    request = Request.of(context.request)
    spoken = _spoken(session, call, context)
    call_queue.enter(session, call, visit, request, spoken, resume, now, comes_back=context.comes_back)
    if calls.is_over(session, call):  # the caller has hung up, and their last request came after that was told
        call_queue.gone(session, call, now)
        return
    call_distribution.match(session, now)


def visit_of(context: EventContext | CallState) -> int:
    """Number of this visit to the call queue within the call, from 1."""
    return max(1, context.queue_visit)


def recording_plan(session: Session, call: Call, number: int, context: EventContext) -> voicebox.RecordingPlan:
    """A recording in the language that is spoken in it, which may be none of those of the prompts."""
    about, replaces, continues = to_record(context.request), context.replaces_recording, context.continues_recording
    return voicebox.RecordingPlan(number, _spoken(session, call, context), about, replaces or None, continues or None)


def _spoken(session: Session, call: Call, context: EventContext) -> str:
    return further_languages.spoken_by(session, context.request, context.language, call.started_at)
