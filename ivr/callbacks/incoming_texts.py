"""Text messages to the hotline, which nobody reads: who writes one is told so, once a day, and asked to call.

Answered is who was texted or has called before: another answer would go to whomever a stranger names as the sender.
What somebody writes is neither kept nor logged; the carrier's record of it is deleted.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr import prompts
from ivr.callbacks import sms, sms_limits
from ivr.calls.erased_ids import plan_external_deletion, was_deleted
from ivr.carrier import number_setup
from ivr.carrier.text_events import IncomingText
from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.enums import DeliveryState, PendingDeletionKind, SmsTemplate
from ivr.domain.languages import DEFAULT_LANGUAGE, addressed_in
from ivr.models.callbacks import TextMessage
from ivr.models.calls import Call
from ivr.platform.clock_watch import DIFFERENCE

#: Whoever writes again is answered again after this. It also ends a conversation with a machine that answers.
_ANSWERED_AGAIN_AFTER = timedelta(hours=24)
#: For so long after a text message of ours its receiver is known by it.
_KNOWN_BY_TEXT_FOR = timedelta(days=30)


def came(session: Session, text: IncomingText, now: datetime) -> None:
    """Take in that somebody has written. The carrier may tell it twice."""
    if text.message_sid:
        if was_deleted(session, text.message_sid):
            return
        plan_external_deletion(session, PendingDeletionKind.MESSAGE, text.message_sid)
    if not text.number or text.is_keyword or text.number in number_setup.numbers_of_texts():
        return
    known = _known(session, text.number, now)
    if known is not None:
        _answer(session, text.number, *known, now)


def _known(session: Session, number: str, now: datetime) -> tuple[int, str] | None:
    """The last text message to a number, or its last call: the id of its call, and the language."""
    sent = select(TextMessage.call_id, TextMessage.language).where(
        TextMessage.to_number == number, TextMessage.created_at > now - _KNOWN_BY_TEXT_FOR
    )
    if last := session.execute(sent.order_by(TextMessage.id.desc()).limit(1)).first():
        return last.call_id, last.language
    called = select(Call.id, Call.language).where(Call.from_number == number)
    if call := session.execute(called.order_by(Call.id.desc()).limit(1)).first():
        return call.id, addressed_in(call.language or DEFAULT_LANGUAGE)
    return None


def _answer(session: Session, number: str, call_id: int, language: str, now: datetime) -> None:
    # Of two messages that come at once, one is answered after the other.
    session.execute(select(Call.id).where(Call.id == call_id).with_for_update())
    answers = select(func.count(TextMessage.id)).where(
        TextMessage.to_number == number, TextMessage.template == SmsTemplate.NOT_READ
    )
    lately = answers.where(
        TextMessage.created_at > now - _ANSWERED_AGAIN_AFTER,
        TextMessage.created_at <= now + DIFFERENCE,  # not what a clock that was ahead has recorded
    )
    if session.scalar(lately) or sms_limits.refusal_of(session, number, now) is not None:
        return
    message = TextMessage(
        call_id=call_id, to_number=number, language=language, template=SmsTemplate.NOT_READ,
        number=(session.scalar(answers) or 0) + 1,
        text=prompts.text(SmsTemplate.NOT_READ, language, {"hotline_number": _dialled_from(number)}),
        state=DeliveryState.QUEUED, created_at=now, valid_until=sms.valid_until(SmsTemplate.NOT_READ, now),
    )  # fmt: skip
    session.add(message)
    sms.send_soon(session, message, now)


def _dialled_from(number: str) -> str:
    """The hotline's number as it is dialled from a number: with its country, unless both are of one."""
    hotline = settings().hotline_number
    same = phone_numbers.country_of(number) == phone_numbers.country_of(hotline)
    return phone_numbers.readable(hotline) if same else hotline
