"""Queues an alert that is about no task, for every subscription to its event. It is sent day and night."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain.enums import AlertEvent, DeliveryState, WorkKind
from ivr.models.alerts import AlertMessage
from ivr.platform import outbox


def queue(
    session: Session, event: AlertEvent, wording: Callable[[str], tuple[str, str]], now: datetime, **content: str
) -> None:
    """Queue one message for each subscription to `event`.

    `wording` gives subject and text in a language; `content` is added to what webhooks are sent.
    """
    for alert in settings().alerts:
        if event not in alert.events:
            continue
        subject, text = wording(alert.language)
        message = AlertMessage(
            subscription=alert.name, urgent=True, subject=subject, text=text, state=DeliveryState.QUEUED,
            created_at=now, content={"kinds": {event: 1}, "codes": {}, **content},
        )  # fmt: skip
        session.add(message)
        session.flush()
        outbox.add(session, WorkKind.SEND_ALERT, message.id, urgent=True, run_after=now)
