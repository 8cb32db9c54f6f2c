"""Puts a call's state together from what the database knows of it, where its own state cannot be read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ivr.callbacks import contacts
from ivr.callbacks.request import Request
from ivr.domain.enums import Promised
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.flows.request import CallerRequest, from_record
from ivr.flows.state import CallState
from ivr.flows.state_v0 import present_step
from ivr.models.calls import Call
from ivr.platform import database


def remembered(call_sid: str) -> CallState | None:
    """What the database knows of a call whose own state cannot be read."""
    with database.reading() as session:
        call = session.scalar(select(Call).where(Call.call_sid == call_sid))
        if call is None or not call.step:
            return None
        about: dict[str, Any] = {"concern": call.concern or "other"}
        if call.messages:
            about |= call.messages[-1].about
        state = CallState(
            present_step(call.step),
            call.language or DEFAULT_LANGUAGE,
            request=CallerRequest.copied(from_record(about)),
            began_at=call.started_at,
            callback_number=call.from_number or "",
            recording_number=call.messages[-1].recording_number if call.messages else 0,
        )
        if contact := contacts.of_call(session, call, Request.of(state.request)):
            own = not state.request.changes  # who has keyed in a code is told no number
            number = (contact.callback_number if own else None) or state.callback_number
            promised = Promised.UNCONFIRMED if contact.task.unconfirmed else Promised.CONFIRMED
            state = state.knowing(receipt_code=contact.receipt_code, callback_number=number, promised=promised)
        return state
