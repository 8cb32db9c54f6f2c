"""One webhook request of a call: the carrier's form fields, the call's state, and the document (TwiML)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from math import isfinite

from sqlalchemy.exc import SQLAlchemyError

from ivr.calls import calls
from ivr.config.settings import settings
from ivr.domain.caller_ids import CallerId
from ivr.domain.carrier_ids import carrier_id, is_unknown_to_the_carrier
from ivr.domain.enums import EntryPlace, EventName
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.domain.timestamps import utc_now
from ivr.flows import engine
from ivr.flows.own_texts import OWN_TEXTS
from ivr.flows.protocol import Turn
from ivr.flows.state import CallState, Event, EventContext, changed
from ivr.flows.steps import End
from ivr.platform import write_behind
from ivr.prompts.catalogue import catalogue
from ivr.prompts.script import script
from ivr.telephony import (
    call_intake,
    doubled_keys,
    flow_context,
    named_forms,
    remembered_calls,
    spoken_words,
    synthetic_turns,
    twiml,
)
from ivr.telephony.carrier_request import current
from ivr.telephony.deferred_writes import Kept, NotKept
from ivr.telephony.document import Document
from ivr.telephony.flow_context import FlowContext
from ivr.telephony.simulated_time import simulated_time
from ivr.telephony.state_token import Unreadable, is_of_a_call_long_over, unseal

log = logging.getLogger(__name__)


def reply(turn: Turn, before: CallState | None = None, *, is_second: bool = False) -> Document:
    """Store the events of a step, and answer the carrier with a document.

    `is_second`: another turn of the same request may have been written down, before something broke.
    """
    call, state = call_sid(), turn.state
    events = (*state.pending_events, *turn.events)
    step = script().steps[state.step]
    ending = step.ending if isinstance(step, End) else ""
    kept = None
    try:
        request = "" if is_second else current().identity
        kept = _written(before, state, events, ending, request) if call else None
        code = kept.code if kept else ""
        behind = state.is_behind or (kept is not None and kept.place != EntryPlace.DATABASE)
        if (state.pending_events, state.request.receipt_code, state.is_behind) != ((), code, behind):
            pending = kept.events if kept else ()
            state = state.knowing(pending_events=pending, receipt_code=code, is_behind=behind)
    except NotKept:
        # The caller goes on. The events travel with the call until they can be written down.
        log.exception("a step could not be written down")
        context = EventContext.of(state)
        pending = tuple(replace(event, context=event.context or context) for event in events)
        state = replace(state, pending_events=pending, is_behind=True)
    if state is not turn.state:
        turn = replace(turn, state=state)
    if isinstance(step, End) and call:
        turn = _true_ending(turn, events, kept)
    return document(turn)


def _written(before: CallState | None, state: CallState, events: Sequence[Event], ending: str, request: str) -> Kept:
    """What became of a turn, which is written down if it has news.

    Raises:
        NotKept: nothing has taken it.
    """
    if state.synthetic:
        return synthetic_turns.write(state, events, call_sid(), from_number(), ending, utc_now())
    if not call_intake.has_news(before, state, events, ending):
        return call_intake.as_before(state)
    return call_intake.write_turn(before, state, events, call_sid(), from_number(), ending, utc_now(), request)


def _true_ending(turn: Turn, events: Sequence[Event], kept: Kept | None) -> Turn:
    """The last words that fit what could be written down; the script has chosen them before."""
    flow, state, was_kept = script(), turn.state, kept is not None or not events
    has_code, questions = bool(state.request.receipt_code), present_context()
    if state.step == flow.noted and not has_code:
        return engine.end_instead(flow, turn, flow.not_noted, questions)
    if state.step in flow.ways(flow.not_noted) and has_code:
        return engine.end_instead(flow, turn, flow.noted, questions)
    silent = any(event.name == EventName.SILENT_CALLER for event in turn.events)
    if silent and not has_code and kept is not None and kept.place == EntryPlace.DATABASE:
        return engine.end_instead(flow, turn, flow.unserved, questions)  # another call of the number was quicker
    if not was_kept and state.step != flow.noted:
        return engine.end_instead(flow, turn, flow.unserved, questions, "not_kept")
    return turn


def document(turn: Turn) -> Document:
    """The carrier's document for a turn."""
    call = call_sid()
    if is_unknown_to_the_carrier(call):  # nobody will tell its end
        write_behind.write_row_soon(calls.asked, (call, utc_now()))
    turn = spoken_words.with_rows(turn, call)
    values, after = present_context().values(turn.state), doubled_keys.mark()
    query = named_forms.carried(turn) | ({doubled_keys.AFTER: after} if after else {})
    return Document(twiml.render(turn, call, values, **query))


def present_context() -> FlowContext:
    """Answers the flow's questions for this request, all at one instant: what is told fits what was decided."""
    asked = current()
    if asked.answered_at is None:
        asked.answered_at = utc_now()
    return FlowContext(call_sid(), from_number, asked.answered_at, lambda: current().identity)


def state_of(token: str, *, is_event: bool = False) -> CallState | None:
    """The call's state; the one that an event brings along may be of a call that is long over.

    Where it cannot be read (it is of another call, or the script has changed in mid-call), what the database
    remembers. If that is nothing, or of a call that is long over, the call begins again instead of being dropped.
    """
    call = call_sid()
    with suppress(Unreadable):
        state = unseal(token, call)
        if not is_event and is_of_a_call_long_over(state, utc_now()):
            raise Unreadable("of a call that can be no longer")
        if script().knows(state.step):
            if state.is_behind:
                state = call_intake.caught_up(state, call, from_number(), utc_now())
            return _without_former_prompts(state)
    log.warning("a call's state could not be read")
    with suppress(SQLAlchemyError):
        known = remembered_calls.remembered(call) if call else None
        if known is None or not script().knows(known.step):
            return None
        if is_event or not is_of_a_call_long_over(known, utc_now()):
            return known
    return None


def _without_former_prompts(state: CallState) -> CallState:
    """The state of a call that began before an update, without prompts that there are no more."""
    if not state.last_prompts:
        return state
    texts = catalogue(state.language).texts
    known = tuple(prompt for prompt in state.last_prompts if prompt in texts or prompt in OWN_TEXTS)
    return state if known == state.last_prompts else changed(state, last_prompts=known)


def new_call() -> CallState:
    """The state of a new call."""
    asked, now = current(), utc_now()
    form, caller = asked.fields, asked.caller
    state = CallState(
        script().start,
        DEFAULT_LANGUAGE,
        began_at=now,
        callback_number=caller.number or "",
        is_silent=True,
        shown_as=caller.shown_as,
        simulated_time=simulated_time(form) if settings().local else None,
    )
    return flow_context.recognised(state, asked.call_sid, caller.number, caller.telephone, form.get("To", ""), now)


def from_number() -> str | None:
    """The caller's number in E.164, where it is shown."""
    return caller_id().number


def caller_id() -> CallerId:
    """What is known of the telephone that calls."""
    return current().caller


def shown() -> str | None:
    """What tells the caller's telephone from others, which may be no telephone number."""
    return caller_id().telephone


def sid(field: str) -> str:
    """A carrier's id from a form field; empty if the field is missing or malformed."""
    return carrier_id(current().fields.get(field, ""))


def call_sid() -> str:
    """The carrier's id of the call; empty if it is missing."""
    return current().call_sid


def seconds() -> float | None:
    """RecordingDuration in seconds; None where it is missing or no number."""
    try:
        recorded = float(current().fields["RecordingDuration"])
    except (KeyError, ValueError):
        return None
    return min(max(0.0, recorded), 86400.0) if isfinite(recorded) else None
