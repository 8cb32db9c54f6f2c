"""The contacts of tasks: found by call or by receipt code, made, and completed with what their callers give."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from ivr.callbacks.request import Request
from ivr.domain.enums import ReplyBy, SmsTemplate, TaskState, Urgency
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.flows.request import to_record
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.calls import Call
from ivr.models.contacts import Contact, LaterCall
from ivr.platform import found_rows
from ivr.platform.column_types import insert

#: How long after its end a task still answers to its receipt codes.
ANSWERS_FOR = timedelta(days=14)


def by_code(session: Session, receipt_code: str) -> Contact | None:
    """The contact of a receipt code."""
    return session.scalar(select(Contact).where(Contact.receipt_code == receipt_code))


def answering(session: Session, receipt_code: str, now: datetime) -> Contact | None:
    """The contact of a receipt code that a caller has keyed in. The code of a closed task answers for some days only.

    Later it is an unknown code, so that few codes are worth guessing.
    """
    contact = by_code(session, receipt_code)
    if contact is None or contact.task.state != TaskState.CLOSED:
        return contact
    closed_at = contact.task.closed_at
    return contact if closed_at is not None and closed_at > now - ANSWERS_FOR else None


def of_call(session: Session, call: Call, request: Request) -> Contact | None:
    """The contact of a call for a request, or the earlier one whose receipt code was keyed in to change it.

    An emergency also fits what the same call has asked the same team before.
    """
    if request.changes:
        return by_code(session, request.changes)
    theirs = select(Contact).where(Contact.call_id == call.id, Contact.kind == request.kind)
    same = theirs.where(Contact.concern == request.concern)
    found = found_rows.find(session, _key(call, request), lambda: _without_flush(session, same))
    if found is None and request.urgency == Urgency.EMERGENCY:
        same_team = theirs.join(CallbackTask).where(CallbackTask.team.has(key=request.team))
        found = session.scalar(same_team.order_by(Contact.id.desc()).limit(1))
    return found


def _key(call: Call, request: Request) -> tuple[str, int, str, str]:
    return "contact", call.id, request.kind, request.concern


def _without_flush(session: Session, query: Select[Contact]) -> Contact | None:
    """A contact. None waits to be written: each is written when it is made."""
    with session.no_autoflush:
        return session.scalar(query)


def first_of(task: CallbackTask) -> Contact | None:
    """The contact that a task's number, times and receipt code come from."""
    return next((contact for contact in task.contacts if is_first(contact, task)), None)


def is_first(contact: Contact, task: CallbackTask) -> bool:
    """Whether a task's number, times and receipt code come from this contact."""
    return contact.receipt_code == task.receipt_code


def standing(task: CallbackTask) -> list[Contact]:
    """The contacts of a task that are not withdrawn, or whose withdrawal is not confirmed."""
    return [one for one in task.contacts if one.withdrawn_at is None or one.is_unconfirmed]


def codes_of_whose_it_is(session: Session, task: CallbackTask) -> list[str]:
    """The receipt codes that show that somebody who is called is the person whose task it is.

    Anybody at the same telephone may have joined the task by saying that they called before: their own code shows that
    alone. It counts if a member has found that it is one person, and merged a task of theirs into this one, or if
    nobody else is left.
    """
    theirs = [one.receipt_code for one in standing(task)]
    own = session.scalars(select(CallbackTask.receipt_code).where(CallbackTask.receipt_code.in_(theirs)))
    return [*own] or theirs


def make(session: Session, task: CallbackTask, call: Call, request: Request, receipt_code: str) -> Contact:
    """A new contact of a task. What the caller has keyed in for an earlier request of the call is their number."""
    earlier = select(Contact.callback_number).where(Contact.call_id == call.id, Contact.number_changed_at.is_(None))
    task.callback_number = session.scalar(earlier.order_by(Contact.id.desc()).limit(1)) or call.from_number
    contact = Contact(
        task=task,
        call=call,
        at=call.started_at,
        kind=request.kind,
        concern=request.concern,
        urgency=request.urgency,
        receipt_code=receipt_code,
        callback_number=task.callback_number,
        language=call.language or DEFAULT_LANGUAGE,
        about={},
    )
    session.add(contact)
    complete(contact, request)
    note_agreement(session, contact)
    session.flush()
    found_rows.put(session, _key(call, request), contact)
    return contact


def note_agreement(session: Session, contact: Contact) -> None:
    """Note whether the caller has asked in the same call for a text message to the number of the contact."""
    asked = select(TextMessage.id).where(
        TextMessage.call_id == contact.call.id,
        TextMessage.to_number == contact.callback_number,
        TextMessage.template == SmsTemplate.LINK,
    )
    contact.agreed_to_texts = session.scalar(asked.limit(1)) is not None


def keep_untold(session: Session, *tasks: CallbackTask) -> None:
    """Of contacts that belong together: if one's number is kept from being told of changes, so are those of all.

    It stays so when members merge tasks or take contacts out of them.
    """
    ids = [task.id for task in tasks]
    if session.scalar(select(Contact.id).where(Contact.task_id.in_(ids), Contact.never_told).limit(1)) is not None:
        all_of_them = update(Contact).where(Contact.task_id.in_(ids)).values(never_told=True)
        session.execute(all_of_them.execution_options(synchronize_session="fetch"))


def complete(contact: Contact, request: Request) -> None:
    """Take over the answers that the contact's own call has given by key. Of two answers the later one counts."""
    contact.emergency_kind = request.emergency_kind or contact.emergency_kind
    contact.availability = request.availability or contact.availability
    if request.urgency == Urgency.EMERGENCY:
        contact.urgency = Urgency.EMERGENCY
    contact.about = {**contact.about, **to_record(request)}


def wants_writing(contact: Contact) -> bool:
    """Whether the caller wants the answer by text message or letter."""
    own = contact.about.get("reply_by") == ReplyBy.WRITING
    return own or (is_first(contact, contact.task) and contact.task.reply_by == ReplyBy.WRITING)


def called_later(session: Session, contact: Contact, call: Call, now: datetime) -> bool:
    """Note that the contact's receipt code was keyed in by a call. Whether that is news."""
    if call.id == contact.call_id or session.get(LaterCall, (contact.id, call.id)) is not None:
        return False
    row = insert(session.get_bind().dialect, LaterCall).values(contact_id=contact.id, call_id=call.id, at=now)
    session.execute(row.on_conflict_do_nothing())
    session.expire(contact, ["later_calls"])
    return True
