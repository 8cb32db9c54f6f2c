"""Merges two tasks of one person into one, and takes that back.

The contacts with all they have said, the attempts and the promises move to the task that stays. The other one is closed
and counts in no figure any more. Whether it is one person decides a member, never a telephone number.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ivr.callbacks import (
    calls_since_merge,
    claims,
    code_changes,
    contacts,
    events,
    judgements,
    merged_clocks,
    orders,
    search_index,
    sla_clocks,
    tags,
    task_alerts,
    workflow,
)
from ivr.callbacks.refused import Refused, require_unrestricted, require_workable
from ivr.callbacks.task_locks import lock_tasks
from ivr.domain.enums import (
    AlertEvent,
    ConversationState,
    QueueEntryState,
    Refusal,
    ReplyBy,
    SlaMeasure,
    TaskEventKind,
    TaskState,
    Urgency,
)
from ivr.models.accounts import User
from ivr.models.callbacks import Attempt, CallbackTask
from ivr.models.contact_centre import Conversation, QueueEntry
from ivr.models.contacts import Contact
from ivr.models.merges import Merge
from ivr.models.privacy import LegalHold
from ivr.models.representatives import Representative
from ivr.models.sla import SlaPause
from ivr.models.voicebox import VoiceboxMessage

#: What belongs to a task and moves with it, by the name under which the record lists the ids.
_MOVED: Mapping[str, Any] = {
    "contacts": Contact,
    "messages": VoiceboxMessage,
    "attempts": Attempt,
    "pauses": SlaPause,
    "entries": QueueEntry,
    "conversations": Conversation,
    "representatives": Representative,
}
#: Columns of the task that stays which a merge may change; `due_at` and the like follow the clocks.
_COLUMNS = (
    "first_contact_at", "urgency", "urgency_words", "emergency_kind", "danger", "danger_words", "danger_acted_at",
    "danger_lowered_at", "callback_number", "caller_name",
    "needs_interpreter", "language", "unlisted_language", "demands_code", "reply_by", "provisional", "unconfirmed",
    "silent_caller", "next_attempt_at", "letter_proposed_at",
)  # fmt: skip
#: Columns of who holds a task.
_CLAIM = ("claimed_by_id", "claimed_at", "claim_used_at")
_ORDER = ("forms", "customer_number")


def merge(session: Session, task: CallbackTask, other: CallbackTask, user: User | None, now: datetime) -> Merge:
    """Merge another task of the same person into a task. Twice is once.

    `user`: None where a program does it.

    Raises:
        Refused: `other_task_needed`, `other_kind` for tasks that are answered in different ways, `told_apart` where a
            member has judged them not to be of the same person, `claimed` by somebody else, `closed`, `restricted`, or
            `being_called` while somebody is on the telephone about the other task.
    """
    if task.id == other.id:
        raise Refused(Refusal.OTHER_TASK_NEEDED)
    lock_tasks(session, task, other)
    if done := _merge_of(session, task, other):
        return done
    if task.kind != other.kind:
        raise Refused(Refusal.OTHER_KIND)
    if judgements.between(session, task.id, other.id):
        raise Refused(Refusal.TOLD_APART)
    for one in (task, other):
        require_workable(one, user)
    if is_being_called(session, other):
        raise Refused(Refusal.BEING_CALLED)
    was_mine = other.state == TaskState.CLAIMED
    before = {
        "task": _columns(task),
        "clocks": merged_clocks.written(session, task.id),
        "order": _order(task),
        "other": {name: _plain(getattr(other, name)) for name in _CLAIM},
        "other_clocks": merged_clocks.written(session, other.id),
    }
    _take_over(task, other)
    contacts.keep_untold(session, task, other)
    merged_clocks.join(session, task, other, now)
    record = {"before": before, "moved": _move(session, other.id, task.id)}
    record["holds"] = _copy_holds(session, other, task)
    record["tags"] = tags.join(session, task.id, other.id)
    workflow.close_merged(session, other, task, now)
    events.record(session, other.id, TaskEventKind.MERGED_INTO, now, user_id=events.id_of(user), text=task.receipt_code)
    events.record(session, task.id, TaskEventKind.MERGED, now, user_id=events.id_of(user), text=other.receipt_code)
    after = {"task": _columns(task), "clocks": merged_clocks.written(session, task.id), "order": _order(task)}
    found = Merge(
        task_id=task.id, merged_id=other.id, user_id=events.id_of(user), merged_at=now,
        record={**record, "after": after},
    )  # fmt: skip
    session.add(found)
    if was_mine and user is not None and task.state == TaskState.OPEN:
        claims.claim(session, task, user, now)
    settle(session, task, other, now)
    return found


def undo(session: Session, merged: CallbackTask, user: User | None, now: datetime) -> CallbackTask:
    """Take back that a task was merged into another one: both are again what they were. The other one.

    What has happened to the other task since then stays with it: notes, attempts, and calls of its own contacts.

    Raises:
        Refused: `not_merged`, `newer_merge` where a later merge of that task has to be taken back first, `claimed` by
            somebody else, `reopen_first` where that task is closed, `restricted`, or `being_called`.
    """
    into = session.get(CallbackTask, merged.merged_into_id or 0)
    if into is None:
        raise Refused(Refusal.NOT_MERGED)
    lock_tasks(session, merged, into)
    found = _merge_of(session, into, merged)
    if found is None:
        raise Refused(Refusal.NOT_MERGED)
    if into.state == TaskState.CLOSED:
        raise Refused(Refusal.REOPEN_FIRST)
    require_workable(into, user)
    require_unrestricted(merged)
    if merges_into(session, into.id)[0].id != found.id:
        raise Refused(Refusal.NEWER_MERGE)
    if is_being_called(session, into):
        raise Refused(Refusal.BEING_CALLED)
    before, after = found.record["before"], found.record["after"]
    contacts.keep_untold(session, into)
    _move_back(session, found, into.id, merged.id)
    session.flush()
    session.expire(into, ["contacts"])
    spoken = calls_since_merge.UNSPOKEN if calls_since_merge.has_called(into, found.merged_at) else ()
    _put_back(into, before, after, spoken)
    tags.part(session, into.id, found.record.get("tags", {}))
    merged_clocks.restore(session, into, before["clocks"], now, joined=after["clocks"])
    calls_since_merge.raise_again(session, into, found.merged_at, now)
    _open_again(session, merged, found, user, now)
    events.record(
        session, into.id, TaskEventKind.MERGE_UNDONE, now, user_id=events.id_of(user), text=merged.receipt_code
    )
    settle(session, into, merged, now)
    return into


def give_back(session: Session, contact: Contact, merged: CallbackTask, user: User | None, now: datetime) -> None:
    """Give one contact back to the task that it has opened and that was merged into another one.

    The task that was merged is open again; everything else stays where it is.
    """
    into = contact.task
    found = _merge_of(session, into, merged)
    _assign(session, Contact, Contact.id == contact.id, merged.id)
    _assign(session, VoiceboxMessage, VoiceboxMessage.contact_id == contact.id, merged.id)
    if found is not None:
        _open_again(session, merged, found, user, now)
        session.flush()
        session.expire_all()
        moved = (session.get(Contact, one) for one in found.record["moved"]["contacts"])
        orders.leave(merged, [one for one in moved if one is not None and one.task_id == into.id])
        session.flush()
    else:  # too old for the record to be kept
        workflow.restore_merged(session, merged, {})
        sla_clocks.take_back(session, merged.id, *SlaMeasure)
        merged_clocks.show(session, merged)
    events.record(session, into.id, TaskEventKind.SPLIT_OFF, now, user_id=events.id_of(user), text=contact.receipt_code)


def _open_again(session: Session, merged: CallbackTask, found: Merge, user: User | None, now: datetime) -> None:
    before = found.record["before"]
    claim = {name: _typed(name, was) for name, was in before["other"].items()}
    may_hold = claims.may_hold(session, claim["claimed_by_id"], merged.team_id)
    workflow.restore_merged(session, merged, claim if may_hold else {})
    merged_clocks.restore(session, merged, before["other_clocks"], now, joined={})
    copies = (LegalHold.id.in_(found.record["holds"]), LegalHold.lifted_at.is_(None))
    session.execute(delete(LegalHold).where(*copies))
    tags.give_back(session, merged.id, found.record.get("tags", {}))
    found.undone_at = now
    events.record(session, merged.id, TaskEventKind.MERGE_UNDONE, now, user_id=events.id_of(user))


def merges_into(session: Session, task_id: int) -> list[Merge]:
    """The merges into a task that hold, the newest first."""
    held = select(Merge).where(Merge.task_id == task_id, Merge.undone_at.is_(None))
    return [*session.scalars(held.order_by(Merge.id.desc()))]


def is_being_called(session: Session, task: CallbackTask) -> bool:
    """Whether somebody calls back about a task at this moment."""
    talks = (Conversation.task_id == task.id, Conversation.state != ConversationState.ENDED)
    return session.scalar(select(Conversation.id).where(*talks).limit(1)) is not None


def _merge_of(session: Session, task: CallbackTask, other: CallbackTask) -> Merge | None:
    if other.merged_into_id != task.id:
        return None
    held = select(Merge).where(Merge.task_id == task.id, Merge.merged_id == other.id, Merge.undone_at.is_(None))
    return session.scalar(held.order_by(Merge.id.desc()).limit(1))


def _take_over(task: CallbackTask, other: CallbackTask) -> None:
    """Take over into a task what another one says: the first contact, the highest urgency, number and name."""
    task.first_contact_at = min(task.first_contact_at, other.first_contact_at)
    _raise(task, other)
    task.callback_number = task.callback_number or other.callback_number
    task.caller_name = task.caller_name or other.caller_name
    task.needs_interpreter = task.needs_interpreter or other.needs_interpreter
    if other.unlisted_language and not task.unlisted_language:
        task.unlisted_language, task.language = True, other.language
    task.demands_code = task.demands_code or other.demands_code
    if other.reply_by == ReplyBy.WRITING:
        task.reply_by = other.reply_by
    task.provisional = task.provisional and other.provisional
    task.unconfirmed = task.unconfirmed and other.unconfirmed
    task.silent_caller = task.silent_caller and other.silent_caller
    task.next_attempt_at = _planned(task, other)
    task.letter_proposed_at = task.letter_proposed_at if other.letter_proposed_at else None
    orders.add(task, other)


def _planned(*tasks: CallbackTask) -> datetime | None:
    """The earliest next attempt. None while somebody waits who was not tried, and has called since the last attempt."""
    planned = [one for one in tasks if one.next_attempt_at is not None]
    tried = [attempt.at for one in planned for attempt in one.attempts]
    called = [contact.at for one in tasks if one not in planned for contact in one.contacts]
    if called and (not tried or max(called) > max(tried)):
        return None
    return min((one.next_attempt_at for one in planned if one.next_attempt_at is not None), default=None)


def _raise(task: CallbackTask, other: CallbackTask) -> None:
    if other.in_danger:
        mine = task.danger_words or [] if task.in_danger else []
        task.danger = task.danger if task.in_danger else other.danger
        task.danger_words = list(dict.fromkeys([*mine, *(other.danger_words or ())]))
        task.danger_acted_at, task.danger_lowered_at = task.danger_acted_at and other.danger_acted_at, None
    emergencies = [one for one in (task, other) if one.urgency == Urgency.EMERGENCY]
    if not emergencies:
        return
    task.urgency = Urgency.EMERGENCY
    task.emergency_kind = task.emergency_kind or other.emergency_kind
    words = [one.urgency_words for one in emergencies]
    # What a caller has reported is no guess of a machine that a member may take back.
    told = None in words
    task.urgency_words = None if told else list(dict.fromkeys(word for some in words for word in some or ()))


def _move(session: Session, source_id: int, target_id: int) -> dict[str, list[int]]:
    moved = {}
    for name, table in _MOVED.items():
        theirs = table.task_id == source_id
        if table is QueueEntry:
            theirs &= table.state == QueueEntryState.WAITING
        moved[name] = [*session.scalars(select(table.id).where(theirs).order_by(table.id))]
        _assign(session, table, table.id.in_(moved[name]), target_id)
    return moved


def _move_back(session: Session, found: Merge, source_id: int, target_id: int) -> None:
    for name, table in _MOVED.items():
        _assign(
            session, table, table.id.in_(found.record["moved"].get(name, ())) & (table.task_id == source_id), target_id
        )
    theirs = VoiceboxMessage.contact_id.in_(select(Contact.id).where(Contact.task_id == target_id))
    _assign(session, VoiceboxMessage, theirs & (VoiceboxMessage.task_id == source_id), target_id)


def _assign(session: Session, table: Any, which: Any, task_id: int) -> None:
    session.execute(update(table).where(which).values(task_id=task_id).execution_options(synchronize_session=False))


def _copy_holds(session: Session, other: CallbackTask, task: CallbackTask) -> list[int]:
    held = select(LegalHold).where(LegalHold.task_id == other.id, LegalHold.lifted_at.is_(None))
    copies = [
        LegalHold(task_id=task.id, placed_by_id=one.placed_by_id, placed_at=one.placed_at, reason=one.reason)
        for one in session.scalars(held)
    ]
    session.add_all(copies)
    session.flush()
    return [one.id for one in copies]


def settle(session: Session, task: CallbackTask, other: CallbackTask, now: datetime) -> None:
    """Find both tasks by what is theirs now, with what their contacts have come to; and tell of them as they are."""
    session.flush()
    session.expire_all()
    task_alerts.take_back(session, other.id, *AlertEvent)
    for one in (task, other):
        code_changes.follow_contacts(session, one, now)
        sla_clocks.alert_current_state(session, one, now)
        search_index.index(session, one)


def _columns(task: CallbackTask) -> dict[str, Any]:
    return {name: _plain(getattr(task, name)) for name in _COLUMNS}


def _order(task: CallbackTask) -> dict[str, Any] | None:
    order = task.postal_order
    return None if order is None else {"forms": list(order.forms), "customer_number": order.customer_number}


def _put_back(task: CallbackTask, before: Mapping[str, Any], after: Mapping[str, Any], stays: Collection[str]) -> None:
    """Put back what the merge has changed and nobody has changed since then; but not the columns in `stays`."""
    for name, was in before["task"].items():
        if was != after["task"][name] and _plain(getattr(task, name)) == after["task"][name] and name not in stays:
            setattr(task, name, _typed(name, was))
    if task.postal_order is None or _order(task) != after["order"]:
        return
    if before["order"] is None:
        task.postal_order = None
        return
    for name in _ORDER:
        setattr(task.postal_order, name, before["order"][name])


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _typed(name: str, kept: Any) -> Any:
    return datetime.fromisoformat(kept) if kept and name.endswith("_at") else kept
