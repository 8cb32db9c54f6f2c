"""Intake of callers' requests: tasks are opened for their calls, joined by later calls, completed and merged.

Everything here may happen twice, late or out of order. Changes of a task's state are in :mod:`ivr.callbacks.workflow`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.accounts import teams
from ivr.callbacks import events, search_index, sla_clocks, workflow
from ivr.callbacks.request import Request
from ivr.config.settings import settings
from ivr.domain import receipt_codes, sla_policies
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
from ivr.models.alerts import AlertItem
from ivr.models.callbacks import AppointmentWish, CallbackTask, Contact, PostalOrder, TaskEvent
from ivr.models.calls import Call
from ivr.models.contact_centre import QueueEntry
from ivr.models.sla import SlaClock
from ivr.models.voicebox import Recording, VoiceboxMessage


def of_call(session: Session, call: Call, request: Request) -> CallbackTask | None:
    """The task a call has led to for a request, or the earlier request it changes."""
    if request.changes:
        return by_code(session, request.changes)
    theirs = select(CallbackTask).join(Contact).where(Contact.call_id == call.id)
    return session.scalar(_about(theirs, request).order_by(CallbackTask.id.desc()).limit(1))


def by_code(session: Session, receipt_code: str) -> CallbackTask | None:
    """The task of a receipt code."""
    return session.scalar(select(CallbackTask).where(CallbackTask.receipt_code == receipt_code))


def open_for(
    session: Session, call: Call, request: Request, now: datetime, *, provisional: bool = False
) -> CallbackTask:
    """The one task of a call for a request, opened if it is not there yet. Its clock starts at the first contact.

    A second call of the same person about the same concern joins the open task: the first deadline stays, and
    urgency can only rise.
    """
    task = of_call(session, call, request)
    if request.changes and (task is None or task.state == TaskState.CLOSED or task.restricted_at is not None):
        # The earlier request was closed meanwhile, or is restricted; what the caller adds now is a new request.
        request = replace(request, changes="")
        request = replace(request, kind=task.kind, concern=task.concern) if task else request
        task = of_call(session, call, request)
    task = task or _open_already(session, call, request)
    if task is None:
        return _open(session, call, request, now, provisional)
    join(session, task, call, now)
    if task.state == TaskState.CLOSED:  # the team closed it while the caller had more to say
        workflow.reopen_for_caller(session, task, now)
    if request.urgency == Urgency.EMERGENCY and task.urgency != Urgency.EMERGENCY and not request.changes:
        since = sla_clocks.first_contact(call.started_at, now)
        workflow.raise_by_caller(session, task, since, now, tell=not provisional)
    if not provisional:
        confirm(session, task, now)
    complete(session, task, call, request)
    return task


def _about(query: Select[CallbackTask], request: Request) -> Select[CallbackTask]:
    """Tasks about a request. An emergency also fits an open callback of the same team."""
    same = CallbackTask.concern == request.concern
    if request.urgency == Urgency.EMERGENCY:
        same = or_(same, CallbackTask.team.has(key=request.team))
    return query.where(CallbackTask.kind == request.kind, same)


def _open_already(session: Session, call: Call, request: Request) -> CallbackTask | None:
    """An open task of the same person: the same number, language, kind and concern.

    Telephones are shared; a call in another language is another person's.
    """
    if call.from_number is None:
        return None
    query = select(CallbackTask).where(
        CallbackTask.callback_number == call.from_number,
        CallbackTask.state != TaskState.CLOSED,
        CallbackTask.restricted_at.is_(None),
        CallbackTask.language == (call.language or "de"),
    )
    return session.scalar(_about(query, request).order_by(CallbackTask.due_at, CallbackTask.id).limit(1))


def _open(session: Session, call: Call, request: Request, now: datetime, provisional: bool) -> CallbackTask:
    team = teams.by_key(session, request.team, settings().teams[request.team].name)
    began_at = sla_clocks.first_contact(call.started_at, now)
    for _ in range(20):  # a code is taken with a chance of (tasks / a thousand million)
        task = CallbackTask(
            kind=request.kind,
            call_id=call.id,
            team_id=team.id,
            language=call.language or "de",
            concern=request.concern,
            urgency=request.urgency,
            callback_number=call.from_number,
            receipt_code=receipt_codes.draw(),
            provisional=provisional,
            first_contact_at=began_at,
            due_at=sla_policies.due_at(
                began_at, request.kind, request.urgency, team.key, settings().sla_policies, settings().hours
            ),
        )
        try:
            with session.begin_nested():
                session.add(task)
        except IntegrityError:
            if theirs := of_call(session, call, request):  # another request of the same call was quicker
                return theirs
            continue
        sla_clocks.start(session, task)
        session.add(Contact(task_id=task.id, call_id=call.id, at=call.started_at))
        events.record(session, task.id, TaskEventKind.OPENED, now)
        complete(session, task, call, request)
        sla_clocks.alert_current_state(session, task, now)
        search_index.index_new(session, task)
        return task
    raise RuntimeError("no free receipt code found")


def join(session: Session, task: CallbackTask, call: Call, now: datetime) -> None:
    """Note that a further call belongs to a task."""
    if session.get(Contact, (task.id, call.id)) is not None:
        return
    try:
        with session.begin_nested():
            session.add(Contact(task_id=task.id, call_id=call.id, at=call.started_at))
    except IntegrityError:
        return
    events.record(session, task.id, TaskEventKind.CALLED_AGAIN, now)


def confirm(session: Session, task: CallbackTask, now: datetime) -> None:
    """Make a provisional task certain: there is speech, or the caller asked for it."""
    was_provisional, task.provisional = task.provisional, False
    if was_provisional:
        sla_clocks.alert_current_state(session, task, now)


def complete(session: Session, task: CallbackTask, call: Call, request: Request) -> None:
    """Take over the answers a caller has given by key since the task was opened; they may move it to another team.

    Of two answers in one call the later one counts; answers of earlier calls stay.
    """
    if request.changes:
        return
    moves = (request.age_group, request.office) != (task.age_group, task.office or "")
    for field in ("emergency_kind", "age_group", "office", "availability"):
        if value := getattr(request, field):
            setattr(task, field, value)
    if moves and task.concern == request.concern and task.state == TaskState.OPEN:
        task.team = teams.by_key(session, request.team, settings().teams[request.team].name)
    if task.kind == TaskKind.POSTAL_ORDER:
        order = task.postal_order or PostalOrder(task_id=task.id, forms=[])
        only_this = {contact.call_id for contact in task.contacts} <= {call.id}
        before = [] if only_this and request.forms else order.forms
        order.forms = [*before, *(form for form in request.forms if form not in before)]
        order.customer_number = request.customer_number or order.customer_number
        session.add(order)
        task.postal_order = order
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


def give_number(session: Session, task: CallbackTask, number: str | None, now: datetime) -> None:
    """Note the number to call back (E.164) that the caller has confirmed or keyed in."""
    if number and number != task.callback_number:
        task.callback_number = number
        events.record(session, task.id, TaskEventKind.NUMBER_GIVEN, now)
        search_index.index(session, task)
        _merge_with_earlier(session, task, now)


def _merge_with_earlier(session: Session, task: CallbackTask, now: datetime) -> None:
    """Merge a task into an earlier open one of the same caller about the same.

    The number has shown only now who called. Nobody has heard the new task's receipt code or worked on it yet, so its
    messages and its call move to the earlier task.
    """
    held = session.scalar(select(QueueEntry.id).where(QueueEntry.task_id == task.id).limit(1))
    if task.state != TaskState.OPEN or task.attempts or len(task.contacts) != 1 or held is not None:
        return
    theirs = select(CallbackTask).where(
        CallbackTask.id != task.id,
        CallbackTask.callback_number == task.callback_number,
        CallbackTask.first_contact_at <= task.first_contact_at,
        CallbackTask.language == task.language,
        CallbackTask.state != TaskState.CLOSED,
        CallbackTask.restricted_at.is_(None),
    )
    request = Request(kind=task.kind, concern=task.concern)
    earlier = session.scalar(_about(theirs, request).order_by(CallbackTask.due_at, CallbackTask.id).limit(1))
    if earlier is None:
        return
    if task.urgency == Urgency.EMERGENCY and earlier.urgency != Urgency.EMERGENCY:
        workflow.raise_by_caller(session, earlier, task.first_contact_at, now, emergency_kind=task.emergency_kind)
    for message in list(task.messages):
        message.task_id = earlier.id
    join(session, earlier, task.call, now)
    session.flush()
    _remove(session, CallbackTask.id == task.id)
    session.expire_all()
    search_index.index(session, earlier)


def change_times(session: Session, task: CallbackTask, request: Request, now: datetime) -> None:
    """Note other hours at which the caller can be reached."""
    if request.availability and request.availability != task.availability:
        task.availability = request.availability
        events.record(session, task.id, TaskEventKind.CHANGED, now)


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
    for task_id in session.scalars(select(CallbackTask.id).where(which).with_for_update()).all():
        for table in (TaskEvent, Contact, PostalOrder, AppointmentWish, SlaClock, AlertItem):
            session.execute(delete(table).where(table.task_id == task_id))
        session.execute(delete(CallbackTask).where(CallbackTask.id == task_id, which))
