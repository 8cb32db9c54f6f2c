"""The call queues of the teams (Warteschlange): waiting callers, their order, their expected wait, why they leave.

Emergencies come first, then the earliest arrival. A caller who chose to be called back keeps the place; of two entries
of the same urgency and arrival the caller on the telephone comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, and_, bindparam, case, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.accounts import teams
from ivr.callbacks import claims, code_changes
from ivr.callbacks.request import Request
from ivr.calls import going_on
from ivr.config.settings import settings
from ivr.contact_centre import duty_roster
from ivr.domain import phone_numbers
from ivr.domain.enums import (
    CallRowState,
    ConversationState,
    QueueEntryMode,
    QueueEntryState,
    QueueExit,
    ReplyBy,
    TaskState,
    Urgency,
    WorkKind,
)
from ivr.models.accounts import Team
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, QueueEntry
from ivr.models.screening import BlockedNumber
from ivr.platform import monitoring, outbox
from ivr.platform.column_types import has_known_values, rows

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
    kept = kept_for(session, call.from_number, request.team, now) if comes_back and first is None else None
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


def goes_on(session: Session, entry: QueueEntry, now: datetime) -> None:
    """Give the kept place up with which a caller has gone on: they are served, or keep their place anew.

    Until then it stays kept, so that who hangs up while they wait is called all the same.
    """
    kept = session.get(QueueEntry, entry.continues_id or 0)
    if kept is not None and kept.mode == QueueEntryMode.CALLBACK:
        leave(session, kept, QueueExit.WITHDRAWN, now)


def of_call(session: Session, call_sid: str, visit: int) -> QueueEntry | None:
    """The entry of a call's visit to the queue."""
    return session.scalar(
        select(QueueEntry).join(Call).where(Call.call_sid == call_sid, QueueEntry.queue_visit == visit)
    )


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
    """The numbers of kept places that the hotline calls: not those abroad that are shown and called by nobody."""
    kept = select(CallbackTask.callback_number).join(QueueEntry, QueueEntry.task_id == CallbackTask.id)
    kept = kept.where(IN_QUEUE, QueueEntry.mode == QueueEntryMode.CALLBACK)
    known, may_be_called = filter(None, session.scalars(kept.distinct())), settings().may_be_called
    return [number for number in known if phone_numbers.dialable(number) and may_be_called(number)]


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


def _is_being_called(session: Session, task: CallbackTask) -> bool:
    talks = select(Conversation.id).where(
        Conversation.task_id == task.id, Conversation.state != ConversationState.ENDED
    )
    return session.scalar(talks.limit(1)) is not None


def keep_place(session: Session, entry: QueueEntry, task: CallbackTask, now: datetime) -> None:
    """Let a caller hang up and be called back when the place is served."""
    if entry.state not in (QueueEntryState.WAITING, QueueEntryState.OFFERED):
        return
    entry.mode, entry.task_id = QueueEntryMode.CALLBACK, task.id
    goes_on(session, entry, now)
    if task.state == TaskState.CLAIMED and not _is_being_called(
        session, task
    ):  # a colleague has claimed it, and does not call now
        claims.release_automatically(session, task, now)
    if entry.offered_leg_id is not None:  # the member who was being rung is no longer rung
        outbox.add(session, WorkKind.HANG_UP_LEG, entry.offered_leg_id, urgent=True)
        entry.state, entry.offered_leg_id = QueueEntryState.WAITING, None


def gone(session: Session, call: Call, now: datetime) -> None:
    """Remove the entries of a call that is over, unless they keep a place."""
    held = select(QueueEntry).where(QueueEntry.call_id == call.id, IN_QUEUE, QueueEntry.mode == QueueEntryMode.LIVE)
    for entry in session.scalars(held).all():
        leave(session, entry, QueueExit.HUNG_UP, now)


def serve_again(entry: QueueEntry) -> None:
    """Give a kept place back to the queue that could not be served: the caller was not dialled."""
    entry.state, entry.answered_at, entry.offered_leg_id = QueueEntryState.WAITING, None, None


def request_is_settled(session: Session, task: CallbackTask, now: datetime) -> None:
    """Remove the places that are kept for a task at once: its caller has been served."""
    kept = select(QueueEntry).where(IN_QUEUE, QueueEntry.mode == QueueEntryMode.CALLBACK)
    for entry in session.scalars(kept.where(QueueEntry.task_id == task.id)).all():
        leave(session, entry, QueueExit.WITHDRAWN, now)


def drop_kept_places(session: Session, now: datetime, *, closed: bool) -> None:
    """Remove kept places whose tasks are claimed, closed, restricted or changed by code, or cannot be called back.

    The same holds for those whose caller wants an answer in writing.

    After closing time all kept places are removed. Their tasks are worked like all others then.
    """
    kept = select(QueueEntry).where(
        QueueEntry.state == QueueEntryState.WAITING, QueueEntry.mode == QueueEntryMode.CALLBACK
    )
    served = set(session.scalars(kept.with_only_columns(QueueEntry.id).where(is_served(session, now))))
    for entry in session.scalars(kept).all():
        task = session.get(CallbackTask, entry.task_id or 0)
        in_vain = entry.id not in served and entry.call.state == CallRowState.ENDED
        over = task is None or task.state != TaskState.OPEN or task.restricted_at is not None
        over = over or (task is not None and task.reply_by == ReplyBy.WRITING)
        if task is None or over or in_vain or code_changes.is_unconfirmed(session, task):
            leave(session, entry, QueueExit.WITHDRAWN, now)
        elif closed:
            leave(session, entry, QueueExit.CLOSED, now)


def is_empty(session: Session) -> bool:
    """Whether no call queue has an entry."""
    return session.scalar(select(QueueEntry.id).where(QueueEntry.state == QueueEntryState.WAITING).limit(1)) is None
