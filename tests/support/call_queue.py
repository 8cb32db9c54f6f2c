"""Callers in the call queue: how they get there, and what the database says of them."""

from __future__ import annotations

from sqlalchemy import select

from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, Leg, QueueEntry
from ivr.platform import database
from tests.support.caller import Caller

#: The number that members call to hear their own menu.
STAFF = "+494211782660"
#: The other auth token of the account; all processes know it from their start.
SECOND_TOKEN = "fedcba98765432100123456789abcdef"


def waits(person: Caller, key: str = "1") -> Caller:
    """A caller at the main menu chooses a concern and waits in the call queue."""
    return person.presses(key).hears("transfer").stays_silent().waits_in_line()


def entry_of(person: Caller) -> QueueEntry:
    with database.reading() as session:
        return session.scalars(
            select(QueueEntry)
            .join(Call)
            .where(Call.call_sid == person.call_sid)
            .order_by(QueueEntry.queue_visit.desc())
        ).first()


def conversation_of(person: Caller) -> Conversation:
    with database.reading() as session:
        return session.scalars(select(Conversation).join(Leg).where(Leg.call_sid == person.call_sid)).one()
