"""Sends the text messages (SMS) callers have asked for."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import sms
from ivr.calls.erased_ids import plan_external_deletion
from ivr.carrier import client
from ivr.domain.enums import DeliveryState, PendingDeletionKind
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.contacts import CALLS_OF_TASKS
from ivr.platform import database


def send(message_id: int) -> None:
    """Send a message once.

    Raises:
        twilio's TwilioRestException, requests.RequestException: to be tried again.
    """
    with database.reading() as session:
        message = session.get_one(TextMessage, message_id)
        to, body = message.to_number, sms.body(message)
        if message.state == "sent":
            return
        restricted = (
            select(CallbackTask.id)
            .join(CALLS_OF_TASKS, CALLS_OF_TASKS.c.task_id == CallbackTask.id)
            .where(CALLS_OF_TASKS.c.call_id == message.call_id, CallbackTask.restricted_at.is_not(None))
        )
        may = session.scalar(restricted.limit(1)) is None
    if not may:  # asked for before the person wanted that their data is not used
        with database.writing() as session:
            given_up(session, message_id)
        return
    sid = client.send_text_message(to, body)
    with database.writing() as session:
        sent = session.get(TextMessage, message_id)
        if sent is None:  # erased while it was sent
            plan_external_deletion(session, PendingDeletionKind.MESSAGE, sid)
            return
        sent.state, sent.message_sid, sent.sent_at = DeliveryState.SENT, sid, utc_now()


def given_up(session: Session, message_id: int) -> None:
    """Mark a message as failed after the last try."""
    if (message := session.get(TextMessage, message_id)) is not None:
        message.state = DeliveryState.FAILED
