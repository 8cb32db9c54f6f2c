"""Sets back what was recorded before the clock was set back, of members and waiting callers.

An instant that lies in the future counts as too young for as long as it does: who has gone an hour "from now" would be
rung, and who came then would wait behind those who come now.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from ivr.callbacks import early_records
from ivr.domain.enums import ClockState, QueueEntryState
from ivr.models.contact_centre import Presence, QueueEntry
from ivr.platform import clock_watch, database

log = logging.getLogger(__name__)

#: Instants that have passed when they are written. Not the mark of a call that asks a member (`duty_rung_at`).
_OF_MEMBERS = ("since_at", "idle_since_at", "came_at", "seen_at", "window_seen_at", "lost_at", "duty_asked_at")


def watch(now: datetime) -> None:
    """Watch the clock, and set back what lies in the future, attempts as well, unless this clock is outvoted."""
    found = early_records.watch_clock(now)
    if found.state == ClockState.AHEAD or found.is_outvoted:
        return
    with database.reading() as session:
        if not (_exist(session, now) or early_records.attempts_exist(session, now)):
            return
    with database.writing() as session:
        members, made = set_back(session, now), early_records.set_back_attempts(session, now)
    log.warning("the clock was set back: %d members and callers, %d attempts lay in the future", members, made)


def _exist(session: Session, now: datetime) -> bool:
    members, waiting = _early(now)
    found = (select(Presence.user_id).where(members), select(QueueEntry.id).where(waiting))
    return any(session.scalar(query.limit(1)) is not None for query in found)


def set_back(session: Session, now: datetime) -> int:
    """Set instants in the future to now, for how many members and callers. Of callers who wait the order stays."""
    members, waiting = _early(now)
    late = now + clock_watch.DIFFERENCE
    here = session.scalars(select(Presence).where(members)).all()
    for presence in here:
        for name in _OF_MEMBERS:
            at = getattr(presence, name)
            if at is not None and at > late:
                setattr(presence, name, now)
    entries = session.scalars(select(QueueEntry).where(waiting).order_by(QueueEntry.joined_at, QueueEntry.id)).all()
    ahead = entries[-1].joined_at - now if entries else timedelta(0)
    for entry in entries:
        entry.joined_at -= ahead
        entry.entered_at = min(entry.entered_at, entry.joined_at)
    return len(here) + len(entries)


def _early(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    late = now + clock_watch.DIFFERENCE
    members = or_(*(getattr(Presence, name) > late for name in _OF_MEMBERS))
    waits = QueueEntry.state.in_((QueueEntryState.WAITING, QueueEntryState.OFFERED))
    return members, and_(waits, QueueEntry.joined_at > late)
