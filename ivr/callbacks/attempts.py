"""Attempts to reach the caller: reported by a member or by the carrier's events, and when the next one is due.

A call counts as an attempt when a telephone rang, or when the number turned out to be none; else see `not_rung`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ivr.callbacks import events, not_rung, retry_schedule, sla_clocks
from ivr.callbacks.refused import Refused, held_by, require_changed
from ivr.config.settings import settings
from ivr.domain.enums import Outcome, Refusal, SlaMeasure, TaskEventKind, TaskState
from ivr.domain.outcomes import ATTEMPT_OUTCOMES, FINAL_OUTCOMES
from ivr.models.accounts import User
from ivr.models.callbacks import Attempt, CallbackTask


def record(session: Session, task: CallbackTask, user: User, outcome: str, now: datetime) -> None:
    """Record an attempt that a member has made. The first attempt meets the promise.

    Raises:
        Refused: the task is not theirs, or `outcome_needed` for an outcome that no attempt has.
    """
    if outcome not in ATTEMPT_OUTCOMES:
        raise Refused(Refusal.OUTCOME_NEEDED)
    ended_with = Outcome(outcome)
    touched = session.execute(
        update(CallbackTask)
        .where(CallbackTask.id == task.id, *held_by(user))
        .values(claim_used_at=now)
        .execution_options(live=())
    )
    require_changed(session, touched, task, user)
    _meets_the_promise(session, task, now)
    not_rung.over(task)
    session.add(Attempt(task_id=task.id, user_id=user.id, at=now, outcome=ended_with))
    session.expire(task, ["attempts"])
    events.record(session, task.id, TaskEventKind.ATTEMPTED, now, user_id=user.id, text=ended_with)
    if ended_with == Outcome.REACHED:
        sla_clocks.met(session, task.id, SlaMeasure.REACHED, now)
    else:
        plan_next(session, task, now)


def began_to_ring(session: Session, task: CallbackTask, user_id: int, conversation_id: int, now: datetime) -> Attempt:
    """Record that the hotline rings the caller for a member. The carrier's events report the outcome later."""
    _meets_the_promise(session, task, now)
    attempt = Attempt(
        task_id=task.id, user_id=user_id, at=now, outcome=Outcome.RINGING, conversation_id=conversation_id
    )
    session.add(attempt)
    session.expire(task, ["attempts"])
    not_rung.over(task)
    task.next_attempt_at = None
    return attempt


def ended(
    session: Session,
    task: CallbackTask,
    attempt: Attempt,
    outcome: Outcome,
    answered_at: datetime | None,
    now: datetime,
) -> None:
    """Record the outcome that the carrier reports for an attempt. Of two reports the first counts."""
    if attempt.outcome != Outcome.RINGING:
        return
    attempt.outcome, attempt.answered_at, attempt.ended_at = outcome, answered_at, now
    events.record(session, task.id, TaskEventKind.ATTEMPTED, now, user_id=attempt.user_id, text=outcome)
    if outcome == Outcome.REACHED:
        sla_clocks.met(session, task.id, SlaMeasure.REACHED, answered_at or now)
    else:
        plan_next(session, task, now)


def take_back(session: Session, task: CallbackTask, attempt: Attempt) -> None:
    """Delete an attempt that was none: the member hung up before the caller could answer."""
    if attempt.outcome != Outcome.RINGING:
        return
    session.delete(attempt)
    session.flush()
    session.expire(task, ["attempts"])
    earlier = session.scalar(select(Attempt.at).where(Attempt.task_id == task.id).order_by(Attempt.at).limit(1))
    if earlier is None:
        task.first_attempt_at = None
        sla_clocks.take_back(session, task.id, SlaMeasure.TRIED)
        if task.state == TaskState.CLOSED:
            sla_clocks.task_closed(session, task, attempt.at)


def plan_next(session: Session, task: CallbackTask, now: datetime) -> None:
    """After an unsuccessful attempt: set when the next one is due, or propose a letter. The task stays open."""
    session.flush()
    if task.state == TaskState.CLOSED:
        return
    if task.silent_caller:  # there is no second attempt, and nobody to write to
        task.next_attempt_at = None
        return
    newest_first = (Attempt.at.desc(), Attempt.id.desc())
    last = session.scalar(select(Attempt.outcome).where(Attempt.task_id == task.id).order_by(*newest_first).limit(1))
    task.next_attempt_at = (
        None
        if last in FINAL_OUTCOMES
        else retry_schedule.next_attempt_at(_tried_in_vain(session, task), task.availability, now, settings())
    )
    if task.next_attempt_at is None and task.letter_proposed_at is None:
        task.letter_proposed_at = now
        events.record(session, task.id, TaskEventKind.LETTER_PROPOSED, now)


def is_planned_by(session: Session, task: CallbackTask, now: datetime) -> bool:
    """Whether the next attempt is the one that was planned at an instant, and nothing that somebody has chosen."""
    if task.next_attempt_at is None or task.next_attempt_at <= now:
        return task.next_attempt_at is not None
    planned = retry_schedule.next_attempt_at(_tried_in_vain(session, task), task.availability, now, settings())
    return task.next_attempt_at == planned


def _tried_in_vain(session: Session, task: CallbackTask) -> list[datetime]:
    unsuccessful = Attempt.outcome.not_in((Outcome.REACHED, Outcome.RINGING))
    return sorted(session.scalars(select(Attempt.at).where(Attempt.task_id == task.id, unsuccessful)))


def _meets_the_promise(session: Session, task: CallbackTask, now: datetime) -> None:
    sla_clocks.met(session, task.id, SlaMeasure.TRIED, now)
    session.execute(
        update(CallbackTask)
        .where(CallbackTask.id == task.id, CallbackTask.first_attempt_at.is_(None))
        .values(first_attempt_at=now)
        .execution_options(live=())  # the attempt itself is told
    )
