"""Sends the text messages (SMS) callers and members have asked for, and takes in what became of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import carrier_faults, code_changes, events, sms
from ivr.calls.erased_ids import plan_external_deletion, was_deleted
from ivr.carrier import client
from ivr.carrier.refusals import CarrierRefused, Refusal, of_text_message
from ivr.domain.enums import (
    CarrierSide,
    DeliveryState,
    Medium,
    PendingDeletionKind,
    SmsTemplate,
    TaskEventKind,
    WorkKind,
)
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.contacts import CALLS_OF_TASKS
from ivr.platform import database, outbox

#: A message that was taken and did not arrive is sent again after this.
_SEND_AGAIN_AFTER = timedelta(minutes=15)
#: What did not arrive is sent again for so long.
_SENT_AGAIN_FOR = timedelta(hours=1)
#: The carrier's states of a message that did not arrive.
_NOT_DELIVERED = ("undelivered", "failed")


def send(message_id: int) -> None:
    """Send a message once. What the number does not take is given up at once, and never sent later.

    Raises:
        CarrierRefused, requests.RequestException: the operator's or the network's fault; to be tried again.
    """
    now = utc_now()
    with database.reading() as session:
        message = session.get_one(TextMessage, message_id)
        to, body = message.to_number, sms.body(message)
        if message.state != DeliveryState.QUEUED:
            return  # sent, or stopped by a member
        restricted = (
            select(CallbackTask.id)
            .join(CALLS_OF_TASKS, CALLS_OF_TASKS.c.task_id == CallbackTask.id)
            .where(CALLS_OF_TASKS.c.call_id == message.call_id, CallbackTask.restricted_at.is_not(None))
        )
        tells_old_number = message.template == SmsTemplate.NUMBER_CHANGED
        may = (
            session.scalar(restricted.limit(1)) is None
            and (not tells_old_number or code_changes.may_be_told(session, message.call_id, to))
            and not sms.is_withdrawn(session, message)
        )
        until = message.valid_until
        too_late = until is not None and until <= now
    if not may or too_late:  # their data may not be used now, a member has stopped it, or nobody expects it
        with database.writing() as session:
            _give_up(session, message_id, None, now)
        return
    try:
        sid = client.send_text_message(to, body, message_id, until - now if until else None)
    except CarrierRefused as error:
        _was_refused(message_id, error.refusal)
        if error.refusal.side == CarrierSide.NUMBER:
            return
        raise
    with database.writing() as session:
        carrier_faults.mended(session, Medium.TEXT, to, now, utc_now())
        sent = session.get(TextMessage, message_id)
        if sent is None:  # erased while it was sent
            plan_external_deletion(session, PendingDeletionKind.MESSAGE, sid)
            return
        if sent.state == DeliveryState.QUEUED and sent.message_sid != sid:
            sent.state, sent.carrier_fault = DeliveryState.SENT, None
        # Otherwise the carrier has told already what became of it; perhaps it is planned again.
        if sent.state == DeliveryState.SENT and sent.message_sid not in (None, sid):
            plan_external_deletion(session, PendingDeletionKind.MESSAGE, sent.message_sid or "")
        sent.message_sid, sent.sent_at = sid, utc_now()


def _was_refused(message_id: int, refusal: Refusal) -> None:
    now = utc_now()
    with database.writing() as session:
        message = session.get(TextMessage, message_id)
        if message is None:
            return
        carrier_faults.note(session, refusal, Medium.TEXT, message.to_number, now)
        message.carrier_fault = refusal.fault
        if refusal.side == CarrierSide.NUMBER:
            _give_up(session, message_id, refusal, now)


def delivered_or_not(session: Session, message_id: int, sid: str, status: str, code: int, now: datetime) -> None:
    """Take in what the carrier tells about a message that it had taken; it may tell it twice and out of order.

    It may also tell it before its answer to the request has come, or where that answer was lost. A message that did
    not arrive by the operator's or the network's fault is sent again later, for an hour. That it has arrived counts
    whatever was told before: then it is neither sent again nor shown as given up.
    """
    if not sid:
        return
    message = session.get(TextMessage, message_id)
    if message is None:
        _forget(session, sid)
    if message is None or (message.message_sid is None and was_deleted(session, sid)):
        return  # of a text that was erased, whose number another one may have got since
    waits, known = message.state == DeliveryState.QUEUED, message.message_sid
    if status == "delivered" and known in (None, sid):
        message.state, message.message_sid, message.carrier_fault = DeliveryState.SENT, sid, None
        message.sent_at, message.delivered_at = message.sent_at or now, message.delivered_at or now
        return
    if known is not None and (sid == known) == waits:
        # About another try. Where one waits, the id is that of the try before, which did not arrive.
        if not waits:
            _forget(session, sid)
        return
    if status not in _NOT_DELIVERED:
        if waits and status:  # the carrier has it: the answer that says so is late, or lost
            message.state, message.message_sid, message.sent_at = DeliveryState.SENT, sid, now
        if status == "delivered":
            message.delivered_at = message.delivered_at or now
        return
    if message.delivered_at is not None or message.state == DeliveryState.FAILED:
        return
    refusal = of_text_message(code)
    carrier_faults.note(session, refusal, Medium.TEXT, message.to_number, now)
    message.carrier_fault = refusal.fault
    until = message.valid_until
    if refusal.side != CarrierSide.NUMBER and until is not None and until > now + _SEND_AGAIN_AFTER:
        plan_external_deletion(session, PendingDeletionKind.MESSAGE, sid)
        message.state, message.message_sid = DeliveryState.QUEUED, sid
        message.valid_until = min(until, now + _SENT_AGAIN_FOR)
        outbox.add(session, WorkKind.SEND_TEXT_MESSAGE, message.id, run_after=now + _SEND_AGAIN_AFTER)
    else:
        _give_up(session, message_id, refusal, now)


def _forget(session: Session, sid: str) -> None:
    """Plan the deletion of a text at the carrier that is not ours any more, or was sent twice.

    The answer to its request was lost, so nothing else would ever delete it there.
    """
    if not was_deleted(session, sid):
        plan_external_deletion(session, PendingDeletionKind.MESSAGE, sid)


def _give_up(session: Session, message_id: int, refusal: Refusal | None, now: datetime) -> None:
    """Mark a message as failed for good. The history of its task says why."""
    message = session.get(TextMessage, message_id)
    if message is None or message.state == DeliveryState.FAILED:
        return
    message.state = DeliveryState.FAILED
    fault = refusal.fault if refusal else message.carrier_fault
    if fault is not None and (task := _task_of(session, message)) is not None:
        events.record(session, task.id, TaskEventKind.TEXT_NOT_SENT, now, text=fault)


def _task_of(session: Session, message: TextMessage) -> CallbackTask | None:
    theirs = select(CallbackTask).join(CALLS_OF_TASKS, CALLS_OF_TASKS.c.task_id == CallbackTask.id)
    theirs = theirs.where(CALLS_OF_TASKS.c.call_id == message.call_id)
    return session.scalar(theirs.order_by(CallbackTask.id.desc()).limit(1))
