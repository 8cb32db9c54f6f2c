"""Calls (Anrufe): what the house knows of each, from the first ring to the last event."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.models import Call


def seen(session: Session, call_sid: str, from_number: str | None, now: datetime) -> Call:
    """The call of a carrier's id, written down at its first sight.

    Any event may be the first one to arrive, and two may arrive at once: the id is unique.
    """
    known = select(Call).where(Call.call_sid == call_sid).with_for_update()
    if call := session.scalar(known):
        call.from_number = call.from_number or from_number
        return call
    call = Call(call_sid=call_sid, from_number=from_number, started_at=now, state="in_progress")
    try:
        with session.begin_nested():
            session.add(call)
    except IntegrityError:
        return session.scalars(known).one()
    return call


def progressed(call: Call, step: str, language: str, concern: str | None) -> None:
    """Note how far a call has come."""
    call.step = step
    call.language = language
    call.concern = concern or call.concern


def ended(call: Call, now: datetime) -> None:
    """Close a call; its first end stays."""
    if call.state != "ended":
        call.state = "ended"
        call.ended_at = now
