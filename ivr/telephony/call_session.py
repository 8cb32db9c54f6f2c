"""One request of a call: what the carrier's form says, the call's state, and the document that answers it."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from dataclasses import replace
from math import isfinite

from flask import Response, request
from sqlalchemy.exc import SQLAlchemyError

from ivr.config.settings import settings
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.domain.phone_numbers import calling_number, shown_number
from ivr.domain.timestamps import utc_now
from ivr.flows.protocol import State, Turn
from ivr.flows.steps import End
from ivr.prompts.script import script
from ivr.telephony import call_intake, twiml
from ivr.telephony.simulated_time import pretended_hour
from ivr.telephony.state_token import Unreadable, unseal

log = logging.getLogger(__name__)


def reply(turn: Turn, before: State | None = None) -> Response:
    """Tell the house what the turn means, and the carrier what to do."""
    call, state = call_sid(), turn.state
    events = (*state.owed, *turn.events)
    step = script().steps[state.step]
    ending = step.ending if isinstance(step, End) else ""
    try:
        code = call_intake.perform(before, state, events, call, from_number(), ending, utc_now()) if call else None
        state = replace(state, owed=()).knowing(receipt_code=code or "")
    except call_intake.NotKept:
        # The caller goes on; what the house must know travels with the call until it can be written.
        log.exception("a step could not be written down")
        told_later = (event if event.about else replace(event, about=dict(state.facts)) for event in events)
        state = replace(state, owed=tuple(told_later))
    return document(replace(turn, state=state))


def document(turn: Turn) -> Response:
    """The carrier's document for a turn."""
    return Response(twiml.render(turn, call_sid(), present_house().values(turn.state)), mimetype="text/xml")


def present_house() -> call_intake.House:
    """Answers the flow's questions for this request."""
    return call_intake.House(call_sid(), from_number(), utc_now())


def state_of(token: str) -> State | None:
    """The call's state; where it cannot be read (a secret or the script changed in mid-call) what the
    database remembers; if that is nothing, the call begins anew rather than being dropped."""
    with suppress(Unreadable):
        state = unseal(token)
        if state.step in script().steps:
            return state
    log.warning("a call's state could not be read")
    with suppress(SQLAlchemyError):
        known = call_intake.remembered(call_sid()) if call_sid() else None
        if known is not None and known.step in script().steps:
            return known
    return None


def new_call() -> State:
    """Where a call begins."""
    state = State(script().start, DEFAULT_LANGUAGE).knowing(since=utc_now().isoformat())
    if number := from_number():
        state = state.knowing(callback_number=number)
    if settings().local and (at := pretended_hour(request.form)):
        state = state.knowing(at=at)
    if language := call_intake.greeting(from_number(), request.form.get("To", ""), utc_now()):
        state = replace(state, language=language).knowing(greeted="1")
    return state.knowing(**call_intake.kept_away(shown(), utc_now()))


def from_number() -> str | None:
    """The caller's number in E.164, where it is shown."""
    return calling_number(request.form.get("From"))


def shown() -> str | None:
    """What the caller's telephone shows, though it may be no number."""
    return shown_number(request.form.get("From"))


def sid(field: str) -> str:
    """A carrier's id; empty where the request has none that could be one."""
    given = request.form.get(field, "")
    return given if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", given) else ""


def call_sid() -> str:
    """The carrier's id of the call; empty where there is none that could be one."""
    return sid("CallSid")


def seconds() -> float | None:
    """RecordingDuration in seconds; None where it is missing or no number."""
    try:
        recorded = float(request.form["RecordingDuration"])
    except (KeyError, ValueError):
        return None
    return min(max(0.0, recorded), 86400.0) if isfinite(recorded) else None
