"""Break-glass: number, name, audio, transcript and notes of a task are covered for users without a purpose.

A user who holds the task, or who states a reason, may read them (purpose limitation, Art. 5 (1) b GDPR; § 67c SGB X).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, select
from sqlalchemy.orm import Session

from ivr.domain.enums import BreakGlassReason, TaskState
from ivr.models.accounts import User
from ivr.models.audit import Opening
from ivr.models.callbacks import CallbackTask
from ivr.platform import clock_watch

#: Reasons to open a task that the user does not hold.
REASONS = tuple(BreakGlassReason)
#: The time after which an opened task is covered again.
OPEN_FOR = timedelta(hours=1)
#: The shortest text of the reason `other`: letters and digits.
_SHORTEST = 5


class NoReason(Exception):
    """The reason is missing or empty."""


class Restricted(Exception):
    """The use of the task is restricted (Art. 18 GDPR)."""


def stated(reason: str, text: str) -> str:
    """A reason as it is stored: one of :data:`REASONS`, with a text, which `other` requires.

    Raises:
        NoReason: the reason is unknown, or `other` has no text.
    """
    text = " ".join(text.split())[:250]
    if reason not in REASONS or (reason == BreakGlassReason.OTHER and sum(map(str.isalnum, text)) < _SHORTEST):
        raise NoReason
    return f"{reason}: {text}" if text else reason


def open_task(session: Session, task: CallbackTask, user: User, reason: str, now: datetime) -> None:
    """Uncover a task for a user, for the time :data:`OPEN_FOR`.

    Raises:
        Restricted: the use of the task is restricted.
    """
    if task.restricted_at is not None:
        raise Restricted
    session.add(Opening(task_id=task.id, user_id=user.id, reason=reason, opened_at=now, until_at=now + OPEN_FOR))


def reason_for(session: Session, task: CallbackTask, user: User, now: datetime) -> str | None:
    """Why a user may read a task now; None if it is covered.

    `claim`: they hold it. `closed`: they closed it less than :data:`OPEN_FOR` ago. Otherwise the stated reason.
    """
    if task.restricted_at is not None:
        return None
    if task.state in _HOLDING and _holds(task, user, now):
        return _HOLDING[task.state]
    return session.scalar(
        select(Opening.reason)
        .where(Opening.task_id == task.id, Opening.user_id == user.id, *_goes_on(now))
        .order_by(Opening.id.desc())
        .limit(1)
    )


def _goes_on(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """An opening goes on now; not one that a clock which was ahead has made for years."""
    return Opening.until_at > now, Opening.until_at <= now + OPEN_FOR + clock_watch.DIFFERENCE


#: The state of a task -> the reason for its holder.
_HOLDING = {"claimed": "claim", "closed": "closed"}
#: Reasons that end when the task moves to another team.
HELD = tuple(_HOLDING.values())


@dataclass(frozen=True)
class Held:
    """What of a task decides whether somebody may read it, without the task."""

    id: int
    state: str
    claimed_by_id: int | None
    closed_at: datetime | None
    restricted_at: datetime | None

    @classmethod
    def of(cls, task: CallbackTask) -> Held:
        """Take it from a task."""
        return cls(task.id, task.state, task.claimed_by_id, task.closed_at, task.restricted_at)


def _holds(task: CallbackTask | Held, user: User, now: datetime) -> bool:
    if task.claimed_by_id != user.id:
        return False
    lately = task.closed_at is not None and task.closed_at > now - OPEN_FOR
    return task.state == TaskState.CLAIMED or (task.state == TaskState.CLOSED and lately)


def uncovered(
    session: Session | Connection, tasks: Sequence[CallbackTask | Held], user: User, now: datetime
) -> Collection[int]:
    """Of the tasks, the ids of those that a user may read."""
    opened = set(
        session.scalars(
            select(Opening.task_id).where(
                Opening.task_id.in_([task.id for task in tasks]), Opening.user_id == user.id, *_goes_on(now)
            )
        )
    )
    return {task.id for task in tasks if task.restricted_at is None and (task.id in opened or _holds(task, user, now))}


def forget(session: Session, now: datetime) -> None:
    """Delete openings that ended a day ago. They remain in the access log."""
    session.execute(delete(Opening).where(Opening.until_at < now - timedelta(days=1)))
