"""Whether somebody may be called within the caps of calls: a callback that is over one waits.

A cap is for the case that somebody has the hotline call dear numbers, or that a program runs wild. An emergency is
called back all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import caps, house_alarms
from ivr.callbacks.refused import Refused
from ivr.calls import going_on
from ivr.domain.enums import AlertEvent, Refusal, Urgency
from ivr.models.callbacks import CallbackTask


def check(session: Session, task: CallbackTask, now: datetime) -> None:
    """Whether a caller may be called back within the caps, and is not calling us.

    Raises:
        Refused: `calling_now`; `too_many_calls`, with the name of the cap; never in an emergency.
    """
    require_not_calling(session, task, now)
    if task.urgency == Urgency.EMERGENCY or task.callback_number is None:
        return
    for use in caps.of_calls(session, task.callback_number, now):
        if use.is_reached:
            raise Refused(Refusal.TOO_MANY_CALLS, cap=use.name)


def require_not_calling(session: Session, task: CallbackTask, now: datetime, *, apart_from: int = 0) -> None:
    """Whether the number to call is free: nobody who is in a call with us is dialled.

    `apart_from`: the leg that is to be rung now.

    Raises:
        Refused: `calling_now`.
    """
    if going_on.is_calling(session, task.callback_number, now, apart_from=apart_from):
        raise Refused(Refusal.CALLING_NOW)


def check_rung(session: Session, number: str, urgency: Urgency, now: datetime) -> None:
    """Whether a companion or an office, whom somebody names in a conversation, may be rung within the caps.

    Members and interpreters are not asked about here: a caller waits for them, and the house knows their numbers.

    Raises:
        Refused: `too_many_rung`, with the name of the cap; never in an emergency.
    """
    if urgency == Urgency.EMERGENCY:
        return
    for use in caps.of_rung(session, number, now):
        if use.is_reached:
            raise Refused(Refusal.TOO_MANY_RUNG, cap=use.name)


def tell(session: Session, number: str, now: datetime) -> None:
    """Tell the house of each cap that a callback that was just added has reached, or has come near."""
    _tell(session, caps.of_calls(session, number, now), now)


def tell_rung(session: Session, number: str, now: datetime) -> None:
    """Tell the house of each cap that a call to anybody but a caller has reached, or has come near."""
    _tell(session, caps.of_rung(session, number, now), now)


def _tell(session: Session, used: Iterable[caps.CapUse], now: datetime) -> None:
    for use in used:
        if use.is_reached:
            house_alarms.note(session, AlertEvent.CALL_CAP, now, use.name)
        elif use.is_near:
            house_alarms.note(session, AlertEvent.CAP_NEAR, now, use.name)
