"""Which places in the call queues of the teams are served, in which order, and how long that takes.

Emergencies come first, then the earliest arrival. A caller who chose to be called back keeps the place; of two entries
of the same urgency and arrival the caller on the telephone comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, and_, bindparam, case, exists, or_, select
from sqlalchemy.orm import Session

from ivr.callbacks import code_changes
from ivr.calls import going_on
from ivr.config.settings import settings
from ivr.contact_centre import duty_roster
from ivr.domain import phone_numbers
from ivr.domain.enums import CallRowState, QueueEntryMode, QueueEntryState, ReplyBy, TaskState, Urgency
from ivr.models.accounts import Team
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, QueueEntry
from ivr.models.screening import BlockedNumber
from ivr.platform.column_types import has_known_values

#: The period from which the expected wait is computed.
LATELY = timedelta(minutes=30)

ORDER = (
    case((QueueEntry.urgency == Urgency.EMERGENCY, 0), else_=1),
    QueueEntry.joined_at,
    case((QueueEntry.mode == QueueEntryMode.LIVE, 0), else_=1),
    QueueEntry.id,
)
#: Not parameters: a partial index is for the states that it names.
_STATES = bindparam("in_queue", ["waiting", "offered"], String(), expanding=True, literal_execute=True)
#: The condition for entries that wait, also while a member is rung for them.
IN_QUEUE = QueueEntry.state.in_(_STATES)


def waiting(session: Session, now: datetime) -> Sequence[QueueEntry]:
    """The entries for which nobody is being rung, in the order in which they are served.

    A caller who keeps a place is served after hanging up, if there is a number to call, and no telephone of that number
    is in a call with us.
    """
    calls_us = exists().where(
        CallbackTask.id == QueueEntry.task_id, going_on.with_number(CallbackTask.callback_number, now)
    )
    over = and_(QueueEntry.call.has(Call.state == CallRowState.ENDED), ~calls_us)
    ready = and_(is_served(session, now), or_(QueueEntry.mode == QueueEntryMode.LIVE, over))
    # An entry of a newer version must not keep all others waiting.
    served = (IN_QUEUE, QueueEntry.state == QueueEntryState.WAITING, ready, has_known_values(QueueEntry))
    query = select(QueueEntry).where(*served).order_by(*ORDER)
    return session.scalars(query).all()


def is_served(session: Session, now: datetime) -> ColumnElement[bool]:
    """The condition for entries that somebody will serve: who waits, and kept places that can be called back.

    A place is kept once there is a number that is called, and as long as its task is open, unrestricted, not to be
    answered in writing, and the number is not blocked.
    """
    is_blocked = (
        select(BlockedNumber.id)
        .where(
            BlockedNumber.number == CallbackTask.callback_number,
            BlockedNumber.until_at > now,
            BlockedNumber.lifted_at.is_(None),
        )
        .exists()
    )
    can_be_called = select(CallbackTask.id).where(
        CallbackTask.id == QueueEntry.task_id,
        CallbackTask.callback_number.in_(_numbers_to_call(session)),
        CallbackTask.state == TaskState.OPEN,
        CallbackTask.restricted_at.is_(None),
        CallbackTask.erased_at.is_(None),
        CallbackTask.reply_by != ReplyBy.WRITING,
        ~code_changes.tasks_unconfirmed(),
        ~is_blocked,
    )
    return or_(QueueEntry.mode == QueueEntryMode.LIVE, can_be_called.correlate(QueueEntry).exists())


def _numbers_to_call(session: Session) -> list[str]:
    """The numbers of kept places that the hotline rings: not those abroad that are shown and called by nobody."""
    kept = select(CallbackTask.callback_number).join(QueueEntry, QueueEntry.task_id == CallbackTask.id)
    kept = kept.where(IN_QUEUE, QueueEntry.mode == QueueEntryMode.CALLBACK)
    known, is_rung = filter(None, session.scalars(kept.distinct())), settings().is_rung
    return [number for number in known if phone_numbers.dialable(number) and is_rung(number)]


def kept_for(session: Session, number: str | None, team_key: str, now: datetime) -> QueueEntry | None:
    """The place that a team's queue keeps for a caller whose telephone showed this number, if it can be served."""
    if number is None:
        return None
    kept = (
        select(QueueEntry)
        .join(Call)
        .join(Team, Team.id == QueueEntry.team_id)
        .where(IN_QUEUE, QueueEntry.mode == QueueEntryMode.CALLBACK, is_served(session, now))
        .where(Call.from_number == number, Team.key == team_key)
    )
    return session.scalar(kept.order_by(*ORDER).limit(1))


def position(session: Session, entry: QueueEntry, now: datetime) -> int:
    """The position of an entry in its team's call queue, from 1: before it come those who will be served before."""
    going_on_here = select(QueueEntry.continues_id).where(IN_QUEUE, QueueEntry.continues_id.is_not(None))
    theirs = (
        IN_QUEUE,
        is_served(session, now),
        QueueEntry.team_id == entry.team_id,
        QueueEntry.id.not_in(going_on_here),
    )
    ahead = session.scalars(select(QueueEntry.id).where(*theirs).order_by(*ORDER)).all()
    return ahead.index(entry.id) + 1 if entry.id in ahead else len(ahead) + 1


def expected_wait(session: Session, team_id: int, place: int, now: datetime) -> timedelta | None:
    """The expected wait at a position in a team's call queue.

    The calls ahead are shared by the members who answer; each takes as long as the mean call of the last half hour.
    None where no call of that time is known; then no wait is announced.
    """
    lately = session.execute(
        select(QueueEntry.answered_at, Conversation.ended_at)
        .join(Conversation, Conversation.entry_id == QueueEntry.id)
        .where(QueueEntry.team_id == team_id, QueueEntry.answered_at > now - LATELY)
    ).all()
    members = len(duty_roster.who_answers(session, team_id, now))
    if not lately or not members:
        return None
    taken = sum(((ended_at or now) - answered_at for answered_at, ended_at in lately if answered_at), timedelta())
    return taken / len(lately) * place / members


def is_empty(session: Session) -> bool:
    """Whether no call queue has an entry."""
    return session.scalar(select(QueueEntry.id).where(QueueEntry.state == QueueEntryState.WAITING).limit(1)) is None
