"""What is covered.

The number, name, audio, words and notes of a task, until somebody holds it or has said why they open it (purpose
limitation, Art. 5 (1) b GDPR; § 67c SGB X).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ivr.domain.enums import BreakGlassReason, TaskState
from ivr.models.accounts import User
from ivr.models.audit import Opening
from ivr.models.callbacks import CallbackTask

#: Why a task is opened that one does not hold.
REASONS = tuple(BreakGlassReason)
#: An opened task is covered again after so long.
OPEN_FOR = timedelta(hours=1)
#: Letters and digits.
_SHORTEST = 5


class NoReason(Exception):
    """No reason was stated, or none that says anything."""


class Restricted(Exception):
    """The person has asked that their data is not used (Art. 18 GDPR)."""


def stated(reason: str, text: str) -> str:
    """A reason as it is written down: one of :data:`REASONS`, and words, which `other` needs.

    Raises:
        NoReason: it is none.
    """
    text = " ".join(text.split())[:250]
    if reason not in REASONS or (reason == BreakGlassReason.OTHER and sum(map(str.isalnum, text)) < _SHORTEST):
        raise NoReason
    return f"{reason}: {text}" if text else reason


def open_task(session: Session, task: CallbackTask, user: User, reason: str, now: datetime) -> None:
    """Uncover a task for somebody, for :data:`OPEN_FOR`.

    Raises:
        Restricted: nobody may, for now.
    """
    if task.restricted_at is not None:
        raise Restricted
    session.add(Opening(task_id=task.id, user_id=user.id, reason=reason, opened_at=now, until_at=now + OPEN_FOR))


def reason_for(session: Session, task: CallbackTask, user: User, now: datetime) -> str | None:
    """Why somebody may read a task now.

    `claim`, `closed` for a while after they have closed it, or the reason they have stated; None while it is
    covered.
    """
    if task.restricted_at is not None:
        return None
    if task.state in _HOLDING and _holds(task, user, now):
        return _HOLDING[task.state]
    return session.scalar(
        select(Opening.reason)
        .where(Opening.task_id == task.id, Opening.user_id == user.id, Opening.until_at > now)
        .order_by(Opening.id.desc())
        .limit(1)
    )


#: State of a task -> why who holds it may read it.
_HOLDING = {"claimed": "claim", "closed": "closed"}
#: Reasons that end when the task is no longer one's team's.
HELD = tuple(_HOLDING.values())


def _holds(task: CallbackTask, user: User, now: datetime) -> bool:
    if task.claimed_by_id != user.id:
        return False
    lately = task.closed_at is not None and task.closed_at > now - OPEN_FOR
    return task.state == TaskState.CLAIMED or (task.state == TaskState.CLOSED and lately)


def uncovered(session: Session, tasks: Sequence[CallbackTask], user: User, now: datetime) -> Collection[int]:
    """Ids of those of some tasks which somebody may read."""
    opened = set(
        session.scalars(
            select(Opening.task_id).where(
                Opening.task_id.in_([task.id for task in tasks]), Opening.user_id == user.id, Opening.until_at > now
            )
        )
    )
    return {task.id for task in tasks if task.restricted_at is None and (task.id in opened or _holds(task, user, now))}


def forget(session: Session, now: datetime) -> None:
    """Delete openings that are long over; the access log knows of them."""
    session.execute(delete(Opening).where(Opening.until_at < now - timedelta(days=1)))
