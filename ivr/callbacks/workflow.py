"""The changes of a task's state: one function for each. Who works on a task is in :mod:`ivr.callbacks.claims`.

open -> claimed -> closed; a claimed task can be released, a closed one reopened. No other module changes the state.
Every change is a conditional UPDATE:
of two people who act at once one succeeds, and the other is told who did (:class:`ivr.callbacks.refused.Refused`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_
from sqlalchemy.orm import Session

from ivr.callbacks import attempts, events, sla_clocks, sla_deadline_changes, task_alerts
from ivr.callbacks.claims import UNCLAIMED, claimed_by
from ivr.callbacks.conditional_change import change
from ivr.callbacks.refused import (
    Refused,
    held_by,
    refusal_of,
    require_changed,
    require_unrestricted,
)
from ivr.config.settings import settings
from ivr.domain.enums import Outcome, Refusal, SlaMeasure, TaskEventKind, TaskState
from ivr.domain.outcomes import ANSWERS, ATTEMPT_OUTCOMES, closing_outcomes
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.platform.column_types import rows

#: A task cannot be put off to a later date than this.
LONGEST_PAUSE = timedelta(days=60)


# -- which team works on a task --------------------------------------------------------------------


def hand_over(session: Session, task: CallbackTask, user: User, team: Team, reason: str, now: datetime) -> None:
    """Give a task to another team, for a reason. Its deadline stays.

    Raises:
        Refused: `closed`, or that somebody else holds it.
    """
    free = or_(CallbackTask.state == TaskState.OPEN, CallbackTask.claimed_by_id == user.id)
    not_closed = CallbackTask.state != TaskState.CLOSED
    if rows(change(session, task, [not_closed, free], {"team_id": team.id, **UNCLAIMED})) != 1:
        session.refresh(task)
        raise refusal_of(task)
    session.refresh(task)
    said = f"{team.name}: {reason}"
    events.record(session, task.id, TaskEventKind.HANDED_OVER, now, user_id=user.id, text=said)
    sla_clocks.alert_current_state(session, task, now)


# -- closed and reopened -------------------------------------------------------------------------


def close(
    session: Session, task: CallbackTask, user: User, outcome: str, text: str, now: datetime, *,
    attempted: bool = False, posted_on: date | None = None,
) -> None:  # fmt: skip
    """Close a claimed task with an outcome and a note of what was agreed.

    `attempted`: the attempt is recorded already. `posted_on`: local day on which the forms were posted, today by
    default. Appointment wishes are answered by :func:`ivr.callbacks.appointments.answer`.

    Raises:
        Refused: the task is not theirs; `outcome_needed` for an outcome that does not close such a task;
            `answer_needed` for an outcome of an appointment wish.
    """
    if outcome not in closing_outcomes(task.kind):
        raise Refused(Refusal.OUTCOME_NEEDED)
    if outcome in ANSWERS:
        raise Refused(Refusal.ANSWER_NEEDED)
    close_with(session, task, user, Outcome(outcome), text, now, attempted=attempted)
    if outcome == Outcome.FORMS_SENT and task.postal_order is not None:
        task.postal_order.posted_on = posted_on or now.astimezone(settings().hours.zone).date()


def close_with(
    session: Session, task: CallbackTask, user: User, outcome: Outcome, text: str, now: datetime, *,
    attempted: bool = False,
) -> None:  # fmt: skip
    """Close a claimed task with any outcome; one that an attempt has is recorded as an attempt, too.

    Raises:
        Refused: the task is not theirs.
    """
    if outcome in ATTEMPT_OUTCOMES and not attempted:
        attempts.record(session, task, user, outcome, now)
    result = change(session, task, held_by(user), {"state": TaskState.CLOSED, "closed_at": now, "outcome": outcome})
    require_changed(session, result, task, user)
    sla_clocks.task_closed(session, task, now)
    events.note(session, task, user, text, now)
    events.record(session, task.id, TaskEventKind.CLOSED, now, user_id=user.id, text=outcome)


def close_as_talked(
    session: Session, task: CallbackTask, talked_at: datetime, now: datetime, *, by: User | None = None
) -> bool:
    """Close an open task whose caller has talked with a member; whether it was open, or claimed by that member (`by`).

    Without `by` it was in the call that opened it.
    """
    values = {"state": TaskState.CLOSED, "closed_at": now, "outcome": Outcome.TALKED}
    free = CallbackTask.state == TaskState.OPEN
    if rows(change(session, task, [or_(free, and_(*held_by(by))) if by else free], values)) != 1:
        return False
    for measure in SlaMeasure:
        sla_clocks.met(session, task.id, measure, talked_at)
    task_alerts.take_back_unsent(session, task.id)
    events.record(session, task.id, TaskEventKind.CLOSED, now, user_id=events.id_of(by), text=Outcome.TALKED)
    session.refresh(task)
    return True


def close_after_attempt(session: Session, task: CallbackTask, outcome: Outcome, now: datetime) -> None:
    """Close the task of a silent caller after its one attempt, whatever its outcome. All others stay as they are."""
    if not task.silent_caller or outcome == Outcome.REACHED:
        return
    values = {"state": TaskState.CLOSED, "closed_at": now, "outcome": outcome}
    if rows(change(session, task, [CallbackTask.state != TaskState.CLOSED], values)) == 1:
        session.refresh(task)
        sla_clocks.task_closed(session, task, now)
        events.record(session, task.id, TaskEventKind.CLOSED, now, text=outcome)


def record_attempt(session: Session, task: CallbackTask, user: User, outcome: str, now: datetime) -> None:
    """Record an attempt that a member has made and that did not settle the request.

    Raises:
        Refused: as :func:`ivr.callbacks.attempts.record`.
    """
    attempts.record(session, task, user, outcome, now)
    close_after_attempt(session, task, Outcome(outcome), now)


def withdraw(session: Session, task: CallbackTask, now: datetime) -> None:
    """Close a task that the caller no longer needs."""
    values = {"state": TaskState.CLOSED, "closed_at": now, "outcome": Outcome.WITHDRAWN}
    if rows(change(session, task, [CallbackTask.state != TaskState.CLOSED], values)) == 1:
        sla_clocks.void(session, task.id, now, *SlaMeasure)
        events.record(session, task.id, TaskEventKind.WITHDRAWN, now)
        session.refresh(task)


def reopen(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Reopen a closed task, claimed by the user. Its deadline stays; the answer to an appointment wish is deleted.

    Raises:
        Refused: `open` or `claimed` if it is not closed, `merged` into another one, or `restricted`.
    """
    require_unrestricted(task)
    if task.outcome == Outcome.MERGED:
        raise Refused(Refusal.MERGED)
    drop_answer(task)
    result = _reopened(session, task, claimed_by(user, now))
    require_changed(session, result, task, user)
    sla_clocks.reopened(session, task)
    events.record(session, task.id, TaskEventKind.REOPENED, now, user_id=user.id)


def reopen_for_caller(session: Session, task: CallbackTask, now: datetime) -> None:
    """Reopen a closed task, claimed by nobody, because the caller has added something."""
    if rows(_reopened(session, task, UNCLAIMED)) == 1:
        session.refresh(task)
        sla_clocks.reopened(session, task)
        events.record(session, task.id, TaskEventKind.REOPENED, now)


def _reopened(session: Session, task: CallbackTask, values: dict[str, Any]) -> object:
    counted = task.closed_at is not None and sla_clocks.counted_for_good(session, task.closed_at)
    # What answered nothing takes no later answer's place.
    answered = counted and task.outcome in (*ANSWERS, Outcome.FORMS_SENT)
    values = {
        **values,
        "closed_at": None,
        "outcome": None,
        "closing_counted": task.closing_counted or answered,
        "closed_counted": task.closed_counted or counted,
    }
    return change(session, task, [CallbackTask.state == TaskState.CLOSED], values)


def drop_answer(task: CallbackTask) -> None:
    """Delete the answer to an appointment wish: the task is not closed any more."""
    if task.appointment_wish is not None:
        task.appointment_wish.appointment_at = None
        task.appointment_wish.place = task.appointment_wish.refusal_reason = None


def restore(session: Session, task: CallbackTask, values: dict[str, Any]) -> None:
    """Give a task the columns it had before what was done to it is undone. The caller holds its lock."""
    change(session, task, [], values)
    session.refresh(task)


# -- merged --------------------------------------------------------------------------------------


def close_merged(session: Session, task: CallbackTask, into: CallbackTask, now: datetime) -> None:
    """Close a task that was merged into another one. It counts in no figure; its promises are the other one's."""
    values = {"state": TaskState.CLOSED, "closed_at": now, "outcome": Outcome.MERGED, "merged_into_id": into.id}
    change(session, task, [CallbackTask.state != TaskState.CLOSED], values)


def restore_merged(session: Session, task: CallbackTask, claim: Mapping[str, Any]) -> None:
    """Reopen a task that was merged into another one; `claim` has the columns of who held it before."""
    state = TaskState.CLAIMED if claim.get("claimed_by_id") else TaskState.OPEN
    values = {**UNCLAIMED, **claim, "state": state, "closed_at": None, "outcome": None, "merged_into_id": None}
    change(session, task, [CallbackTask.outcome == Outcome.MERGED], values)
    session.refresh(task)


# -- put off, restricted -------------------------------------------------------------------------


def put_off(session: Session, task: CallbackTask, user: User, until: datetime | None, now: datetime) -> None:
    """Put a task off to a later date, at the caller's wish. Its promises stand still until then.

    Raises:
        Refused: `closed` or `restricted`; `later_date_needed` where `until` is not within the next 60 days.
    """
    if task.state == TaskState.CLOSED:
        raise Refused(Refusal.CLOSED)
    require_unrestricted(task)
    until = until.astimezone(UTC) if until else now
    if not now < until <= now + LONGEST_PAUSE:
        raise Refused(Refusal.LATER_DATE_NEEDED)
    sla_deadline_changes.pause_until(session, task, user, until, now)
    task.next_attempt_at = until
    events.record(session, task.id, TaskEventKind.PUT_OFF, now, user_id=user.id, text=until.isoformat())


def restrict(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Restrict the use of a task (Art. 18 GDPR): nobody works on it, and its promises stand still. Twice is once."""
    if task.restricted_at is None:
        sla_deadline_changes.stop(session, task.id, now)
        task.restricted_at = now
        events.record(session, task.id, TaskEventKind.RESTRICTED, now, user_id=user.id)


def unrestrict(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Lift the restriction of a task; its deadlines move by as long as it lasted."""
    if task.restricted_at is not None:
        sla_deadline_changes.resume(session, task, task.restricted_at, now)
        task.restricted_at = None
        events.record(session, task.id, TaskEventKind.UNRESTRICTED, now, user_id=user.id)
