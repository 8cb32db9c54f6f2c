"""What callers have lost, as the database says afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.models.voicebox import VoiceboxMessage
from ivr.platform import database
from tests.soak.chaos.people import Wish
from tests.soak.chaos.verdict import receipts

#: Calls that end in a task when they are served.
KINDS = ("message", "message, hung up", "recorded again", "keypad", "withheld", "emergency", "appointment")


@dataclass(frozen=True)
class Losses:
    """A sentence for each."""

    #: Callers who wanted a callback and are in no list of tasks.
    callers: Sequence[str]
    #: Callers who were told a receipt code, or were recorded after the tone, of whom no row knows.
    promises: Sequence[str]
    #: Callers of whom there are two tasks.
    doubled: Sequence[str]


def count(placed: Sequence[Wish]) -> Losses:
    """Compare what callers have heard with the rows."""
    with database.reading() as session:
        codes = set(session.scalars(select(CallbackTask.receipt_code)))
        tasks = Counter(session.scalars(select(Call.call_sid).join(Contact, Contact.call_id == Call.id)))
        left = select(Call.call_sid).join(VoiceboxMessage).where(VoiceboxMessage.state == "left")
        messages = set(session.scalars(left))
    callers, promises, doubled = [], [], []
    for wish in placed:
        who = f"{wish.kind} from {wish.number} ({wish.call_sid or 'never connected'})"
        why = f": {'; '.join(wish.errors)}" if wish.errors else ""
        if not tasks[wish.call_sid]:
            callers.append(f"{who} has no task{why}")
        if tasks[wish.call_sid] > 1:
            doubled.append(f"{who} has {tasks[wish.call_sid]} tasks")
        promises += [f"{who} was told {code}, which is nobody's" for code in receipts(wish.said) - codes]
        if wish.spoke and wish.call_sid not in messages:
            promises.append(f"{who} was recorded, and there is no message")
    return Losses(callers, promises, doubled)
