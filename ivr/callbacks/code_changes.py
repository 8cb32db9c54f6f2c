"""Changes by receipt code: noted at once, and used only when a member has confirmed them.

Who knows a code may have found or stolen it. So another number and a withdrawal are marked on their contact; until a
member has confirmed them, nobody is dialled automatically, and the task stays open with its promises running.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from ivr import prompts
from ivr.callbacks import contacts, events, search_index, sms, sms_limits, workflow
from ivr.callbacks.events import id_of
from ivr.callbacks.refused import Refused, require_workable
from ivr.callbacks.task_locks import lock_tasks
from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.enums import CallerProof, DeliveryState, Refusal, SmsTemplate, TaskEventKind, TaskState, WorkKind
from ivr.domain.languages import addressed_in
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.contacts import Contact, unconfirmed
from ivr.notices import present
from ivr.platform import outbox

#: Opening time that members have to keep the old number from being told.
TOLD_AFTER = timedelta(hours=1)


def is_unconfirmed(session: Session, task: CallbackTask) -> bool:
    """Whether a change of one of the task's contacts is not confirmed yet, so that nobody is dialled automatically."""
    return session.scalar(select(Contact.id).where(Contact.task_id == task.id, unconfirmed()).limit(1)) is not None


def has_changed_since(session: Session, task: CallbackTask, since: datetime) -> bool:
    """Whether a number or a withdrawal has come by receipt code since an instant, and is not confirmed yet."""
    later = or_(Contact.number_changed_at >= since, Contact.withdrawn_at >= since)
    of_task = select(Contact.id).where(Contact.task_id == task.id, unconfirmed(), later)
    return session.scalar(of_task.limit(1)) is not None


def tasks_unconfirmed() -> ColumnElement[bool]:
    """The condition for tasks of which :func:`is_unconfirmed` is true."""
    return select(Contact.id).where(Contact.task_id == CallbackTask.id, unconfirmed()).exists()


# -- by code ---------------------------------------------------------------------------------------


def change_number(session: Session, contact: Contact, number: str | None, now: datetime) -> None:
    """Note another number (E.164) that was keyed in under the contact's receipt code.

    The task keeps the number it has. The old one is told, where its caller has agreed to text messages.
    """
    if not number or number == contact.callback_number:
        return
    if contact.number_changed_at is not None and contact.confirmed_at is None and number == contact.changed_number_from:
        _take_number_back(session, contact, now)
        return
    if contact.number_changed_at is None or contact.confirmed_at is not None:
        if contact.number_changed_at is not None:
            contact.agreed_to_texts = False  # that was for the number before the change that was confirmed
        contact.changed_number_from = contact.callback_number
    contact.callback_number, contact.number_changed_at = number, now
    contact.confirmed_at = contact.confirmed_by_id = None
    events.record(session, contact.task_id, TaskEventKind.NUMBER_CHANGED, now)
    search_index.index(session, contact.task)
    tell_old_number(session, contact, now)


def _take_number_back(session: Session, contact: Contact, now: datetime) -> None:
    """The caller has keyed in the number of before: there is nothing left to confirm, or to tell it."""
    _stop_planned(session, contact, now)
    contact.callback_number = contact.changed_number_from
    contact.number_changed_at = contact.changed_number_from = None
    events.record(session, contact.task_id, TaskEventKind.NUMBER_CHANGED, now)
    search_index.index(session, contact.task)


def withdraw(session: Session, contact: Contact, now: datetime) -> None:
    """Note that a contact was withdrawn under its receipt code. The task stays open until a member has confirmed it.

    The number of before is not told any more: until somebody has proved who they are, nothing is done with the new one.
    """
    if contact.withdrawn_at is not None or contact.task.state == TaskState.CLOSED:
        return
    _stop_planned(session, contact, now)
    if contact.confirmed_at is not None:
        # Who rejects the withdrawal leaves the number that was confirmed before.
        contact.number_changed_at = contact.changed_number_from = None
    contact.withdrawn_at = now
    contact.confirmed_at = contact.confirmed_by_id = None
    events.record(session, contact.task_id, TaskEventKind.WITHDRAWAL_WANTED, now)


# -- by members --------------------------------------------------------------------------------------


def proofs_for(contact: Contact) -> tuple[CallerProof, ...]:
    """What proves that a change comes from the caller. A call to the number that was changed proves nothing."""
    return tuple(proof for proof in CallerProof if proof != CallerProof.CALLED_BACK or earlier_number(contact))


def earlier_number(contact: Contact) -> str | None:
    """The number that the caller had before anything was changed by receipt code."""
    return contact.changed_number_from if contact.number_changed_at is not None else contact.callback_number


def certain_number(contact: Contact) -> str | None:
    """The number at which a contact may be called: one that came by receipt code only once it is confirmed."""
    return earlier_number(contact) if contact.is_unconfirmed else contact.callback_number


def confirm(session: Session, contact: Contact, proof: str, user: User | None, now: datetime) -> None:
    """Confirm what was changed by receipt code, after the person has proved who they are.

    The task takes over the number. With its last contact it is closed as withdrawn.

    Raises:
        Refused: `nothing_to_confirm`, `closed`, `claimed` by somebody else, or `restricted`; `proof_needed` for what
            proves nothing.
    """
    task = _changeable(session, contact, user)
    if proof not in proofs_for(contact):
        raise Refused(Refusal.PROOF_NEEDED)
    contact.confirmed_at, contact.confirmed_by_id = now, id_of(user)
    events.record(session, task.id, TaskEventKind.CHANGE_CONFIRMED, now, user_id=id_of(user), text=proof)
    follow_contacts(session, task, now)
    session.flush()
    search_index.index(session, task)


def follow_contacts(session: Session, task: CallbackTask, now: datetime) -> None:
    """Give a task the number that its contacts have now, after one was confirmed, has come or has left.

    Its own contact's counts, as long as that is not withdrawn. With its last contact the task is closed as withdrawn.
    """
    if task.state == TaskState.CLOSED:
        return
    standing = contacts.standing(task)
    if not standing:
        workflow.withdraw(session, task, now)
        return
    numbers = [number for number in map(certain_number, standing) if number]
    own = contacts.first_of(task)
    if own is not None and own in standing and (number := certain_number(own)):
        task.callback_number = number
    elif task.callback_number not in numbers:
        task.callback_number = next(iter(numbers), None)


def refuse(session: Session, contact: Contact, user: User | None, now: datetime) -> None:
    """Take back what was changed by receipt code, because the person has not proved who they are.

    Raises:
        Refused: `nothing_to_confirm`, `closed`, `claimed` by somebody else, or `restricted`.
    """
    task = _changeable(session, contact, user)
    if contact.number_changed_at is not None:
        contact.callback_number = contact.changed_number_from
    _stop_planned(session, contact, now)
    contact.number_changed_at = contact.changed_number_from = contact.withdrawn_at = None
    events.record(session, task.id, TaskEventKind.CHANGE_REFUSED, now, user_id=id_of(user))
    search_index.index(session, task)


def correct_number(session: Session, contact: Contact, number: str, now: datetime) -> None:
    """Give a contact the number (E.164) that its caller names, whose identity is proven.

    What was changed by receipt code before is settled by that; a withdrawal is not.
    """
    _stop_planned(session, contact, now)
    contact.callback_number = number
    contact.number_changed_at = contact.changed_number_from = None
    contacts.note_agreement(session, contact)


def _changeable(session: Session, contact: Contact, user: User | None) -> CallbackTask:
    lock_tasks(session, contact.task)
    if not contact.is_unconfirmed:
        raise Refused(Refusal.NOTHING_TO_CONFIRM)
    require_workable(contact.task, user)
    return contact.task


# -- the old number ------------------------------------------------------------------------------------


def tell_old_number(session: Session, contact: Contact, now: datetime) -> None:
    """Plan a text message to the number that was changed, where its caller has agreed to text messages.

    It names neither the Jobcenter nor the matter, and comes when people may be called, after :data:`TOLD_AFTER` of
    opening time: at night nobody could keep it from being sent.
    """
    number = contact.changed_number_from
    if number is None or is_being_told(session, contact) or not may_be_told(session, contact.call_id, number):
        return
    if sms_limits.refusal_of(session, number, now) is not None:
        return
    language = addressed_in(contact.language)
    soon = opening_hours.after_open_time(present.hours(), now, TOLD_AFTER) or now + TOLD_AFTER
    hours = settings().calling_hours
    at = soon if opening_hours.is_open(hours, soon) else opening_hours.next_opening(hours, soon) or soon
    message = TextMessage(
        call_id=contact.call_id, to_number=number, language=language, template=SmsTemplate.NUMBER_CHANGED,
        number=(session.scalar(select(func.count()).select_from(_tellings(contact).subquery())) or 0) + 1,
        text=prompts.text(SmsTemplate.NUMBER_CHANGED, language, {}), state=DeliveryState.QUEUED, created_at=now,
        valid_until=sms.valid_until(SmsTemplate.NUMBER_CHANGED, at),
    )  # fmt: skip
    session.add(message)
    session.flush()
    outbox.add(session, WorkKind.SEND_TEXT_MESSAGE, message.id, run_after=at)


def is_being_told(session: Session, contact: Contact) -> bool:
    """Whether a text message to the old number is planned and not sent yet."""
    return session.scalar(_tellings(contact).where(TextMessage.state == DeliveryState.QUEUED).limit(1)) is not None


def stop_telling(session: Session, contact: Contact, user: User | None, now: datetime) -> None:
    """Keep a planned text message from being sent: the telephone may lie with somebody violent.

    It holds for later changes of the task's numbers too, see :func:`may_be_told`.
    """
    if _stop_planned(session, contact, now):
        contact.never_told = True
        session.flush()
        contacts.keep_untold(session, contact.task)
        events.record(session, contact.task_id, TaskEventKind.TELLING_STOPPED, now, user_id=id_of(user))


def may_be_told(session: Session, call_id: int, number: str) -> bool:
    """Whether a number may be told that it was changed: its caller has agreed to text messages in the call.

    Not if a member has once kept it, or a number of a contact of the same task, from being told of a change.
    """
    agreed = and_(
        Contact.call_id == call_id, Contact.changed_number_from == number, Contact.agreed_to_texts,
        Contact.number_changed_at.is_not(None),
    )  # fmt: skip
    tasks = select(Contact.task_id).where(agreed)
    their_number = or_(Contact.changed_number_from == number, Contact.callback_number == number)
    kept = select(Contact.id).where(Contact.never_told, or_(Contact.task_id.in_(tasks), their_number))
    return session.scalar(tasks.limit(1)) is not None and session.scalar(kept.limit(1)) is None


def _stop_planned(session: Session, contact: Contact, now: datetime) -> bool:
    """Whether there was a text message that is not sent now, or not sent again if it does not arrive."""
    endings: dict[DeliveryState, dict[str, Any]] = {
        DeliveryState.QUEUED: {"state": DeliveryState.FAILED},
        DeliveryState.SENT: {"valid_until": now},
    }
    stopped: list[Any] = []
    for state, values in endings.items():
        mine = _tellings(contact).where(TextMessage.state == state)
        change = update(TextMessage).where(TextMessage.id.in_(mine)).values(**values).returning(TextMessage.id)
        stopped += session.execute(change.execution_options(synchronize_session="fetch")).all()
    return bool(stopped)


def _tellings(contact: Contact) -> Select[int]:
    return select(TextMessage.id).where(
        TextMessage.call_id == contact.call_id,
        TextMessage.to_number == contact.changed_number_from,
        TextMessage.template == SmsTemplate.NUMBER_CHANGED,
    )
