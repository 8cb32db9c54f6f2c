"""Sends alerts. Run by the scheduler, not by the workers, so that alerts need neither Redis nor workers.

A thread of a small pool sends each message, so that a server that does not answer delays nothing else. A message that
cannot be sent is tried again like any other job of the outbox.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import requests
from sqlalchemy import select
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

from ivr.callbacks import alert_texts
from ivr.carrier import client
from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.alert_subscriptions import channel
from ivr.domain.enums import DeliveryState, WorkKind
from ivr.domain.timestamps import iso, utc_now
from ivr.models.alerts import AlertMessage
from ivr.platform import database, mail, monitoring, outbox


def due(session: Session, now: datetime) -> list[tuple[int, str]]:
    """Ids of the jobs that should send a message, a report or a link now, each with its recipient.

    Outside `alert_hours` a failed message is not tried again, unless it is about an emergency.
    """
    awake = opening_hours.is_open(settings().alert_hours, now)
    rows = [
        row for row in outbox.due_for_scheduler(session, now) if awake or row.urgent or row.kind != WorkKind.SEND_ALERT
    ]
    ids = [row.subject_id for row in rows if row.kind == WorkKind.SEND_ALERT]
    query = select(AlertMessage.id, AlertMessage.subscription).where(AlertMessage.id.in_(ids))
    to = dict(session.execute(query).all()) if ids else {}
    return [
        (row.id, to.get(row.subject_id, "") if row.kind == WorkKind.SEND_ALERT else f"{row.kind} {row.subject_id}")
        for row in rows
    ]


def send(message_id: int) -> None:
    """Send an alert once.

    Raises:
        mail.NotDelivered, requests.RequestException, TwilioRestException: to be tried again.
    """
    with database.reading() as session:
        message = session.get(AlertMessage, message_id)
        if message is None or message.state == "sent":
            return
    alert = next((one for one in settings().alerts if one.name == message.subscription), None)
    if alert is None:  # another host may know it: settings are not changed everywhere at once
        raise mail.NotDelivered("this host knows no such subscription")
    deliver(alert.to, message, alert.language)
    monitoring.count("alerts_sent", 1, channel(alert.to)[0])
    with database.writing() as session:
        if sent := session.get(AlertMessage, message_id):
            sent.state, sent.sent_at = DeliveryState.SENT, utc_now()


def given_up(session: Session, message_id: int) -> None:
    """Mark a message as failed after the last try."""
    if message := session.get(AlertMessage, message_id):
        message.state = DeliveryState.FAILED


def deliver(to: str, message: AlertMessage, language: str) -> None:
    """Send a message to an address."""
    kind, address = channel(to)
    if kind == "sms":
        count = sum(message.content["kinds"].values())
        client.send_text_message(address, alert_texts.short(language, message.subject, message.content["codes"], count))
    elif kind == "webhook":
        _post(address, message)
    else:
        mail.send(
            address if kind == "email" else "", message.subject, message.text, other=to if kind == "other" else ""
        )


def _post(url: str, message: AlertMessage) -> None:
    """A webhook in the form of https://www.standardwebhooks.com: the receiver can check who sent it, and when."""
    body = json.dumps(
        {
            "type": "hotline.alert",
            "timestamp": iso(message.created_at),
            "data": {"subject": message.subject, **message.content},
        }
    )
    at, name = datetime.now(UTC), f"alert_{message.id}"
    signature = Webhook(settings().webhook_secret).sign(msg_id=name, timestamp=at, data=body)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
    # An address that sends on to another one is not followed: it may lead into the internal network.
    answer = requests.post(url, data=body.encode(), headers=headers, timeout=mail.TIMEOUT, allow_redirects=False)
    if not answer.ok or answer.is_redirect:
        raise mail.NotDelivered(f"the server answered {answer.status_code}")
