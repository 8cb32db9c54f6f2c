"""Callbacks for callers who have pressed nothing and whose number was shown.

Robots, fax machines and forged numbers must not make the hotline ring strangers: a number gets one such task a day and
one attempt, is served last of all, and is left alone once somebody there did not want the call.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from ivr.callbacks import contacts, intake
from ivr.callbacks.request import Request
from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.enums import TaskState
from ivr.domain.outcomes import FINAL_OUTCOMES
from ivr.models.callbacks import Attempt, CallbackTask
from ivr.models.calls import Call


def may_be_called(session: Session, call_sid: str, number: str, now: datetime) -> bool:
    """Whether a number (E.164) may get such a task now, or the call has it already.

    Not twice a day or while one is open, not where a call was unwanted, and not beyond `silent_callers_a_day`.
    """
    if _has_one(session, call_sid):
        return True
    if _is_called_already(session, number, now):
        return False
    unwanted = select(Attempt.id).join(CallbackTask).where(CallbackTask.callback_number == number)
    if session.scalar(unwanted.where(Attempt.outcome.in_(FINAL_OUTCOMES)).limit(1)) is not None:
        return False
    all_today = select(func.count(CallbackTask.id)).where(CallbackTask.silent_caller.is_(True), _opened_today(now))
    return (session.scalar(all_today) or 0) < settings().silent_callers_a_day


def _has_one(session: Session, call_sid: str) -> bool:
    """Whether a call has such a task: the carrier has delivered its last request before."""
    theirs = select(CallbackTask.id).join(Call, Call.id == CallbackTask.call_id)
    theirs = theirs.where(Call.call_sid == call_sid, CallbackTask.silent_caller, CallbackTask.state != TaskState.CLOSED)
    return session.scalar(theirs.limit(1)) is not None


def _is_called_already(session: Session, number: str, now: datetime) -> bool:
    theirs = (CallbackTask.silent_caller.is_(True), CallbackTask.callback_number == number)
    again = select(CallbackTask.id).where(*theirs, or_(_opened_today(now), CallbackTask.state != TaskState.CLOSED))
    return session.scalar(again.limit(1)) is not None


def _opened_today(now: datetime) -> ColumnElement[bool]:
    return CallbackTask.first_contact_at >= opening_hours.midnight(settings().hours, now)


def open_for(session: Session, call: Call, request: Request, now: datetime) -> None:
    """Open the task of a silent caller. Twice is once; a call that has another task keeps that one.

    Whether the number :func:`may_be_called` was asked before. What holds for all numbers together is not asked again:
    the caller may have been promised the call, and what was written down while the database was away is kept. A number
    that another call has just been promised the same is called once.
    """
    if call.from_number is None or contacts.of_call(session, call, request) is not None:
        return
    if not _is_called_already(session, call.from_number, now):
        intake.open_for(session, call, request, now, silent_caller=True)
