"""Why an action on a task is not possible, and the checks that find out."""

from __future__ import annotations

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from ivr.domain.enums import Refusal, Role, TaskState
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform.column_types import rows


class Refused(Exception):
    """The task, or the member, is not in a state that allows this.

    `by` names the colleague who holds the task, `cap` the cap that is reached (:class:`ivr.callbacks.caps.CapUse`).
    """

    def __init__(self, reason: Refusal, by: str = "", cap: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.by = by
        self.cap = cap


def refusal_of(task: CallbackTask) -> Refused:
    """The refusal that a task's state stands for, with the name of who holds it."""
    return Refused(Refusal(task.state), by=task.claimed_by.name if task.claimed_by else "")


def held_by(user: User, *, supervisor_may: bool = False) -> tuple[ColumnElement[bool], ...]:
    """The condition that a user holds a task; with `supervisor_may` that anybody does, if the user is a supervisor."""
    claimed = CallbackTask.state == TaskState.CLAIMED
    if supervisor_may and user.role == Role.SUPERVISOR:
        return (claimed,)
    return (claimed, CallbackTask.claimed_by_id == user.id)


def require_changed(session: Session, result: object, task: CallbackTask, user: User) -> None:
    """Check that a conditional UPDATE has changed a task, and reload the task.

    Raises:
        Refused: it has not; somebody else holds the task, or its state does not allow the change.
    """
    changed = rows(result) == 1
    session.refresh(task)
    if changed:
        return
    if task.state == TaskState.CLAIMED and task.claimed_by_id != user.id:
        raise refusal_of(task)
    raise Refused(Refusal(task.state))


def require_unrestricted(task: CallbackTask) -> None:
    """Check that the use of a task is not restricted (Art. 18 GDPR).

    Raises:
        Refused: `restricted`.
    """
    if task.restricted_at is not None:
        raise Refused(Refusal.RESTRICTED)


def require_workable(task: CallbackTask, user: User | None) -> None:
    """Check that a task is open, or claimed by this user, and may be used. `user`: None where a program acts.

    Raises:
        Refused: `claimed` (with the name of who holds it), `closed`, or `restricted`.
    """
    require_unrestricted(task)
    if task.state == TaskState.CLOSED:
        raise Refused(Refusal.CLOSED)
    if task.state == TaskState.CLAIMED and task.claimed_by_id != (user.id if user else None):
        raise refusal_of(task)


def require_held(task: CallbackTask, user: User) -> None:
    """Check that a task is claimed by a user.

    Raises:
        Refused: somebody else holds it (with the name of who does), or nobody.
    """
    if task.state != TaskState.CLAIMED:
        raise Refused(Refusal(task.state))
    if task.claimed_by_id != user.id:
        raise refusal_of(task)
