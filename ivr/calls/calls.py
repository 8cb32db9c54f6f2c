"""Calls (Anrufe): what the house knows of each, from the first ring to the last event."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Table, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.calls import erased_ids
from ivr.models.calls import Call
from ivr.models.contact_centre import QueueEntry
from ivr.platform.column_types import insert

_CALLS = Table("calls", Call.metadata)
_MESSAGES = Table("voicebox_messages", Call.metadata)
_ENTRIES = Table("line_entries", QueueEntry.metadata)


def seen(session: Session, call_sid: str, from_number: str | None, now: datetime) -> Call:
    """The call of a carrier's id, written down at its first sight.

    Any event may be the first one to arrive, and two may arrive at once: the id is unique.
    """
    known = select(Call).where(Call.call_sid == call_sid).with_for_update()
    if call := session.scalar(known):
        call.from_number = call.from_number or from_number
        return call
    if erased_ids.lies_on(session, call_sid):
        from_number = None  # erased: a late event brings back no more than that there was a call
    call = Call(call_sid=call_sid, from_number=from_number, started_at=now, state="in_progress")
    try:
        with session.begin_nested():
            session.add(call)
    except IntegrityError:
        return session.scalars(known).one()
    return call


def went_on(
    connection: Connection,
    call_sid: str,
    from_number: str | None,
    began_at: datetime,
    step: str,
    language: str,
    concern: str | None,
    ending: str,
) -> None:
    """Note how far a call has come, in one statement, or two at its first sight."""
    values = {"step": step, "language": language} | ({"concern": concern} if concern else {})
    if ending:
        values["ending"] = ending
    if connection.execute(update(_CALLS).where(_CALLS.c.call_sid == call_sid).values(values)).rowcount:
        return
    first = {"call_sid": call_sid, "from_number": from_number, "started_at": began_at, "state": "in_progress"}
    new = insert(connection.dialect, _CALLS).values({**first, **values})
    connection.execute(new.on_conflict_do_update(index_elements=["call_sid"], set_=values))


def progressed(call: Call, step: str, language: str, concern: str | None, ending: str = "") -> None:
    """Note how far a call has come."""
    call.step = step
    call.language = language
    call.concern = concern or call.concern
    call.ending = ending or call.ending


def ended(
    connection: Connection, call_sid: str, from_number: str | None, now: datetime, *, known_only: bool = False
) -> bool:
    """Close a call; its first end stays. Who has not reached one of the script's endings has hung up. `known_only`:
    nothing is written down of a call nobody has heard of.

    True if something was recorded, or might have been, that somebody has to look at; or if the caller waited in a line.
    """
    closing = {"state": "ended", "ended_at": now, "ending": func.coalesce(_CALLS.c.ending, "hung_up")}
    still = (_CALLS.c.call_sid == call_sid, _CALLS.c.state != "ended")
    if not connection.execute(update(_CALLS).where(*still).values(closing)).rowcount and not known_only:
        alone = {"call_sid": call_sid, "from_number": from_number, "started_at": now, **closing, "ending": "hung_up"}
        new = insert(connection.dialect, _CALLS).values(alone)
        connection.execute(new.on_conflict_do_update(index_elements=["call_sid"], set_=closing, where=still[1]))
    expected = select(_MESSAGES.c.id).join(_CALLS).where(_CALLS.c.call_sid == call_sid, _MESSAGES.c.state == "expected")
    waited = select(_ENTRIES.c.id).join(_CALLS).where(_CALLS.c.call_sid == call_sid)
    return connection.execute(expected.limit(1)).first() is not None or (
        connection.execute(waited.limit(1)).first() is not None
    )
