"""Writes the turns of a synthetic call as those of any other, and undoes each in the same transaction.

Nobody ever sees the rows: no desk, figure, alert, report or queue has to leave them out. What has happened in the call
travels along in its state, and is written whole with each turn.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from ivr.calls import synthetic_calls
from ivr.domain.enums import EntryPlace
from ivr.flows.state import CallState, Event, EventContext
from ivr.platform import database
from ivr.prompts.script import script
from ivr.telephony.call_intake import take_in_turn
from ivr.telephony.deferred_writes import Kept, NotKept, TurnEntry

log = logging.getLogger(__name__)


class _Undone(Exception):
    """The transaction is to be rolled back."""


def write(
    state: CallState, events: Sequence[Event], call_sid: str, from_number: str | None, ending: str, now: datetime
) -> Kept:
    """Write a turn and undo it; note how far the call has come. With the receipt code, once there would be a task.

    Raises:
        NotKept: it could not be written. The call then ends without a receipt code.
    """
    context = EventContext.of(state)
    events = tuple(replace(event, context=event.context or context) for event in events)
    entry = TurnEntry(replace(state, pending_events=events), call_sid, from_number, ending, False, now)
    try:
        code = _code(entry)
        told = now if code and state.step == script().noted else None
        with database.writing() as session:
            synthetic_calls.went_on(session, call_sid, state.step, told)
    except Exception as error:
        log.exception("a turn of a synthetic call could not be written")
        raise NotKept("turn") from error
    return Kept(EntryPlace.DATABASE, code or "", events)


def _code(entry: TurnEntry) -> str | None:
    code = None
    with suppress(_Undone), database.writing() as session:
        code = take_in_turn(session, entry)
        session.flush()
        raise _Undone
    return code
