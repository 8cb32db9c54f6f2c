"""Status of a request, for a caller who enters its receipt code."""

from __future__ import annotations

from datetime import datetime

from ivr.domain.enums import Outcome, RequestStatus, TaskState
from ivr.models.callbacks import CallbackTask


def status_for_caller(task: CallbackTask, now: datetime) -> tuple[RequestStatus, dict[str, datetime]]:
    """The status of a task, and the UTC instants with which it is told (slots of a call's state)."""
    wish = task.appointment_wish
    if task.state == TaskState.CLOSED:
        if wish is not None and wish.appointment_at is not None:
            return RequestStatus.GRANTED, {"appointment_at": wish.appointment_at}
        if wish is not None and wish.refusal_reason is not None:
            return RequestStatus.REFUSED, {}
        return RequestStatus.WITHDRAWN if task.outcome == Outcome.WITHDRAWN else RequestStatus.CLOSED, {}
    if task.attempts:
        return RequestStatus.TRIED, {"tried_at": task.attempts[-1].at}
    if task.due_at <= now:
        return RequestStatus.LATE, {}
    claimed = task.state == TaskState.CLAIMED
    return RequestStatus.CLAIMED if claimed else RequestStatus.OPEN, {"due_at": task.due_at}
