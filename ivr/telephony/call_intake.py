"""Stores the events of a call and what was promised, in one short transaction for each webhook."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.callbacks import contacts, emergency_reports, further_answers, intake
from ivr.callbacks.request import Request
from ivr.calls import caller_language, calls, screening
from ivr.contact_centre import leg_events
from ivr.domain.enums import EntryPlace, EventName
from ivr.flows.request import RequestAnswers
from ivr.flows.state import CallState, Event, EventContext
from ivr.models.calls import Call
from ivr.platform import counted_once, database, spool, write_behind
from ivr.telephony import call_events, deferred_writes
from ivr.telephony.deferred_writes import EndEntry, Entry, Handler, Kept, RecordingEntry, TurnEntry
from ivr.voicebox import voicebox

log = logging.getLogger(__name__)

_TURN = "turn"


# -- turns -------------------------------------------------------------------------------------------


def write_turn(
    before: CallState | None,
    state: CallState,
    events: Sequence[Event],
    call_sid: str,
    from_number: str | None,
    ending: str,
    now: datetime,
    request: str = "",
) -> Kept:
    """Write down what has become known of the call since `before` and what was promised.

    With the receipt code, once there is a task. `ending` is the name of the ending the call has reached, or empty;
    `request` identifies the carrier's request, of which a repetition writes nothing more.

    Raises:
        NotKept: nothing has taken it; the events are to be written down later.
    """
    if not has_news(before, state, events, ending):
        return as_before(state)
    said_more = _has_said_more(before, state)
    if not said_more and _is_only_language(events):
        _write_progress_behind(state, bool(events), call_sid, from_number, ending, now)
        return as_before(state)
    state_then = replace(state, pending_events=tuple(events))
    entry = TurnEntry(state_then, call_sid, from_number, ending, said_more, now, request)
    live = any(event.name in call_events.ABOUT_LIVE_CALLS for event in events)
    kept = deferred_writes.write(entry, _HANDLERS, alone=live)
    # A code that was given already stays true while the database does not answer.
    return kept if kept.place == EntryPlace.DATABASE else replace(kept, code=state.request.receipt_code)


def has_news(before: CallState | None, state: CallState, events: Sequence[Event], ending: str) -> bool:
    """Whether a turn brings anything that is written down. Most key presses bring nothing."""
    if state.untraced and _is_only_language(events):
        return False  # counted already; however often a number calls, it takes no more room
    if events or ending or before is None or _progress(before) != _progress(state):
        return True
    return _has_said_more(before, state)  # otherwise there is nothing that anybody asks about later


def as_before(state: CallState) -> Kept:
    """What became of a turn without news."""
    return Kept(EntryPlace.DATABASE, state.request.receipt_code)


def _is_only_language(events: Sequence[Event]) -> bool:
    return all(event.name == EventName.LANGUAGE_CHOSEN for event in events)


def _has_said_more(before: CallState | None, state: CallState) -> bool:
    """Whether the caller has answered more about a request that has a task already."""
    return bool(state.request.receipt_code) and (before is None or _answers(before) != _answers(state))


def caught_up(state: CallState, call_sid: str, from_number: str | None, now: datetime) -> CallState:
    """The state of a call, with its receipt code where that has become known since: what waited has been written."""
    if not state.is_behind or not deferred_writes.catch_up(call_sid, _HANDLERS):
        return state
    with suppress(SQLAlchemyError):
        if state.pending_events:
            with database.writing() as session:
                take_in_turn(session, TurnEntry(state, call_sid, from_number, "", False, now))
            state = replace(state, pending_events=())
        with database.reading() as session:
            call = session.scalar(select(Call).where(Call.call_sid == call_sid))
            contact = contacts.of_call(session, call, Request.of(state.request)) if call else None
            return state.knowing(is_behind=False, receipt_code=contact.receipt_code) if contact else state
    return state


def _answers(state: CallState) -> RequestAnswers:
    return RequestAnswers.copied(state.request)


def _progress(state: CallState) -> tuple[str, str | None]:
    return state.language, state.request.concern


def _write_progress_behind(
    state: CallState, language_chosen: bool, call_sid: str, from_number: str | None, ending: str, now: datetime
) -> None:
    """Note how far the call has come, after it has been answered."""
    began, concern = began_at(state, now), state.request.concern
    at, told = (state.step, state.language, concern, ending), (state.shown_as, state.answers)
    progress = calls.Progress(call_sid, from_number, began, *at, *told)
    write_behind.write_row_soon(calls.went_on, progress)
    if language_chosen:
        write_behind.write_row_soon(caller_language.remember_all, (from_number, state.language, now))


def take_in_turn(session: Session, entry: TurnEntry) -> str | None:
    """Writes a turn; the receipt code."""
    state = entry.state
    call = calls.seen(session, entry.call_sid, entry.from_number, began_at(state, entry.at))
    call.shown_as = call.shown_as or state.shown_as
    calls.progressed(call, state.step, state.language, state.request.concern, entry.ending, state.answers)
    # A repetition may come when the call has gone on, and would bring back what its caller has changed since.
    is_new = not entry.request or counted_once.is_first(session, _TURN, f"{call.call_sid} {entry.request}", entry.at)
    for event in state.pending_events if is_new else ():
        if not event.name_of_copy or spool.take_mark(session, event.name_of_copy):
            call_events.take_in(session, call, state, event, entry.at)
    if not entry.said_more and not any(event.name in call_events.ABOUT_TASKS for event in state.pending_events):
        return state.request.receipt_code
    request = Request.of(state.request)
    contact = contacts.of_call(session, call, request)
    if contact is not None and is_new:
        further_answers.take(session, contact, request, entry.at)
    return contact.receipt_code if contact is not None else None


def join_queue(session: Session, call_sid: str, state: CallState, now: datetime) -> None:
    """Write down that a caller waits, where that could not be done when they began to."""
    call = calls.seen(session, call_sid, None, began_at(state, now))
    calls.progressed(call, state.step, state.language, state.request.concern, answers=state.answers)
    call_events.join_queue(session, call, state, EventContext.of(state), now)


# -- recordings --------------------------------------------------------------------------------------


def recording_event(
    state: CallState, call_sid: str, recording_sid: str, status: str, seconds: float | None, now: datetime
) -> None:
    """What became of a recording: in-progress, completed, absent or failed; in any order, any number of times.

    Raises:
        NotKept: nothing has taken it.
    """
    entry = RecordingEntry(state, call_sid, recording_sid, status, seconds, now)
    deferred_writes.write(entry, _HANDLERS)


def _take_in_recording(session: Session, entry: RecordingEntry) -> None:
    state, now = entry.state, entry.at
    call = calls.seen(session, entry.call_sid, None, began_at(state, now))
    call.shown_as = call.shown_as or state.shown_as
    calls.progressed(call, call.step or state.step, state.language, state.request.concern, answers=state.answers)
    described = call_events.recording_plan(session, call, state.recording_number, EventContext.of(state))
    recording = voicebox.announced(session, call, described, entry.recording_sid, now)
    if entry.status == "in-progress":
        voicebox.hung_up_while_recording(session, call, now)
    elif entry.status == "absent" or (entry.status == "completed" and entry.seconds == 0):
        voicebox.nothing_left(session, call, recording, now)
    else:  # completed; or failed: perhaps there is audio all the same, the fetch will tell
        contact = voicebox.left(session, call, recording, entry.seconds or None, now)
        if contact.callback_number is None and not state.request.changes:
            # This event came before any that says who is calling. Words that are added by receipt code give no number.
            intake.give_number(session, contact, state.callback_number or None, now)


# -- the end -----------------------------------------------------------------------------------------


def call_ended(call_sid: str, from_number: str | None, now: datetime, *, shown: str | None = None) -> None:
    """The call is over.

    `shown`: what the caller's telephone shows (see :class:`ivr.domain.caller_ids.CallerId`).

    Raises:
        NotKept: nothing has taken it.
    """
    known_only = screening.is_held_off(from_number or shown)
    if not spool.waiting(call_sid):
        with suppress(SQLAlchemyError), database.noting() as connection:
            if not calls.ended(connection, call_sid, from_number, now, known_only=known_only):
                return
    deferred_writes.write(EndEntry(call_sid, from_number, known_only, now), _HANDLERS, alone=True)


def _take_in_end(session: Session, entry: EndEntry) -> None:
    call_sid, now = entry.call_sid, entry.at
    session.flush()
    more = calls.ended(session.connection(), call_sid, entry.from_number, now, known_only=entry.known_only)
    calls.read_again(session, call_sid)
    if not more:
        return
    # What this event says of the caller is less than what the call's first request said.
    call = calls.seen(session, call_sid, None, now)
    leg_events.callers_call_over(session, call, now)
    voicebox.hung_up_while_recording(session, call, now)
    voicebox.look_for_expected(session, call, now)
    emergency_reports.call_ended(session, call, now)


# -- what the database knows --------------------------------------------------------------------------


_HANDLERS: Mapping[type[Entry], Handler] = {
    TurnEntry: take_in_turn,
    RecordingEntry: _take_in_recording,
    EndEntry: _take_in_end,
}


def replay_spool() -> int:
    """Write into the database what waits in this host's spool; how many entries there were.

    Raises:
        SQLAlchemyError: the database is still away.
    """
    return deferred_writes.replay(_HANDLERS)


def write_last(_again: int = 3) -> None:
    """This process ends: what it alone holds is tried once more, and told where it is lost."""
    for _ in range(_again):
        if not spool.in_memory():
            return
        with suppress(SQLAlchemyError, OSError):
            replay_spool()
    if lost := spool.in_memory():
        log.critical("%d entries about calls could be written nowhere and are lost with this process", lost)


atexit.register(write_last)


def began_at(state: CallState, now: datetime) -> datetime:
    """The call's first contact, from which every promise counts."""
    return state.began_at or now
