"""Callbacks for callers who have pressed nothing and whose number was shown.

Robots, fax machines and forged numbers must not make the hotline ring strangers: a number gets one such task a day and
one attempt, is served last of all, and is left alone once somebody there did not want the call.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from ivr.callbacks import contacts, intake
from ivr.callbacks.request import Request
from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.enums import TaskState
from ivr.domain.outcomes import FINAL_OUTCOMES
from ivr.models.callbacks import Attempt, CallbackTask
from ivr.models.calls import Call


def may_be_called(session: Session, number: str, now: datetime) -> bool:
    """Whether a number (E.164) may get such a task now.

    Not twice a day or while one is open, not where a call was unwanted, and not beyond `silent_callers_a_day`.
    """
    today = opening_hours.midnight(settings().hours, now)
    opened_today = CallbackTask.first_contact_at >= today
    theirs = (CallbackTask.silent_caller.is_(True), CallbackTask.callback_number == number)
    again = select(CallbackTask.id).where(*theirs, or_(opened_today, CallbackTask.state != TaskState.CLOSED))
    if session.scalar(again.limit(1)) is not None:
        return False
    unwanted = select(Attempt.id).join(CallbackTask).where(CallbackTask.callback_number == number)
    if session.scalar(unwanted.where(Attempt.outcome.in_(FINAL_OUTCOMES)).limit(1)) is not None:
        return False
    all_today = select(func.count(CallbackTask.id)).where(CallbackTask.silent_caller.is_(True), opened_today)
    return (session.scalar(all_today) or 0) < settings().silent_callers_a_day


def open_for(session: Session, call: Call, request: Request, now: datetime) -> None:
    """Open the task of a silent caller. Twice is once; a call that has another task keeps that one."""
    if call.from_number is None or contacts.of_call(session, call, request) is not None:
        return
    if may_be_called(session, call.from_number, now):
        intake.open_for(session, call, request, now, silent_caller=True)
