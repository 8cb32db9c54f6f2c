"""Intake of callers' requests: tasks are opened for their calls, and completed with what the callers give.

Everything here may happen twice, late or out of order. Changes of a task's state are in :mod:`ivr.callbacks.workflow`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.accounts import teams
from ivr.callbacks import contacts, events, orders, search_index, sla_clocks, sla_deadline_changes, urgency, workflow
from ivr.callbacks.request import Request
from ivr.config.settings import settings
from ivr.domain import receipt_codes, sla_deadlines
from ivr.domain.enums import (
    AppointmentMode,
    Companion,
    MessageState,
    RecordingState,
    TaskEventKind,
    TaskKind,
    TaskState,
    Urgency,
)
from ivr.domain.languages import DEFAULT_LANGUAGE, UNKNOWN_LANGUAGE
from ivr.models.alerts import AlertItem
from ivr.models.callbacks import AppointmentWish, CallbackTask, PostalOrder, TaskEvent
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, QueueEntry
from ivr.models.contacts import Contact
from ivr.models.sla import SlaClock
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.notices import further_languages, present


def open_for(
    session: Session, call: Call, request: Request, now: datetime, *,
    provisional: bool = False, unconfirmed: bool = False, silent_caller: bool = False,
) -> CallbackTask:  # fmt: skip
    """The task of a call's :func:`contact_for` a request.

    `provisional`, `unconfirmed`, `silent_caller`: see :class:`ivr.models.callbacks.CallbackTask`.
    """
    flags = {"provisional": provisional, "unconfirmed": unconfirmed, "silent_caller": silent_caller}
    return contact_for(session, call, request, now, **flags).task


def contact_for(session: Session, call: Call, request: Request, now: datetime, **flags: bool) -> Contact:
    """The one contact of a call for a request; its task is opened, with these `flags`, if it is not there yet.

    The clock of the task starts at the first contact. Nothing but a receipt code that was keyed in (`changes`) leads
    to the request of another call.
    """
    contact = contacts.of_call(session, call, request)
    certain = not (flags.get("provisional") or flags.get("unconfirmed"))
    if request.changes and (contact is None or is_over(contact.task)):
        # The earlier request is closed meanwhile, or restricted; what is added now is a new one, proposed beside it.
        request = replace(request, changes="")
        if contact is not None:
            contacts.called_later(session, contact, call, now)
            request = replace(request, kind=contact.kind, concern=contact.concern)
        contact = contacts.of_call(session, call, request)
    if contact is None:
        return _open(session, call, request, now, flags)
    task = contact.task
    if request.changes:
        note_later_call(session, contact, call, now)
    if task.state == TaskState.CLOSED:  # the team closed it while the caller had more to say
        workflow.reopen_for_caller(session, task, now)
    if request.urgency == Urgency.EMERGENCY and task.urgency != Urgency.EMERGENCY and not request.changes:
        since = sla_clocks.first_contact(call.started_at, now)
        tell = certain or not (task.provisional or task.unconfirmed)
        urgency.raise_by_caller(session, task, since, now, tell=tell)
    if certain:
        confirm(session, task, now)
    complete(session, contact, request)
    return contact


def ask_callback(session: Session, call: Call, request: Request, now: datetime) -> None:
    """Note that a caller asks to be called back without leaving a recording; by receipt code, in the task's history."""
    contact = contact_for(session, call, request, now)
    if not request.changes:
        return
    known = select(TaskEvent.id).where(TaskEvent.task_id == contact.task_id, TaskEvent.at >= call.started_at)
    if session.scalar(known.where(TaskEvent.kind == TaskEventKind.CALLBACK_WANTED).limit(1)) is None:
        events.record(session, contact.task_id, TaskEventKind.CALLBACK_WANTED, now)


def is_over(task: CallbackTask) -> bool:
    """Whether nothing can be added to a task by receipt code: it is closed, or restricted (Art. 18 GDPR)."""
    return task.state == TaskState.CLOSED or task.restricted_at is not None


def _open(session: Session, call: Call, request: Request, now: datetime, flags: Mapping[str, bool]) -> Contact:
    team = teams.by_key(session, request.team, settings().teams[request.team].name)
    began_at = sla_clocks.first_contact(call.started_at, now)
    for _ in range(20):  # a code is taken with a chance of (tasks / a thousand million)
        task = CallbackTask(
            kind=request.kind,
            call_id=call.id,
            team_id=team.id,
            language=call.language or DEFAULT_LANGUAGE,
            concern=request.concern,
            urgency=request.urgency,
            callback_number=call.from_number,
            receipt_code=receipt_codes.draw(),
            **flags,
            contacts=[],
            postal_order=None,
            appointment_wish=None,
            first_contact_at=began_at,
            due_at=sla_deadlines.due_at(
                began_at, request.kind, request.urgency, team.key, settings().sla_policies, present.hours()
            ),
        )
        try:
            with session.begin_nested():
                session.add(task)
                session.flush()
                contact = contacts.make(session, task, call, request, task.receipt_code)
        except IntegrityError:
            if theirs := contacts.of_call(session, call, request):  # another request of the same call was quicker
                return theirs
            continue
        sla_clocks.start(session, task)
        events.record(session, task.id, TaskEventKind.OPENED, now)
        complete(session, contact, request)
        sla_clocks.alert_new(session, task, now)
        search_index.index_new(session, task)
        return contact
    raise RuntimeError("no free receipt code found")


def note_later_call(session: Session, contact: Contact, call: Call, now: datetime) -> None:
    """Note that the receipt code of a contact was keyed in by a later call, to change it."""
    if contacts.called_later(session, contact, call, now):
        events.record(session, contact.task_id, TaskEventKind.CALLED_AGAIN, now)


def confirm(session: Session, task: CallbackTask, now: datetime) -> None:
    """Make a provisional or unconfirmed task, or one of a silent caller, certain: there is speech, or a wish."""
    if task.provisional or task.unconfirmed or task.silent_caller:
        task.provisional = task.unconfirmed = task.silent_caller = False
        sla_clocks.alert_current_state(session, task, now)


def complete(session: Session, contact: Contact, request: Request) -> None:
    """Take over the answers a caller has given by key since the task was opened; they may move it to another team.

    Of two answers in one call the later one counts. What the first contact of a task has given stays the task's.
    """
    if request.changes:
        return
    contacts.complete(contact, request)
    task = contact.task
    _wants_writing(task, contact, request)
    if not contacts.is_first(contact, task):
        return
    moves = (request.age_group, request.office) != (task.age_group, task.office or "")
    for field in ("emergency_kind", "age_group", "office", "availability"):
        if value := getattr(request, field):
            setattr(task, field, value)
    if moves and task.concern == request.concern and task.state == TaskState.OPEN:
        task.team = teams.by_key(session, request.team, settings().teams[request.team].name)
    if request.unlisted_language:
        _speaks_unlisted(session, contact, request)
    if task.kind == TaskKind.POSTAL_ORDER:
        orders.take(session, task, request)
    if task.kind == TaskKind.APPOINTMENT:
        wish = task.appointment_wish or AppointmentWish(
            task_id=task.id, mode=AppointmentMode.IN_PERSON, companion=Companion.NONE
        )
        wish.impairment = bool(wish.impairment)
        wish.mode = request.mode or wish.mode
        wish.reason = request.reason or wish.reason
        if request.companion:
            wish.companion, wish.impairment = request.companion, request.impairment
        if request.training is not None:
            wish.seeks_training, task.age_group = request.training, request.age_group
        session.add(wish)
        task.appointment_wish = wish


def _speaks_unlisted(session: Session, contact: Contact, request: Request) -> None:
    """Take over the language beyond the menu. What a conversation has found out stays, where the caller named none."""
    task = contact.task
    if not task.unlisted_language:
        task.unlisted_language = task.needs_interpreter = True
    contact.language = further_languages.behind(session, request.further_key, contact.call.started_at)
    if contact.language != UNKNOWN_LANGUAGE or task.language == (contact.call.language or DEFAULT_LANGUAGE):
        task.language = contact.language


def _wants_writing(task: CallbackTask, contact: Contact, request: Request) -> None:
    """Take over how the caller wants the answer. Who has joined a task says it of themselves: members see it there."""
    if not request.reply_by:
        return
    contact.about = {**contact.about, "reply_by": str(request.reply_by)}
    if contacts.is_first(contact, task):
        task.reply_by = request.reply_by


def give_number(session: Session, contact: Contact, number: str | None, now: datetime) -> None:
    """Note the number to call back (E.164) that the caller has confirmed or keyed in. It identifies nobody."""
    task = contact.task
    if not number or number == contact.callback_number:
        return
    contact.callback_number = number
    contacts.note_agreement(session, contact)
    if contacts.is_first(contact, task) or task.callback_number is None:
        task.callback_number = number
    events.record(session, task.id, TaskEventKind.NUMBER_GIVEN, now)
    search_index.index(session, task)


def take_number_back(session: Session, contact: Contact, number: str, now: datetime) -> None:
    """Note that a number (E.164) the caller has keyed in is not theirs. The one that their telephone shows counts."""
    task, shown = contact.task, contact.call.from_number
    if not number or contact.callback_number != number or number == shown:
        return
    contact.callback_number = shown
    contacts.note_agreement(session, contact)
    others = [one.callback_number for one in task.contacts if one is not contact]
    if task.callback_number == number and number not in others:
        task.callback_number = shown or next(filter(None, others), None)
    events.record(session, task.id, TaskEventKind.NUMBER_GIVEN, now)
    search_index.index(session, task)


def change_times(session: Session, contact: Contact, request: Request, now: datetime) -> None:
    """Note other hours at which the caller can be reached, or that they want the answer in writing."""
    task, before = contact.task, contacts.wants_writing(contact)
    _wants_writing(task, contact, request)
    if not request.availability or request.availability == contact.availability:
        if contacts.wants_writing(contact) != before:
            events.record(session, task.id, TaskEventKind.CHANGED, now)
        return
    contact.availability = request.availability
    if contacts.is_first(contact, task) or task.availability is None:
        task.availability = request.availability
    events.record(session, task.id, TaskEventKind.CHANGED, now)


def join_earlier(session: Session, contact: Contact, now: datetime) -> None:
    """Move the contact of a caller who says that they called before into the open task of that call.

    The number that the telephone shows has to be the same, and one task only may fit; which of several is meant, a
    member sees. The contact keeps its receipt code, its number and its words, and changes nothing that others gave.
    """
    own = contact.task
    alone = contacts.is_first(contact, own) and len(own.contacts) == 1
    if own.state != TaskState.OPEN or not alone:
        return
    earlier = _called_about_before(session, contact)
    if earlier is None or own.attempts or _is_spoken_about(session, own):
        return
    if own.urgency == Urgency.EMERGENCY and earlier.urgency != Urgency.EMERGENCY:
        since, kind = own.first_contact_at, own.emergency_kind
        urgency.raise_by_caller(session, earlier, since, now, emergency_kind=kind, tell=not own.provisional)
    sla_deadline_changes.apply_earlier_deadlines(session, earlier, own, now)
    if not own.provisional:
        confirm(session, earlier, now)
    earlier.silent_caller = False  # now somebody has said what they want
    earlier.callback_number = earlier.callback_number or contact.callback_number
    orders.add(earlier, own)
    session.flush()
    session.execute(update(Contact).where(Contact.id == contact.id).values(task_id=earlier.id))
    session.execute(update(VoiceboxMessage).where(VoiceboxMessage.contact_id == contact.id).values(task_id=earlier.id))
    _remove(session, CallbackTask.id == own.id)
    session.expire_all()
    events.record(session, earlier.id, TaskEventKind.CALLED_AGAIN, now)
    search_index.index(session, earlier)


def _is_spoken_about(session: Session, task: CallbackTask) -> bool:
    """Whether a place in the call queue is kept for a task, or a conversation is about it."""
    kept = select(QueueEntry.id).where(QueueEntry.task_id == task.id)
    talks = select(Conversation.id).where(Conversation.task_id == task.id)
    return bool(session.scalar(select(or_(kept.exists(), talks.exists()))))


def _called_about_before(session: Session, contact: Contact) -> CallbackTask | None:
    """The one open task that a telephone showing the same number has led to, about the same; its promise still runs."""
    number = contact.call.from_number
    if number is None:
        return None
    shown = select(Contact.task_id).join(Contact.call).where(Call.from_number == number, Contact.id != contact.id)
    theirs = select(CallbackTask).where(
        CallbackTask.id.in_(shown),
        CallbackTask.id != contact.task_id,
        CallbackTask.state != TaskState.CLOSED,
        CallbackTask.restricted_at.is_(None),
        CallbackTask.first_attempt_at.is_(None),
    )
    request = Request(kind=contact.kind, concern=contact.concern)
    ways = [_same(request)] if request.urgency != Urgency.EMERGENCY else [_same(request), _about(request)]
    for query in (theirs.where(way) for way in ways):
        if found := session.scalars(query.order_by(CallbackTask.id).limit(2).with_for_update()).all():
            return found[0] if len(found) == 1 else None
    return None


def _same(request: Request) -> ColumnElement[bool]:
    return and_(CallbackTask.kind == request.kind, CallbackTask.concern == request.concern)


def _about(request: Request) -> ColumnElement[bool]:
    """Tasks about a request. An emergency also fits an open callback of the same team."""
    if request.urgency != Urgency.EMERGENCY:
        return _same(request)
    return and_(CallbackTask.kind == request.kind, CallbackTask.team.has(key=request.team))


def withdraw_unfounded(session: Session, call: Call) -> None:
    """Delete a provisional task whose recording turned out to be silence, because nothing was promised to anyone.

    A task that somebody has claimed meanwhile stays; its holder closes it.
    """
    hopeful = (
        select(VoiceboxMessage.id)
        .outerjoin(Recording)
        .where(VoiceboxMessage.call_id == call.id)
        .where(or_(VoiceboxMessage.state == MessageState.LEFT, Recording.state == RecordingState.ANNOUNCED))
    )
    if session.scalar(hopeful.limit(1)) is not None:
        return
    unfounded = and_(
        CallbackTask.call_id == call.id, CallbackTask.provisional.is_(True), CallbackTask.state == TaskState.OPEN
    )
    _remove(session, unfounded)
    session.expire_all()


def _remove(session: Session, which: ColumnElement[bool]) -> None:
    # The rows are locked, so that nobody claims one while it is deleted.
    locked = select(CallbackTask.id).where(which).order_by(CallbackTask.id).with_for_update()
    for task_id in session.scalars(locked).all():
        session.execute(update(VoiceboxMessage).where(VoiceboxMessage.task_id == task_id).values(contact_id=None))
        for table in (TaskEvent, Contact, PostalOrder, AppointmentWish, SlaClock, AlertItem):
            session.execute(delete(table).where(table.task_id == task_id))
        session.execute(delete(CallbackTask).where(CallbackTask.id == task_id, which))
