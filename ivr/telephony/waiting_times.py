"""What a waiting caller is told of their place in the call queue. Nothing is written."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ivr.contact_centre import call_distribution, queue_order
from ivr.flows.protocol import PromptLine
from ivr.models.contact_centre import QueueEntry

#: Longer waits are not announced in minutes.
_LONG = timedelta(minutes=60)


def told(session: Session, entry: QueueEntry, now: datetime) -> tuple[PromptLine, ...]:
    """Position and expected wait of a waiting caller, and why they wait where members have declined the call."""
    place = queue_order.position(session, entry, now)
    expected = queue_order.expected_wait(session, entry.team_id, place, now)
    # the offer to be called back follows
    why = (PromptLine("nobody_answered"),) if call_distribution.was_declined(session, entry) else ()
    said = (*why, PromptLine("line_position", values={"place": str(place)}))
    if expected is None:
        return said
    if expected > _LONG:
        return (*said, PromptLine("line_long_wait"))
    return (*said, PromptLine("line_wait", values={"wait_minutes": str(in_fives(expected))}))


def in_fives(wait: timedelta) -> int:
    """Minutes of a wait, in fives, rounded up: more is not known. Every language has one word for "minutes" then."""
    return 5 * max(1, -int(-wait.total_seconds() // 300))
