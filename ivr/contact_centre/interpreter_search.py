"""The search for an interpreter: the pool is rung in its order, two telephones at a time, until one presses the key.

The pool is :mod:`ivr.contact_centre.interpreter_pool`. That somebody is wanted, and what became of it, is written down
in :mod:`ivr.contact_centre.interpreters`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.calls import going_on
from ivr.contact_centre import conversations, engaged_numbers, interpreter_bookings, interpreter_pool
from ivr.contact_centre.interpreter_pool import Interpreter
from ivr.domain.enums import InterpreterRequestState, LegRole, LegState, WorkKind
from ivr.domain.languages import UNKNOWN_LANGUAGE
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg
from ivr.platform import outbox

#: Time after which the next interpreter is rung beside one who has not answered yet.
BESIDE_AFTER = timedelta(seconds=8)
#: Interpreters who are rung for the same wish at once.
_AT_ONCE = 2


def can_be_asked(session: Session, language: str, now: datetime) -> bool:
    """Whether an interpreter can be looked for: not where nobody knows the language, unless somebody takes those too.

    Then the call itself has to tell which language it is.
    """
    return language != UNKNOWN_LANGUAGE or bool(interpreter_pool.on_duty(session, language, now))


def ring_next(session: Session, wanted: InterpreterRequest, now: datetime) -> bool:
    """Ring the next interpreter, and plan the one after for a while later. False if nobody is left who could come."""
    if wanted.state != InterpreterRequestState.LOOKING:
        return True
    legs = session.scalars(select(Leg).where(Leg.request_id == wanted.id).order_by(Leg.id)).all()
    active = [leg for leg in legs if leg.state != LegState.ENDED]
    planned = [leg for leg in active if is_planned(leg, now)]
    if planned:
        planned[0].created_at = now
        outbox.add(session, WorkKind.RING_LEG, planned[0].id, urgent=True)
    elif leg := _add_next(session, wanted, now, now):
        active.append(leg)
    elif not active:
        wanted.state, wanted.ended_at = InterpreterRequestState.UNMET, now
        return False
    if len(active) < _AT_ONCE:
        _add_next(session, wanted, now + BESIDE_AFTER, now)
    return True


def _add_next(session: Session, wanted: InterpreterRequest, at: datetime, now: datetime) -> Leg | None:
    """Add the leg of the next interpreter who has not been tried and is in no call, to be rung at an instant."""
    conversation = session.get_one(Conversation, wanted.conversation_id)
    left_out = {
        *session.scalars(select(Leg.number).where(Leg.request_id == wanted.id)),
        *engaged_numbers.everywhere(session, now),
    }
    left_out |= interpreter_bookings.reserved(session, conversation, now)
    if conversation.task is not None:  # an interpreter has a request of their own
        left_out.add(conversation.task.callback_number)
    for one in _in_order(session, conversation, wanted, now):
        calls_us = one.calls_at_once == 1 and going_on.is_calling(session, one.number, now)
        if one.number not in left_out and not calls_us:
            leg = conversations.add_leg(
                session, conversation, LegRole.INTERPRETER, one.number, at, ring=False, request_id=wanted.id,
                name=one.name,
            )  # fmt: skip
            outbox.add(session, WorkKind.RING_LEG, leg.id, urgent=True, run_after=at if at > now else None)
            return leg
    return None


def _in_order(
    session: Session, conversation: Conversation, wanted: InterpreterRequest, now: datetime
) -> list[Interpreter]:
    """Who may be rung for a wish: the one who is booked for it, then those on duty."""
    if wanted.role != LegRole.INTERPRETER:
        return []
    booking = interpreter_bookings.due(session, conversation, wanted.language, now)
    everybody = interpreter_pool.everybody(session) if booking is not None else []
    booked = [one for one in everybody if booking is not None and one.number == booking.number]
    return [*booked, *interpreter_pool.on_duty(session, wanted.language, now)]


def is_planned(leg: Leg, now: datetime) -> bool:
    """Whether a telephone is to be rung later, beside one that rings now."""
    return leg.state == LegState.WANTED and leg.call_sid is None and leg.created_at > now


def may_be_rung(session: Session, leg: Leg, now: datetime) -> bool:
    """Whether an interpreter who was planned is still wanted, and is in no other call meanwhile."""
    wanted = leg.request
    looking = wanted is not None and wanted.state == InterpreterRequestState.LOOKING
    return looking and not engaged_numbers.is_in_another_call(session, leg, now)
