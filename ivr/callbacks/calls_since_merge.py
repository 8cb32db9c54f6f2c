"""What callers have said to a task since another one was merged into it: it outlives that merge."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import urgency
from ivr.domain.enums import Urgency
from ivr.models.callbacks import CallbackTask

#: Columns that say of a task that its caller has not spoken.
UNSPOKEN = ("provisional", "unconfirmed", "silent_caller")


def has_called(task: CallbackTask, since: datetime) -> bool:
    """Whether somebody has called about a task since then."""
    later = [call.at for contact in task.contacts for call in contact.later_calls]
    return any(at > since for at in (*(contact.at for contact in task.contacts), *later))


def raise_again(session: Session, task: CallbackTask, since: datetime, now: datetime) -> None:
    """Make a task an emergency if one was reported since then, when it was one already because of the other task."""
    told = [one for one in task.contacts if one.at > since and one.urgency == Urgency.EMERGENCY]
    if told and task.urgency != Urgency.EMERGENCY:
        first = min(told, key=lambda one: one.at)
        urgency.raise_by_caller(session, task, first.at, now, emergency_kind=first.emergency_kind)
