"""Text messages (SMS): the link callers ask for in a call, and what members send from a task. A worker sends them.

Telephones are shared: no template names the Jobcenter or a concern.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from ivr import prompts
from ivr.callbacks import carrier_faults, contacts, events, further_attempts, sms_limits
from ivr.callbacks.refused import Refused, require_unrestricted
from ivr.callbacks.task_locks import lock_task
from ivr.config.settings import settings
from ivr.domain.enums import DeliveryState, Medium, Outcome, Refusal, ReplyBy, SmsTemplate, TaskEventKind, WorkKind
from ivr.domain.languages import addressed_in
from ivr.domain.timestamps import iso, utc_now
from ivr.domain.words.carrier import CARRIER_FAULTS
from ivr.domain.words.tables import Translate
from ivr.domain.words.tasks import TEXT_STATES
from ivr.models.accounts import User
from ivr.models.callbacks import AppointmentWish, CallbackTask, TextMessage
from ivr.models.calls import Call
from ivr.models.contacts import CALLS_OF_TASKS, Contact
from ivr.platform import outbox

#: What the template of a missed call says where no further call is planned.
MISSED_LAST = "sms_missed_last"
#: A message that could not be sent for so long is not sent any more.
_EXPECTED_FOR = timedelta(hours=24)


def send_link(session: Session, call: Call, number: str, language: str) -> None:
    """The link to the online services, once in a call, to a number that can get one (see :func:`can_get_link`).

    A cap that has been reached since the caller was told that it is sent does not take that back.
    """
    now = utc_now()
    if _link_of(session, call.call_sid) is not None:
        return
    if (refused := sms_limits.refused_by(session, number or None, now)) is not None:
        sms_limits.told(session, refused, call.call_sid, now)
        if not refused.cap:
            return
    message = TextMessage(
        call_id=call.id, to_number=number, language=language, state=DeliveryState.QUEUED, created_at=now,
        valid_until=valid_until(SmsTemplate.LINK, now),
    )  # fmt: skip
    session.add(message)
    send_soon(session, message, now)
    for contact in call.contacts:
        contacts.note_agreement(session, contact)


def valid_until(template: SmsTemplate, at: datetime, appointment_at: datetime | None = None) -> datetime:
    """From when on nobody expects a message to be sent at `at`: a day later, an appointment's when it begins."""
    late = at + _EXPECTED_FOR
    return min(late, appointment_at) if template == SmsTemplate.APPOINTMENT and appointment_at else late


def state_of(message: TextMessage, translate: Translate) -> str:
    """What became of a message, for members."""
    if message.state == DeliveryState.FAILED and message.carrier_fault is not None:
        return f"{TEXT_STATES.of(message.state, translate)}: {CARRIER_FAULTS.of(message.carrier_fault, translate)}"
    return TEXT_STATES.of("delivered" if message.delivered_at else message.state, translate)


def of_task(session: Session, task: CallbackTask) -> Sequence[TextMessage]:
    """The text messages of a task's calls, the latest first."""
    calls = select(CALLS_OF_TASKS.c.call_id).where(CALLS_OF_TASKS.c.task_id == task.id)
    return session.scalars(
        select(TextMessage).where(TextMessage.call_id.in_(calls)).order_by(TextMessage.id.desc()).limit(20)
    ).all()


def drop_unsent(session: Session, task: CallbackTask) -> None:
    """Stop the text messages about a task that are not sent yet: what they say is settled."""
    calls = select(CALLS_OF_TASKS.c.call_id).where(CALLS_OF_TASKS.c.task_id == task.id)
    planned = (TextMessage.call_id.in_(calls), TextMessage.state == DeliveryState.QUEUED)
    session.execute(update(TextMessage).where(*planned).values(state=DeliveryState.FAILED))


def is_withdrawn(session: Session, message: TextMessage) -> bool:
    """Whether what a message is about was withdrawn after it was planned: all requests of its call were.

    The link is about no request.
    """
    if message.template == SmsTemplate.LINK or message.created_at is None:
        return False
    theirs = select(Contact).where(Contact.call_id == message.call_id).options(joinedload(Contact.task))
    requests = session.scalars(theirs).all()
    return bool(requests) and all(_withdrawn_after(one, message.created_at) for one in requests)


def _withdrawn_after(contact: Contact, at: datetime) -> bool:
    by_code, task = contact.withdrawn_at, contact.task
    closed = task.closed_at if task.outcome == Outcome.WITHDRAWN else None
    return any(withdrawn is not None and withdrawn >= at for withdrawn in (by_code, closed))


def send_soon(session: Session, message: TextMessage, now: datetime) -> None:
    """Plan the sending of a new message, and tell the house of a cap that it reaches."""
    session.flush()
    outbox.add(session, WorkKind.SEND_TEXT_MESSAGE, message.id)
    sms_limits.tell_if_reached(session, message.to_number, now)


def can_get_link(session: Session, call_sid: str, number: str, now: datetime) -> bool:
    """Whether the link is sent to a number in a call, or was; the house is told of a limit that is in its way."""
    sent = _link_of(session, call_sid)
    if sent is not None:
        return sent.to_number == number
    refused = sms_limits.refused_by(session, number or None, now)
    sms_limits.told(session, refused, call_sid, now)
    return refused is None and not carrier_faults.stands_in_the_way(session, Medium.TEXT, number, now)


def _link_of(session: Session, call_sid: str) -> TextMessage | None:
    query = select(TextMessage).join(Call, Call.id == TextMessage.call_id)
    return session.scalar(query.where(Call.call_sid == call_sid, TextMessage.template == SmsTemplate.LINK).limit(1))


def body(message: TextMessage) -> str:
    """What a message says."""
    if message.text is not None:
        return message.text
    return prompts.text(SmsTemplate.LINK, message.language, {"link": settings().online_services_url})


def templates(task: CallbackTask) -> tuple[str, ...]:
    """The texts that fit a task."""
    wish = task.appointment_wish
    if task.reply_by == ReplyBy.WRITING:
        return (SmsTemplate.ANSWER, SmsTemplate.LINK, *_of_wish(wish))
    return (SmsTemplate.MISSED, SmsTemplate.LINK, *_of_wish(wish))


def _of_wish(wish: AppointmentWish | None) -> tuple[str, ...]:
    return (SmsTemplate.APPOINTMENT,) if wish and wish.appointment_at else ()


def draft(task: CallbackTask, template: str, language: str) -> str:
    """A template in a language, with what is known of the task."""
    wish, values = task.appointment_wish, {"link": settings().online_services_url}
    if wish is not None and wish.appointment_at is not None:
        values["appointment_at"] = iso(wish.appointment_at) or ""
    last = template == SmsTemplate.MISSED and not further_attempts.follows(task, utc_now())
    text = prompts.text(MISSED_LAST if last else template, addressed_in(language), values)
    return f"{text} {wish.place}" if template == SmsTemplate.APPOINTMENT and wish and wish.place else text


def send(session: Session, task: CallbackTask, user: User, template: str, text: str, now: datetime) -> None:
    """Send a text from a task, as the member has seen it.

    Raises:
        Refused: what :func:`ivr.callbacks.sms_limits.check` refuses, `text_needed`, `text_unfit`, or `restricted`
            (Art. 18 GDPR).
    """
    require_unrestricted(task)
    number = task.callback_number
    # Of two members who send at once, one counts and is numbered after the other.
    lock_task(session, task.id)
    sms_limits.one_after_another(session, number)
    sms_limits.check(session, number, now)
    text = text.strip()[:800]
    if not text:
        raise Refused(Refusal.TEXT_NEEDED)
    if template not in (*templates(task), SmsTemplate.MODULE):
        raise Refused(Refusal.TEXT_UNFIT)
    wish = task.appointment_wish
    same = select(func.count(TextMessage.id)).where(
        TextMessage.call_id == task.call_id, TextMessage.to_number == number, TextMessage.template == template
    )
    message = TextMessage(
        call_id=task.call_id, to_number=number, language=addressed_in(task.language), template=template,
        number=(session.scalar(same) or 0) + 1, text=text, state=DeliveryState.QUEUED,
        created_at=now, valid_until=valid_until(SmsTemplate(template), now, wish.appointment_at if wish else None),
    )  # fmt: skip
    session.add(message)
    events.record(session, task.id, TaskEventKind.TEXT_SENT, now, user_id=user.id, text=text)
    send_soon(session, message, now)
