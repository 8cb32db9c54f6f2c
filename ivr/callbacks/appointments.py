"""The answer to an appointment wish: granted with date and place, or refused with a reason."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import workflow
from ivr.callbacks.refused import Refused
from ivr.domain.enums import Outcome, Refusal, RefusalReason, RoomSize
from ivr.models.accounts import User
from ivr.models.callbacks import AppointmentWish, CallbackTask


def answer(
    session: Session,
    task: CallbackTask,
    user: User,
    now: datetime,
    *,
    appointment_at: datetime | None = None,
    place: str = "",
    room: str = "",
    refusal_reason: str = "",
    text: str = "",
) -> None:
    """Grant or refuse an appointment wish; either closes the task.

    A granted wish needs `appointment_at` and `place`; the room is large where a third person takes part, unless `room`
    says otherwise. A refused wish needs a `refusal_reason`.

    Raises:
        Refused: the task is not theirs, or `answer_needed` without date and place or a reason.
    """
    wish = task.appointment_wish
    granted = appointment_at is not None and bool(place.strip())
    if wish is None or granted == (refusal_reason in tuple(RefusalReason)):
        raise Refused(Refusal.ANSWER_NEEDED)
    workflow.close_with(session, task, user, Outcome.GRANTED if granted else Outcome.REFUSED, text, now)
    wish.appointment_at = appointment_at if granted else None
    wish.place = place.strip()[:200] if granted else None
    wish.room = _room(wish, room) if granted else None
    wish.refusal_reason = None if granted else RefusalReason(refusal_reason)


def _room(wish: AppointmentWish, chosen: str) -> RoomSize:
    """The size of the room that a member has chosen, or the usual one."""
    if chosen in tuple(RoomSize):
        return RoomSize(chosen)
    return RoomSize.LARGE if wish.large_room else RoomSize.SMALL
