"""Text messages (SMS) callers have asked for: written down with the call, sent by a worker."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr import outbox, prompts
from ivr.configuration import settings
from ivr.models import Call, TextMessage


def send_link(session: Session, call: Call, number: str, language: str) -> None:
    """The link to the online services, once to a number in a call."""
    known = select(TextMessage).where(TextMessage.call_id == call.id, TextMessage.to_number == number)
    if not number or session.scalar(known) is not None:
        return
    message = TextMessage(call_id=call.id, to_number=number, language=language, state="queued")
    session.add(message)
    session.flush()
    outbox.add(session, "send_text_message", message.id)


def body(message: TextMessage) -> str:
    """What a message says. Telephones are shared: it names neither the Jobcenter nor a concern."""
    return prompts.text("sms_link", message.language, {"link": settings().online_services_url})
