"""Looks up calls at the carrier whose events have not arrived."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from ivr.calls import calls
from ivr.carrier import call_control, exchanges, one_by_one
from ivr.carrier.exchanges import ExchangeAway
from ivr.config.settings import settings
from ivr.contact_centre import call_distribution, leg_events, queue_order
from ivr.domain.enums import CallRowState, LegState
from ivr.domain.timestamps import utc_now
from ivr.models.calls import Call
from ivr.models.contact_centre import Leg, QueueEntry
from ivr.platform import database
from ivr.telephony import call_intake

#: What a document takes beside a recording: its words, and the time for an answer of who needs ten times as long.
_ANSWERS = timedelta(minutes=5)
#: Seconds after which the calls of an exchange of our own that cannot be reached count as over: nobody talks through a
#: machine that is gone, and its members shall not be busy for ever.
_GONE_AFTER = 60.0


def ask_for_lost_events() -> None:
    """Look up the state of telephones that should have been answered or given up long ago.

    Raises:
        TwilioRestException: the carrier refuses to tell of one of them; the others were looked up. So does
            :func:`check_ended_calls`.
    """
    with database.reading() as session:
        lost = {leg.id: leg.call_sid for leg in call_distribution.overdue_legs(session, utc_now())}

    def look(leg_id: int) -> None:
        sid = lost[leg_id]
        status = _status(sid) if sid else "failed"
        if status in call_control.ENDED:
            _is_over(leg_id, status)
        elif sid is not None and status in ("queued", "ringing", "initiated"):
            call_control.end_call(sid)

    if refused := one_by_one.each(lost, look):
        raise refused


def check_ended_calls() -> None:
    """Look up the calls of waiting callers and of conversations, and free who counts as busy by mistake.

    Without this a lost event would keep the queue entry or the conversation open for ever.
    """
    try:
        _look_up_calls()
    finally:  # it needs no carrier
        with database.writing_alone() as session:
            call_distribution.repair(session, utc_now())


def _look_up_calls() -> None:
    with database.reading() as session:
        held = select(Call.call_sid).join(QueueEntry).where(queue_order.IN_QUEUE)
        waiting = session.scalars(held.where(Call.state != CallRowState.ENDED).distinct()).all()
        talking = {
            leg.id: leg.call_sid
            for leg in session.scalars(select(Leg).where(Leg.state.in_((LegState.ANSWERED, LegState.JOINED))))
            if leg.call_sid
        }

    def look(sid: str) -> None:
        if _status(sid) in call_control.ENDED:
            call_intake.call_ended(sid, None, utc_now())

    def look_at_leg(leg_id: int) -> None:
        if (status := _status(talking[leg_id])) in call_control.ENDED:
            _is_over(leg_id, status)

    refused = one_by_one.each(waiting, look)
    if refused := one_by_one.each(talking, look_at_leg) or refused:
        raise refused


def end_silent_calls() -> None:
    """End the calls that the carrier cannot be asked of, when it has long asked nothing for them.

    The longest document is a recording; questions and their answers take some minutes less.
    """
    now, longest = utc_now(), timedelta(seconds=settings().message_seconds) + _ANSWERS
    with database.reading() as session:
        silent = calls.silent(session, now, longest)
    for call_sid in silent:
        call_intake.call_ended(call_sid, None, now)


def _is_over(leg_id: int, status: str) -> None:
    # An exchange of our own says so of the calls that it had when it died.
    cut_off = settings().has_exchange and status == "failed"
    with database.writing_alone() as session:
        if leg := session.get(Leg, leg_id):
            leg_events.call_over(session, leg, status, utc_now(), cut_off=cut_off)


def _status(call_sid: str) -> str:
    try:
        return call_control.call_status(call_sid)
    except call_control.CallIsOver:
        return "completed"
    except ExchangeAway as error:
        if min(map(exchanges.away_for, error.numbers), default=0.0) < _GONE_AFTER:
            raise
        return "failed"
