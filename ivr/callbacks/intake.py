"""What callers are promised: tasks opened for their calls, joined by later calls, completed, changed, withdrawn.

Everything here may happen twice, late or out of order. What the team does with a task is in
:mod:`ivr.callbacks.workflow`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.accounts import teams
from ivr.callbacks import search_index, sla_clocks
from ivr.callbacks.request import Request
from ivr.config.settings import settings
from ivr.domain import receipt_codes, sla_policies
from ivr.domain.enums import Concern, Outcome, RequestStatus, TaskKind, TaskState
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
    if request.changes and (task is None or task.state == "closed" or task.restricted_at is not None):
        # It was closed meanwhile, or nobody may use it; what the caller adds now is something new.
        request = replace(request, changes="")
        request = replace(request, kind=TaskKind(task.kind), concern=Concern(task.concern)) if task else request
        task = of_call(session, call, request)
    task = task or _open_already(session, call, request)
    if task is None:
        return _open(session, call, request, now, provisional)
    join(session, task, call, now)
    if task.state == "closed":  # the team was quicker than the caller, who has more to say
        counted = task.closed_at is not None and task.closed_at < now - sla_clocks.SETTLED_AFTER
        task.closing_counted = task.closing_counted or counted
        task.state, task.closed_at, task.outcome = "open", None, None
        sla_clocks.reopened(session, task, now)
        _note(session, task, now, "reopened")
    if request.urgency == "emergency" and task.urgency != "emergency" and not request.changes:
        task.urgency, task.urgency_words = "emergency", None
        sla_clocks.hasten(session, task, sla_clocks.first_contact(call.started_at, now))
        _note(session, task, now, "raised")
        if not provisional:
            sla_clocks.tell(session, task, now)
    if not provisional:
        confirm(session, task, now)
    complete(session, task, call, request)
    return task


def raise_by_words(session: Session, task: CallbackTask, words: Sequence[str], now: datetime) -> bool:
    """Words of a transcript speak of an emergency: the urgency rises, and with it the deadline comes nearer. Nothing
    that a person has lowered rises again. True if it rose now."""
    raised = session.scalar(
        update(CallbackTask)
        .where(
            CallbackTask.id == task.id,
            CallbackTask.state != "closed",
            CallbackTask.urgency != "emergency",
            CallbackTask.urgency_lowered_at.is_(None),
        )
        .values(urgency="emergency", urgency_words=list(words))
        .returning(CallbackTask.id)
        .execution_options(synchronize_session=False)
    )
    if raised is None:
        return False
    session.refresh(task)
    sla_clocks.hasten(session, task, now)
    session.add(TaskEvent(task_id=task.id, at=now, kind="raised", text=", ".join(words)))
    sla_clocks.tell(session, task, now)
    return True


def _about(query: Select[CallbackTask], request: Request) -> Select[CallbackTask]:
    """Tasks about a request. Who reports an emergency means the open callback of the same team as well."""
    same = CallbackTask.concern == request.concern
    if request.urgency == "emergency":
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
        CallbackTask.state != "closed",
        CallbackTask.restricted_at.is_(None),
        CallbackTask.language == (call.language or "de"),
    )
    return session.scalar(_about(query, request).order_by(CallbackTask.due_at, CallbackTask.id).limit(1))


def _open(session: Session, call: Call, request: Request, now: datetime, provisional: bool) -> CallbackTask:
    team = teams.by_key(session, request.team, settings().teams[request.team].name)
    began_at = sla_clocks.first_contact(call.started_at, now)
    for _ in range(20):  # a code is taken with a chance of (tasks / 10 million)
        task = CallbackTask(
            kind=request.kind,
            state="open",
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
        _note(session, task, now, "opened")
        complete(session, task, call, request)
        sla_clocks.tell(session, task, now)
        search_index.index_new(session, task)
        return task
    raise RuntimeError("no free receipt code found")


def join(session: Session, task: CallbackTask, call: Call, now: datetime) -> None:
    """A call belongs to a task as well."""
    if session.get(Contact, (task.id, call.id)) is not None:
        return
    try:
        with session.begin_nested():
            session.add(Contact(task_id=task.id, call_id=call.id, at=call.started_at))
    except IntegrityError:
        return
    _note(session, task, now, "called_again")


def confirm(session: Session, task: CallbackTask, now: datetime) -> None:
    """The promise is certain: there is speech, or the caller asked for it."""
    was_provisional, task.provisional = task.provisional, False
    if was_provisional:
        sla_clocks.tell(session, task, now)


def complete(session: Session, task: CallbackTask, call: Call, request: Request) -> None:
    """Write down what the caller has said by key about a task since it was opened; the office may move it. Who changes
    their mind has said the last thing; what earlier calls have said stays."""
    if request.changes:
        return
    moves = (request.age_group or "", request.office) != (task.age_group or "", task.office or "")
    for field in ("emergency_kind", "age_group", "office", "availability"):
        if value := getattr(request, field):
            setattr(task, field, value)
    if moves and task.concern == request.concern and task.state == "open":
        task.team = teams.by_key(session, request.team, settings().teams[request.team].name)
    if task.kind == "postal_order":
        order = task.postal_order or PostalOrder(task_id=task.id, forms=[])
        only_this = {contact.call_id for contact in task.contacts} <= {call.id}
        before = [] if only_this and request.forms else order.forms
        order.forms = [*before, *(form for form in request.forms if form not in before)]
        order.customer_number = request.customer_number or order.customer_number
        session.add(order)
        task.postal_order = order
    if task.kind == "appointment":
        wish = task.appointment_wish or AppointmentWish(task_id=task.id, mode="in_person", companion="none")
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
    """The caller confirmed or keyed in the number to call back (E.164)."""
    if number and number != task.callback_number:
        task.callback_number = number
        _note(session, task, now, "number_given")
        search_index.index(session, task)
        _merge_with_earlier(session, task, now)


def _merge_with_earlier(session: Session, task: CallbackTask, now: datetime) -> None:
    """Only now it is known who has called: somebody with an open task about the same. Nobody has heard the new task's
    receipt code yet, or worked on it: its messages and its call go to the earlier one."""
    held = session.scalar(select(QueueEntry.id).where(QueueEntry.task_id == task.id).limit(1))
    if task.state != "open" or task.attempts or len(task.contacts) != 1 or held is not None:
        return
    theirs = select(CallbackTask).where(
        CallbackTask.id != task.id,
        CallbackTask.callback_number == task.callback_number,
        CallbackTask.first_contact_at <= task.first_contact_at,
        CallbackTask.language == task.language,
        CallbackTask.state != "closed",
        CallbackTask.restricted_at.is_(None),
    )
    request = Request(kind=TaskKind(task.kind), concern=Concern(task.concern))
    earlier = session.scalar(_about(theirs, request).order_by(CallbackTask.due_at, CallbackTask.id).limit(1))
    if earlier is None:
        return
    if task.urgency == "emergency" and earlier.urgency != "emergency":
        earlier.urgency, earlier.emergency_kind = "emergency", task.emergency_kind
        sla_clocks.hasten(session, earlier, task.first_contact_at)
        _note(session, earlier, now, "raised")
        sla_clocks.tell(session, earlier, now)
    for message in list(task.messages):
        message.task_id = earlier.id
    join(session, earlier, task.call, now)
    session.flush()
    _remove(session, CallbackTask.id == task.id)
    session.expire_all()
    search_index.index(session, earlier)


def change_times(session: Session, task: CallbackTask, request: Request, now: datetime) -> None:
    """The caller gave other hours at which they can be reached."""
    if request.availability and request.availability != task.availability:
        task.availability = request.availability
        _note(session, task, now, "changed")


def withdraw(session: Session, task: CallbackTask, now: datetime) -> None:
    """The caller needs it no more."""
    withdrawn = session.scalar(
        update(CallbackTask)
        .where(CallbackTask.id == task.id, CallbackTask.state != "closed")
        .values(state="closed", closed_at=now, outcome="withdrawn")
        .returning(CallbackTask.id)
        .execution_options(synchronize_session=False)
    )
    if withdrawn is not None:
        sla_clocks.void(session, task.id, now, *sla_policies.MEASURES)
        _note(session, task, now, "withdrawn")
        session.refresh(task)


def status_for_caller(task: CallbackTask, now: datetime) -> tuple[RequestStatus, dict[str, datetime]]:
    """What became of a task, with the UTC instants it is told with (slots of a call's state)."""
    wish = task.appointment_wish
    if task.state == TaskState.CLOSED:
        if wish is not None and wish.appointment_at is not None:
            return RequestStatus.GRANTED, {"appointment_at": wish.appointment_at}
        if wish is not None and wish.refusal_reason is not None:
            return RequestStatus.REFUSED, {}
        return (RequestStatus.WITHDRAWN if task.outcome == Outcome.WITHDRAWN else RequestStatus.CLOSED), {}
    if task.attempts:
        return RequestStatus.TRIED, {"tried_at": task.attempts[-1].at}
    if task.due_at <= now:
        return RequestStatus.LATE, {}
    status = RequestStatus.CLAIMED if task.state == TaskState.CLAIMED else RequestStatus.OPEN
    return status, {"due_at": task.due_at}


def withdraw_unfounded(session: Session, call: Call) -> None:
    """Remove a provisional task whose recording turned out to be silence: nothing was promised to anyone.

    One that somebody has claimed meanwhile stays: it is theirs to close.
    """
    hopeful = (
        select(VoiceboxMessage.id)
        .outerjoin(Recording)
        .where(VoiceboxMessage.call_id == call.id)
        .where(or_(VoiceboxMessage.state == "left", Recording.state == "announced"))
    )
    if session.scalar(hopeful.limit(1)) is not None:
        return
    unfounded = and_(CallbackTask.call_id == call.id, CallbackTask.provisional.is_(True), CallbackTask.state == "open")
    _remove(session, unfounded)
    session.expire_all()


def _remove(session: Session, which: ColumnElement[bool]) -> None:
    # Held: nobody claims it while it goes.
    for task_id in session.scalars(select(CallbackTask.id).where(which).with_for_update()).all():
        for table in (TaskEvent, Contact, PostalOrder, AppointmentWish, SlaClock, AlertItem):
            session.execute(delete(table).where(table.task_id == task_id))
        session.execute(delete(CallbackTask).where(CallbackTask.id == task_id, which))


def _note(session: Session, task: CallbackTask, now: datetime, kind: str) -> None:
    session.add(TaskEvent(task_id=task.id, at=now, kind=kind))
