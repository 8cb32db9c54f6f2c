"""The call queues of the teams (Warteschlange): callers begin to wait, and leave for a reason.

In which order they are served is said in :mod:`ivr.contact_centre.queue_order`; places that are kept for callers who
have hung up, in :mod:`ivr.contact_centre.kept_places`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.accounts import teams
from ivr.callbacks.request import Request
from ivr.config.settings import settings
from ivr.contact_centre import duty_roster, queue_order
from ivr.contact_centre.queue_order import IN_QUEUE
from ivr.domain.enums import (
    ConversationState,
    QueueEntryMode,
    QueueEntryState,
    QueueExit,
    Urgency,
    WorkKind,
)
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, QueueEntry
from ivr.platform import monitoring, outbox
from ivr.platform.column_types import rows


def state_for(session: Session, team_key: str, now: datetime) -> str:
    """Whether a caller can wait for a team now: `open`, `full`, or `nobody` is there.

    An emergency can always wait, and does not count against `line_places`.
    """
    team = teams.by_key(session, team_key, settings().teams[team_key].name)
    if not duty_roster.somebody_answers(session, team.id, now):
        return "nobody"
    waiting = session.scalar(
        select(func.count(QueueEntry.id)).where(
            IN_QUEUE,
            QueueEntry.team_id == team.id,
            QueueEntry.mode == QueueEntryMode.LIVE,
            QueueEntry.urgency != Urgency.EMERGENCY,
        )
    )
    return "full" if (waiting or 0) >= settings().line_places else "open"


def waits_already(session: Session, number: str) -> bool:
    """Whether a call of a number is in a call queue already."""
    theirs = (
        select(QueueEntry.id)
        .join(Call)
        .where(IN_QUEUE, QueueEntry.mode == QueueEntryMode.LIVE, Call.from_number == number)
    )
    return session.scalar(theirs.limit(1)) is not None


def enter(
    session: Session, call: Call, visit: int, request: Request, language: str, resume: str, now: datetime, *,
    comes_back: bool = False,
) -> QueueEntry:  # fmt: skip
    """A caller begins to wait, for the `visit`th time in this call.

    `comes_back`: with the place that they had before in this call, or the one that is kept for their telephone.
    `resume` is the call's sealed state. A repeated request changes nothing.
    """
    before = select(QueueEntry).where(QueueEntry.call_id == call.id)
    if known := session.scalar(before.where(QueueEntry.queue_visit == visit)):
        return known
    waited = before.where(QueueEntry.queue_visit > 0).order_by(QueueEntry.queue_visit)
    first = session.scalar(waited.limit(1)) if comes_back else None
    kept = queue_order.kept_for(session, call.from_number, request.team, now) if comes_back and first is None else None
    old = first or kept
    entry = _entry(session, call, visit, request, language, now)
    entry.state, entry.resume, entry.joined_at = QueueEntryState.WAITING, resume, old.joined_at if old else now
    entry.continues_id = kept.id if kept else first.continues_id if first else None
    return _written(session, entry)


def not_served(
    session: Session, call: Call, visits: int, request: Request, language: str, reason: QueueExit, now: datetime
) -> None:
    """Note a caller who wanted a team after so many visits to the queue, and could not wait. They are counted.

    Who has waited in this visit has an entry, which says why they left.
    """
    known = select(QueueEntry.id).where(QueueEntry.call_id == call.id, QueueEntry.queue_visit == visits)
    if session.scalar(known) is None:
        entry = _entry(session, call, visits, request, language, now)
        entry.state, entry.reason, entry.left_at = QueueEntryState.LEFT, reason, now
        _written(session, entry)


def _entry(session: Session, call: Call, visit: int, request: Request, language: str, now: datetime) -> QueueEntry:
    team = teams.by_key(session, request.team, settings().teams[request.team].name)
    return QueueEntry(
        call_id=call.id,
        queue_visit=visit,
        team_id=team.id,
        language=language,
        concern=request.concern,
        urgency=request.urgency,
        emergency_kind=request.emergency_kind or None,
        mode=QueueEntryMode.LIVE,
        age_group=request.age_group or None,
        office=request.office or None,
        joined_at=now,
        entered_at=now,
        resume="",
    )


def _written(session: Session, entry: QueueEntry) -> QueueEntry:
    visit = select(QueueEntry).where(QueueEntry.call_id == entry.call_id, QueueEntry.queue_visit == entry.queue_visit)
    try:
        with session.begin_nested():
            session.add(entry)
    except IntegrityError:  # the same request, delivered twice at once
        return session.scalars(visit).one()
    return entry


def of_call(session: Session, call_sid: str, visit: int) -> QueueEntry | None:
    """The entry of a call's visit to the queue."""
    return session.scalar(
        select(QueueEntry).join(Call).where(Call.call_sid == call_sid, QueueEntry.queue_visit == visit)
    )


def leave(session: Session, entry: QueueEntry, reason: str, now: datetime) -> bool:
    """Remove a caller from the queue, for a reason; a member who is being rung for them is no longer rung."""
    leg_id = entry.offered_leg_id
    left = session.execute(
        update(QueueEntry)
        .where(QueueEntry.id == entry.id, QueueEntry.state.in_((QueueEntryState.WAITING, QueueEntryState.OFFERED)))
        .values(state=QueueEntryState.LEFT, left_at=now, reason=reason, offered_leg_id=None)
        .execution_options(synchronize_session="fetch")
    )
    if rows(left):
        monitoring.observe("queue_wait_seconds", (now - entry.entered_at).total_seconds(), QueueEntryState.LEFT)
    if rows(left) and leg_id is not None:
        outbox.add(session, WorkKind.HANG_UP_LEG, leg_id, urgent=True)
    if rows(left) and leg_id is None:  # members were rung before, and no member is rung any more
        theirs = (Conversation.entry_id == entry.id, Conversation.state == ConversationState.PREPARING)
        session.execute(update(Conversation).where(*theirs).values(state=ConversationState.ENDED, ended_at=now))
    return bool(rows(left))


def gone(session: Session, call: Call, now: datetime) -> None:
    """Remove the entries of a call that is over, unless they keep a place."""
    held = select(QueueEntry).where(QueueEntry.call_id == call.id, IN_QUEUE, QueueEntry.mode == QueueEntryMode.LIVE)
    for entry in session.scalars(held).all():
        leave(session, entry, QueueExit.HUNG_UP, now)
