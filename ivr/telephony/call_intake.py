"""Answers a flow's questions and does what it promises, in one short transaction a request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.callbacks import intake, receipt_lookup, sms
from ivr.callbacks.request import Request, about
from ivr.calls import caller_language, calls, screening
from ivr.config.settings import settings
from ivr.contact_centre import call_distribution, call_queue, interpreters
from ivr.contact_centre import leg_events as live_events
from ivr.domain import opening_hours, sla_policies
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.domain.timestamps import iso
from ivr.flows.protocol import Event, State
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import database, spool, write_behind
from ivr.telephony.state_token import seal, unseal
from ivr.voicebox import voicebox

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class House:
    """Implements :class:`ivr.flows.steps.Questions` for one request of one call."""

    call_sid: str
    from_number: str | None
    now: datetime

    def at(self, state: State) -> datetime:
        """The present instant, or the one a person at the local exchange pretends (fact `at`): that at which the call
        began, from which the clock goes on."""
        pretended = state.facts.get("at", "") if settings().local else ""
        if pretended in ("", "open", "closed"):
            return self.now
        return datetime.fromisoformat(pretended) + (self.now - began_at(state, self.now))

    def team_is_open(self, state: State) -> bool:
        """By the clock; in local mode the exchange may say which hour to pretend."""
        pretended = state.facts.get("at", "") if settings().local else ""
        if pretended in ("open", "closed"):
            return pretended == "open"
        return opening_hours.is_open(settings().hours, self.at(state))

    def line_state(self, state: State) -> str:
        """Whether the caller can wait for the responsible team; nobody is there where the database does not say."""
        try:
            with database.reading() as session:
                if state.facts.get("concern") == "emergency" and self._fills_the_line(session):
                    return "taken"
                return call_queue.state_for(session, Request.of(state.facts).team, self.now)
        except SQLAlchemyError:
            return "nobody"

    def _fills_the_line(self, session: Session) -> bool:
        """A number that is kept away stands in the line once at the most, whatever its emergencies."""
        number = self.from_number
        if number is None or not call_queue.waits_already(session, number):
            return False
        return screening.is_held_off(number) or screening.is_blocked(session, number, self.now)

    def recording_is_ready(self, state: State) -> bool:
        """Whether the last take is stored here; no, where the database does not say."""
        try:
            return stored_take(self.call_sid, state.take) is not None
        except SQLAlchemyError:
            return False

    def decides(self, question: str, state: State) -> bool:
        """Whether the responsible team depends on the answer to a question."""
        matter = Request.of(state.facts)
        return settings().decides(question, matter.concern, matter.age_group, matter.office)

    def office_of(self, postal_code: str) -> str | None:
        """The office responsible for a postal code, None outside Bremen."""
        return settings().office_of(postal_code)

    def is_ours(self, number: str) -> bool:
        """Whether a number is the hotline's, or another of the house's own."""
        configured = settings()
        return number in (configured.hotline_number, configured.staff_number, *configured.dialled_languages)

    def request(self, state: State) -> tuple[str, Mapping[str, str]]:
        """What became of the request of the receipt code that was keyed in; counts wrong codes."""
        code, asked = state.facts.get("asked_code", ""), {"asked_code": ""}
        try:
            with database.writing() as session:
                task = receipt_lookup.find(session, code, self.from_number or self.call_sid, self.now)
                if task is None:
                    return "unknown", {"request": "", **asked}
                outcome, facts = intake.status_for_caller(task, self.now)
                over = {"kind": task.kind, "concern": task.concern} if task.state == "closed" else {}
        except (receipt_lookup.Locked, SQLAlchemyError) as error:
            if isinstance(error, SQLAlchemyError):
                log.exception("a receipt code could not be looked up")
            return "locked", {"request": "", **asked}
        if over:  # what the caller wants now is something new, about the same
            return outcome, {
                **facts,
                **dict.fromkeys(("request", "receipt_code", "left", "again"), ""),
                **over,
                **asked,
            }
        return outcome, {**facts, "request": code, "receipt_code": code, **asked}

    def values(self, state: State) -> dict[str, str]:
        """What prompts may name: instants in ISO form, counts and numbers as digits."""
        configured, now = settings(), self.at(state)
        team = Request.of(state.facts).team
        promised = (configured.sla_policies, configured.hours)
        emergency_due = sla_policies.due_at(now, "callback", "emergency", team, *promised)
        hours = (sla_policies.due_at(now, "callback", "normal", team, *promised) - now).total_seconds() / 3600
        opening = opening_hours.next_opening(configured.hours, now)
        if opening is not None and opening <= now:  # pretended to be closed within opening hours
            opening = opening_hours.next_opening_day(configured.hours, now)
        return {
            "due_at": iso(emergency_due) or "",
            "opening_at": iso(opening or now) or "",
            "hours": str(min(99, -int(-hours // 1))),
            "minutes": str(configured.message_seconds // 60 or 1),
            **state.facts,
        }


def greeting(number: str | None, dialled: str, now: datetime) -> str | None:
    """The language to greet a caller in: that of the dialled number, else the one of their last call."""
    configured = settings()
    if language := configured.dialled_languages.get(dialled):
        return language
    try:
        with database.reading() as session:
            return caller_language.language_of(session, number, now)
    except SQLAlchemyError:
        return None


def kept_away(number: str | None, now: datetime) -> dict[str, str]:
    """Facts of a call that begins: `kept_away` is `blocked` (by a supervisor) or `held_off` (for minutes, because the
    number rings without end); `untraced`: so many ring that only what they ask for is written down."""
    often = screening.too_often(number)
    if often:
        write_behind.take(lambda connection: screening.note(connection, number or screening.WITHHELD, now))
    try:
        with database.reading() as session:
            if screening.is_blocked(session, number, now):
                return {"kept_away": "blocked", "untraced": "1" if often else ""}
    except SQLAlchemyError:
        pass
    return {"kept_away": "held_off" if often and number else "", "untraced": "1" if often else ""}


def stored_take(call_sid: str, take: int) -> Recording | None:
    """The stored recording of a take of a call, if it is there."""
    with database.reading() as session:
        return session.scalar(
            select(Recording)
            .join(VoiceboxMessage)
            .join(Call)
            .where(Call.call_sid == call_sid, VoiceboxMessage.take == take, Recording.state == "stored")
        )


#: Events that lead to a task, or change one.
_ABOUT_TASKS = frozenset(
    {"message_left", "asked", "number_given", "changed", "withdrawn", "place_kept", "interpreter_wanted"}
)


#: Events that change who waits and who talks.
_ABOUT_LIVE_CALLS = frozenset({"line_joined", "place_kept", "interpreter_wanted"})


def perform(
    before: State | None,
    state: State,
    events: Sequence[Event],
    call_sid: str,
    from_number: str | None,
    ending: str,
    now: datetime,
) -> str | None:
    """Write down what has become known of the call since `before` and what was promised; the receipt code once
    there is a task. `ending` is the name of the ending the call has reached, or nothing.

    Raises:
        NotKept: neither the database nor the disk has taken it; the events are to be told again.
    """
    concern, code = state.facts.get("concern"), state.facts.get("receipt_code")
    if state.facts.get("untraced") and all(event.name == "language_chosen" for event in events):
        return code  # counted already; however often a number rings, it takes no more room
    said_more = bool(code) and (before is None or about(before.facts) != about(state.facts))
    if not events and not said_more and not ending and before is not None and _stands(before) == _stands(state):
        return code  # nothing that anybody asks about later
    if not said_more and all(event.name == "language_chosen" for event in events):

        def note(connection: Connection) -> None:
            began = began_at(state, now)
            calls.went_on(connection, call_sid, from_number, began, state.step, state.language, concern, ending)
            if events:
                caller_language.remember(connection, from_number, state.language, now)

        write_behind.take(note)
        return code
    turn = (replace(state, owed=tuple(events)), call_sid, from_number, ending, said_more, now)
    live = any(event.name in _ABOUT_LIVE_CALLS for event in events)
    written, code = _now_or_later("turn", turn, alone=live)
    return code if written else None


def _take_in_turn(
    session: Session,
    state: State,
    call_sid: str,
    from_number: str | None,
    ending: str,
    said_more: bool,
    now: datetime,
) -> str | None:
    """A turn of a call, with its events in `state.owed`; the receipt code."""
    call = calls.seen(session, call_sid, from_number, began_at(state, now))
    calls.progressed(call, state.step, state.language, state.facts.get("concern"), ending)
    for event in state.owed:
        _take_in(session, call, state, event, now)
    if not said_more and not any(event.name in _ABOUT_TASKS for event in state.owed):
        return state.facts.get("receipt_code")
    matter = Request.of(state.facts)
    task = intake.of_call(session, call, matter)
    if task is not None:
        intake.complete(session, task, call, matter)
    return task.receipt_code if task is not None else None


def _stands(state: State) -> tuple[str, str | None]:
    return state.language, state.facts.get("concern")


def _take_in(session: Session, call: Call, state: State, event: Event, now: datetime) -> None:
    facts = event.about or state.facts
    matter = Request.of(facts)
    match event.name:
        case "language_chosen":
            caller_language.remember(session.connection(), call.from_number, state.language, now)
        case "recording_begins":
            voicebox.expect(session, call, _take(event.take, state.language, facts), now)
        case "message_left":
            take = _take(event.take, state.language, facts)
            recording = voicebox.announced(session, call, take, event.recording_sid, now)
            voicebox.left(session, call, recording, event.seconds, now)
        case "asked":
            intake.open_for(session, call, matter, now)
        case "line_joined":
            _join_line(session, call, state, facts, now)
        case "place_kept":
            kept = intake.open_for(session, call, matter, now)
            if entry := call_queue.of_call(session, call.call_sid, int(facts.get("turn", "1"))):
                call_queue.keep_place(session, entry, kept, now)
        case "interpreter_wanted":
            wish = intake.open_for(session, call, matter, now)
            wish.needs_interpreter, wish.language = True, interpreters.wanted_of(session, call) or wish.language
            live_events.callers_call_over(session, call, now)  # the conversation is; the member is free
        case "link_wanted":
            sms.send_link(session, call, event.number, state.language)
        case _ if (task := intake.of_call(session, call, matter)) is not None:
            _change(session, task, call, event, matter, now)


def _join_line(session: Session, call: Call, state: State, facts: Mapping[str, str], now: datetime) -> None:
    turn, comes_back = int(facts.get("turn", "1")), facts.get("back") == "1"
    if turn > 1:  # whoever waits again has left the conversation they were in
        live_events.callers_call_over(session, call, now)
    call_queue.enter(session, call, turn, Request.of(facts), state.language, seal(state), now, comes_back=comes_back)
    call_distribution.match(session, now)


def join_line(session: Session, call_sid: str, state: State, now: datetime) -> None:
    """Write down that a caller waits, where that could not be done when they began to."""
    call = calls.seen(session, call_sid, None, began_at(state, now))
    calls.progressed(call, state.step, state.language, state.facts.get("concern"))
    _join_line(session, call, replace(state, owed=()), state.facts, now)


def _take(number: int, language: str, facts: Mapping[str, str]) -> voicebox.Take:
    return voicebox.Take(number, language, about(facts), int(facts.get("replaces", "0")) or None)


def _change(session: Session, task: CallbackTask, call: Call, event: Event, matter: Request, now: datetime) -> None:
    if matter.changes:
        intake.join(session, task, call, now)
    match event.name:
        case "number_given":
            intake.give_number(session, task, event.number, now)
        case "changed":
            intake.change_times(session, task, matter, now)
        case "withdrawn":
            intake.withdraw(session, task, now)


def recording_event(
    state: State, call_sid: str, recording_sid: str, status: str, seconds: float | None, now: datetime
) -> None:
    """What became of a recording: in-progress, completed, absent or failed; in any order, any number of times.

    Raises:
        NotKept: neither the database nor the disk has taken it.
    """
    _now_or_later("recording", (state, call_sid, recording_sid, status, seconds, now))


def _take_in_recording(
    session: Session,
    state: State,
    call_sid: str,
    recording_sid: str,
    status: str,
    seconds: float | None,
    now: datetime,
) -> None:
    call = calls.seen(session, call_sid, None, began_at(state, now))
    calls.progressed(call, call.step or state.step, state.language, state.facts.get("concern"))
    take = _take(state.take, state.language, state.facts)
    recording = voicebox.announced(session, call, take, recording_sid, now)
    if status == "in-progress":
        voicebox.hung_up_while_recording(session, call, now)
    elif status == "absent" or (status == "completed" and seconds == 0):
        voicebox.nothing_left(session, call, recording, now)
    else:  # completed; or failed: perhaps there is audio all the same, the fetch will tell
        task = voicebox.left(session, call, recording, seconds or None, now)
        if task.callback_number is None:  # this event came before any that says who is calling
            intake.give_number(session, task, state.facts.get("callback_number"), now)


def call_ended(call_sid: str, from_number: str | None, now: datetime, *, shown: str | None = None) -> None:
    """The caller is gone. `shown`: what their telephone shows (see :func:`ivr.domain.phone_numbers.shown_number`).

    Raises:
        NotKept: neither the database nor the disk has taken it.
    """
    known_only = screening.is_held_off(from_number or shown)
    if not spool.waiting():
        with suppress(SQLAlchemyError), database.noting() as connection:
            if not calls.ended(connection, call_sid, from_number, now, known_only=known_only):
                return
    _now_or_later("end", (call_sid, from_number, known_only, now), alone=True)


def _take_in_end(session: Session, call_sid: str, from_number: str | None, known_only: bool, now: datetime) -> None:
    if not calls.ended(session.connection(), call_sid, from_number, now, known_only=known_only):
        return
    call = calls.seen(session, call_sid, from_number, now)
    live_events.callers_call_over(session, call, now)
    voicebox.hung_up_while_recording(session, call, now)
    voicebox.look_for_expected(session, call, now)


# -- where the database is away ---------------------------------------------------------------------


class NotKept(Exception):
    """Neither the database nor the spool could take something."""


_HANDLERS: Mapping[str, Callable[..., str | None]] = {
    "turn": _take_in_turn,
    "recording": _take_in_recording,
    "end": _take_in_end,
}


def _now_or_later(kind: str, told: tuple[Any, ...], *, alone: bool = False) -> tuple[bool, str | None]:
    """Write into the database what was told; or into the spool, behind what waits there already. Whether it is in the
    database, and what its handler gave.

    Raises:
        NotKept: neither was possible.
    """
    if not spool.waiting():
        try:
            with database.writing_alone() if alone else database.writing() as session:
                return True, _HANDLERS[kind](session, *told)
        except SQLAlchemyError as error:
            log.warning("the database did not take a %s (%s); it goes to the spool", kind, type(error).__name__)
    try:
        spool.keep(kind, [_packed(value) for value in told])
    except OSError as error:
        raise NotKept(kind) from error
    return False, None


def replay_spool() -> int:
    """Write into the database what waits in this host's spool; how many entries there were.

    Raises:
        SQLAlchemyError: it is still away.
    """

    def handler(kind: str) -> spool.Handler:
        return lambda session, payload: _HANDLERS[kind](session, *map(_unpacked, payload))

    return spool.replay({kind: handler(kind) for kind in _HANDLERS})


def _packed(value: Any) -> Any:
    if isinstance(value, State):
        return {"state": seal(value)}
    return {"at": value.isoformat()} if isinstance(value, datetime) else value


def _unpacked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return unseal(value["state"]) if "state" in value else datetime.fromisoformat(value["at"])


def remembered(call_sid: str) -> State | None:
    """What the database knows of a call whose own state cannot be read."""
    with database.reading() as session:
        call = session.scalar(select(Call).where(Call.call_sid == call_sid))
        if call is None or not call.step:
            return None
        facts = {"concern": call.concern or "other", "since": call.started_at.isoformat()}
        if call.from_number:
            facts["callback_number"] = call.from_number
        if call.messages:
            facts.update(call.messages[-1].about)
            facts["take"] = str(call.messages[-1].take)
        if task := intake.of_call(session, call, Request.of(facts)):
            facts["receipt_code"] = task.receipt_code
            facts["callback_number"] = task.callback_number or facts.get("callback_number", "")
        return State(call.step, call.language or DEFAULT_LANGUAGE).knowing(**facts)


def began_at(state: State, now: datetime) -> datetime:
    """The call's first contact, from which every promise counts."""
    since = state.facts.get("since")
    return datetime.fromisoformat(since) if since else now
