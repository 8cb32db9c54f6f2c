"""Emergencies that callers have reported by key: a task from that moment on, however the call goes on.

Until the caller agrees to be recorded or asks for a callback, the task is *unconfirmed*: nobody knows whether they
still wait for one. It is closed by itself when they have talked with a member in the same call.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ivr.callbacks import intake, sla_clocks, workflow
from ivr.callbacks.request import Request
from ivr.domain.enums import Outcome, TaskState
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call


def report(session: Session, call: Call, request: Request, now: datetime) -> None:
    """Open the unconfirmed task of an emergency whose caller shows a number. Twice is once.

    A caller who was cut off and waits again has their task again.
    """
    if call.from_number is None:
        return
    intake.open_for(session, call, request, now, unconfirmed=True)


def confirm(session: Session, call: Call, now: datetime) -> None:
    """The caller has agreed to be recorded: their task is certain, whatever becomes of the recording."""
    for task in session.scalars(_unconfirmed(call)).all():
        intake.confirm(session, task, now)


def call_ended(session: Session, call: Call, now: datetime) -> None:
    """The caller has hung up without having talked with anybody: alerts are collected, for opening hours."""
    for task in session.scalars(_unconfirmed(call)).all():
        sla_clocks.alert_current_state(session, task, now)


def served(session: Session, call: Call, talked_at: datetime, now: datetime) -> None:
    """The caller has talked with a member: their unconfirmed task is closed, unless somebody works on it already."""
    for task in session.scalars(_unconfirmed(call).where(CallbackTask.state == TaskState.OPEN)).all():
        workflow.close_as_talked(session, task, talked_at, now)


def was_served(session: Session, call: Call) -> bool:
    """Whether a task of the call was closed because its caller has talked with a member."""
    query = select(CallbackTask.id).where(CallbackTask.call_id == call.id, CallbackTask.outcome == Outcome.TALKED)
    return session.scalar(query.limit(1)) is not None


def _unconfirmed(call: Call) -> Select[CallbackTask]:
    return select(CallbackTask).where(
        CallbackTask.call_id == call.id,
        CallbackTask.unconfirmed.is_(True),
        CallbackTask.state != TaskState.CLOSED,
    )
