"""Takes a contact out of a task into a task of its own, because another person has called.

Its promise is the one of its own call, or the one of the common task where that is due earlier: what was promised to
the caller is never moved to a later time. Attempts have reached the other person, so they keep no promise of the new
task; a deadline that has passed meanwhile is recorded as missed. Merging both tasks takes a split back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import code_changes, contacts, events, intake, merging, orders, sla_clocks
from ivr.callbacks.refused import Refused, require_workable
from ivr.callbacks.request import Request
from ivr.callbacks.task_locks import lock_tasks
from ivr.domain.enums import Refusal, ReplyBy, SlaMeasure, SlaState, TaskEventKind, Urgency
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contacts import Contact
from ivr.models.sla import SlaClock


def split(session: Session, contact: Contact, user: User | None, now: datetime) -> CallbackTask:
    """Take a contact out of its task; the task of its own, which is open.

    A contact that has opened a task which was merged into this one goes back to that task.

    Raises:
        Refused: `contact_moved`; `only_contact`; `first_contact` for the one that the task has its receipt code from;
            `claimed` by somebody else; `closed`; `restricted`; or `being_called`.
    """
    task = contact.task
    lock_tasks(session, task)
    if contact.task_id != task.id:  # a colleague was quicker
        raise Refused(Refusal.CONTACT_MOVED)
    require_workable(task, user)
    if len(task.contacts) < 2:
        raise Refused(Refusal.ONLY_CONTACT)
    if contacts.is_first(contact, task):
        raise Refused(Refusal.FIRST_CONTACT)
    if merging.is_being_called(session, task):
        raise Refused(Refusal.BEING_CALLED)
    contacts.keep_untold(session, task)
    code = contact.receipt_code
    former = session.scalar(select(CallbackTask).where(CallbackTask.receipt_code == code))
    if former is not None and _is_alone(session, task, former, contact):
        merging.undo(session, former, user, now)
        return former
    if former is not None:
        merging.give_back(session, contact, former, user, now)
        own = former
    else:
        own = _opened_for(session, contact, task, user, now)
    session.expire_all()
    orders.leave(task, [contact])
    merging.settle(session, task, own, now)
    return own


def _is_alone(session: Session, task: CallbackTask, former: CallbackTask, contact: Contact) -> bool:
    """Whether taking the last merge back takes out this contact and nothing else."""
    last = next(iter(merging.merges_into(session, task.id)), None)
    return last is not None and last.merged_id == former.id and last.record["moved"]["contacts"] == [contact.id]


def _opened_for(
    session: Session, contact: Contact, task: CallbackTask, user: User | None, now: datetime
) -> CallbackTask:
    """A new task for a contact of another one, with the same team."""
    promised = {clock.measure: clock for clock in sla_clocks.of_task(session, task.id)}
    request = replace(Request.of_record(contact.about), kind=contact.kind, concern=contact.concern, changes="")
    by_words = task.urgency == Urgency.EMERGENCY and task.urgency_words is not None
    own = CallbackTask(
        kind=contact.kind,
        call_id=contact.call_id,
        team=task.team,
        language=contact.language,
        unlisted_language=request.unlisted_language,
        concern=contact.concern,
        urgency=Urgency.EMERGENCY if by_words else contact.urgency,
        urgency_words=task.urgency_words if by_words and contact.urgency != Urgency.EMERGENCY else None,
        emergency_kind=contact.emergency_kind,
        danger=task.danger if task.in_danger else None,  # whose words they were, a person decides
        danger_words=task.danger_words if task.in_danger else None,
        office=request.office or None,
        age_group=request.age_group,
        availability=contact.availability,
        reply_by=request.reply_by or ReplyBy.CALL,
        callback_number=code_changes.certain_number(contact),
        receipt_code=contact.receipt_code,
        first_contact_at=contact.at,
        due_at=contact.at,
    )
    session.add(own)
    session.flush()
    contact.task = own
    for message in contact.messages:
        message.task = own
    sla_clocks.start(session, own)
    session.flush()
    for clock in sla_clocks.of_task(session, own.id):
        _keep_word(own, clock, contact, promised.get(clock.measure))
    intake.complete(session, contact, request)
    events.record(session, own.id, TaskEventKind.SPLIT_FROM, now, user_id=events.id_of(user), text=task.receipt_code)
    events.record(session, task.id, TaskEventKind.SPLIT_OFF, now, user_id=events.id_of(user), text=contact.receipt_code)
    sla_clocks.catch_up(session, own.id, now)
    return own


def _keep_word(own: CallbackTask, clock: SlaClock, contact: Contact, common: SlaClock | None) -> None:
    """Leave a deadline where the common task has promised it to this caller, if that is earlier than their own."""
    if common is None or common.state == SlaState.VOID or not contact.at < common.due_at < clock.due_at:
        return
    if common.met_at is not None and common.met_at <= contact.at:
        return
    clock.due_at, clock.at_risk_at = common.due_at, min(clock.at_risk_at, common.due_at)
    clock.next_change_at = clock.at_risk_at
    if clock.measure == SlaMeasure.TRIED:
        own.due_at = clock.due_at
