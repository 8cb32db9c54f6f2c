"""Selects the data of callers whose retention period is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from ivr.calls import erased_ids
from ivr.domain.enums import (
    CallRowState,
    ConversationState,
    QueueEntryState,
    RecordingState,
    RetentionKind,
    TaskState,
)
from ivr.models.callbacks import AppointmentWish, CallbackTask, PostalOrder, TaskEvent, TextMessage
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, QueueEntry
from ivr.models.contacts import CALLS_OF_TASKS, Contact
from ivr.models.desk import Draft
from ivr.models.identities import ProvenIdentity
from ivr.models.incidents import Incident
from ivr.models.privacy import LegalHold
from ivr.models.representatives import Representative
from ivr.models.screening import BlockedNumber
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.privacy import anonymisation, legal_holds, retention_periods


@dataclass(frozen=True)
class Part:
    """A part of a kind of data: `select_due` selects the ids of expired rows, `delete` deletes some.

    `erased`: rows of an erased person expire as soon as the metrics of their days are final, whatever the period.
    """

    select_due: Callable[[datetime], Select[int]]
    delete: Callable[[Session, Sequence[int]], None]
    erased: bool = False

    def cutoff(self, before: datetime, now: datetime) -> datetime:
        """The UTC instant before which data has expired."""
        return now - timedelta(days=retention_periods.LEAST) if self.erased else before


def is_deletable() -> ColumnElement[bool]:
    """The condition for tasks without a legal hold and without a restriction."""
    return and_(CallbackTask.restricted_at.is_(None), CallbackTask.id.not_in(legal_holds.held_task_ids()))


def is_closed_before(before: datetime) -> ColumnElement[bool]:
    """The condition for tasks that were closed before an instant."""
    return and_(CallbackTask.state == TaskState.CLOSED, CallbackTask.closed_at < before)


def _kept_by_a_task(before: datetime) -> ColumnElement[bool]:
    """The condition for calls of a task that is open, held, or not old enough."""
    return exists().where(
        CALLS_OF_TASKS.c.call_id == Call.id,
        CALLS_OF_TASKS.c.task_id == CallbackTask.id,
        ~and_(is_closed_before(before), is_deletable()),
    )


def _old_call(before: datetime) -> ColumnElement[bool]:
    return and_(Call.state == CallRowState.ENDED, func.coalesce(Call.ended_at, Call.started_at) < before)


def _message_is_due(before: datetime) -> ColumnElement[bool]:
    """The condition for messages whose task is over, or without a task and whose call is over."""
    task_over = exists().where(CallbackTask.id == VoiceboxMessage.task_id, is_closed_before(before), is_deletable())
    call_over = exists().where(Call.id == VoiceboxMessage.call_id, _old_call(before), ~_kept_by_a_task(before))
    return or_(task_over, and_(VoiceboxMessage.task_id.is_(None), call_over))


def _audio(before: datetime) -> Select[int]:
    return (
        select(Recording.id)
        .join(VoiceboxMessage)
        .where(
            Recording.state.in_((RecordingState.ANNOUNCED, RecordingState.AVAILABLE, RecordingState.STORED)),
            _message_is_due(before),
        )
    )


def _messages(before: datetime) -> Select[int]:
    """Messages whose transcript has expired. Their audio is deleted with them, if it still exists."""
    return select(VoiceboxMessage.id).where(_message_is_due(before))


def _written(before: datetime) -> Select[int]:
    """Tasks with texts that people have written."""
    text = exists().where(TaskEvent.task_id == CallbackTask.id, TaskEvent.text.is_not(None),
                          TaskEvent.kind.in_(anonymisation.WRITTEN))  # fmt: skip
    draft = exists().where(Draft.task_id == CallbackTask.id)
    heard = or_(CallbackTask.urgency_words.is_not(None), CallbackTask.danger_words.is_not(None))
    return select(CallbackTask.id).where(is_closed_before(before), is_deletable(), or_(text, draft, heard))


def _numbered_contact() -> ColumnElement[bool]:
    return or_(Contact.callback_number.is_not(None), Contact.changed_number_from.is_not(None))


def _named_tasks(before: datetime) -> Select[int]:
    order = exists().where(PostalOrder.task_id == CallbackTask.id, PostalOrder.customer_number.is_not(None))
    wish = exists().where(AppointmentWish.task_id == CallbackTask.id, AppointmentWish.place.is_not(None))
    hold = exists().where(LegalHold.task_id == CallbackTask.id, LegalHold.reason != "")
    number = exists().where(Contact.task_id == CallbackTask.id, _numbered_contact())
    named = CallbackTask.caller_name.is_not(None)
    for_others = exists().where(Representative.task_id == CallbackTask.id)
    proven = exists().where(ProvenIdentity.task_id == CallbackTask.id)
    known = or_(CallbackTask.callback_number.is_not(None), named, number, order, wish, hold, for_others, proven)
    return select(CallbackTask.id).where(is_closed_before(before), is_deletable(), known)


def _numbered_calls(before: datetime) -> Select[int]:
    texts = exists().where(TextMessage.call_id == Call.id)
    places = exists().where(QueueEntry.call_id == Call.id, QueueEntry.resume != "")
    known = or_(Call.from_number.is_not(None), Call.shown_as != "", texts, places)
    return select(Call.id).where(_old_call(before), known, ~_kept_by_a_task(before))


def _numbered_legs(before: datetime) -> Select[int]:
    """Conversations with the number of a caller or a companion."""
    leg = exists().where(Leg.conversation_id == Conversation.id, Leg.number.is_not(None),
                         anonymisation.THEIR_LEGS)  # fmt: skip
    asked = exists().where(InterpreterRequest.conversation_id == Conversation.id)
    asked = asked.where(InterpreterRequest.number.is_not(None))
    return select(Conversation.id).where(_old_conversation(before), or_(leg, asked), *_about_nothing_kept(before))


def _noted(before: datetime) -> Select[int]:
    """Conversations with a note of what was agreed."""
    noted = Conversation.note.is_not(None)
    return select(Conversation.id).where(_old_conversation(before), noted, *_about_nothing_kept(before))


def _old_conversation(before: datetime) -> ColumnElement[bool]:
    return and_(
        Conversation.state == ConversationState.ENDED,
        func.coalesce(Conversation.ended_at, Conversation.started_at) < before,
    )


def _about_nothing_kept(before: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The conditions for conversations without a task that is still kept, of their own or of their call."""
    task = exists().where(CallbackTask.id == Conversation.task_id, ~and_(is_closed_before(before), is_deletable()))
    entry = exists().where(
        QueueEntry.id == Conversation.entry_id, QueueEntry.call_id == Call.id, _kept_by_a_task(before)
    )
    return ~task, ~entry


def _blocks(before: datetime) -> Select[int]:
    return select(BlockedNumber.id).where(func.coalesce(BlockedNumber.lifted_at, BlockedNumber.until_at) < before)


def _tasks(before: datetime) -> Select[int]:
    return select(CallbackTask.id).where(is_closed_before(before), is_deletable(), ~_appointment_after(before))


def _erased_tasks(before: datetime) -> Select[int]:
    return select(CallbackTask.id).where(CallbackTask.erased_at < before, is_deletable(), ~_appointment_after(before))


def _appointment_after(before: datetime) -> ColumnElement[bool]:
    """The condition for tasks with a later appointment, because the metrics count them on that day."""
    return exists().where(AppointmentWish.task_id == CallbackTask.id, AppointmentWish.appointment_at >= before)


def _erased_calls(before: datetime) -> Select[int]:
    return _calls(before).where(Call.call_sid.startswith(erased_ids.ERASED))


def _calls(before: datetime) -> Select[int]:
    return select(Call.id).where(
        _old_call(before),
        ~exists().where(CALLS_OF_TASKS.c.call_id == Call.id),
        ~exists().where(CallbackTask.call_id == Call.id),
        ~exists().where(
            QueueEntry.call_id == Call.id, QueueEntry.state.in_((QueueEntryState.WAITING, QueueEntryState.OFFERED))
        ),
    )


def _conversations(before: datetime) -> Select[int]:
    _, no_entry = _about_nothing_kept(before)
    return select(Conversation.id).where(_old_conversation(before), Conversation.task_id.is_(None), no_entry)


def _incidents(before: datetime) -> Select[int]:
    return select(Incident.id).where(Incident.marked_at < before)


#: The kinds of callers' data in the order of their deletion, each with its parts.
KINDS: dict[str, tuple[Part, ...]] = {
    "audio": (Part(_audio, anonymisation.audio),),
    "transcript": (
        Part(_messages, anonymisation.messages),
        Part(_written, anonymisation.words),
        Part(_noted, anonymisation.notes),
    ),
    RetentionKind.NUMBER_AND_NAME: (
        Part(_named_tasks, anonymisation.names),
        Part(_numbered_calls, anonymisation.call_numbers),
        Part(_numbered_legs, anonymisation.leg_numbers),
        Part(_blocks, anonymisation.blocks),
    ),
    "task": (Part(_tasks, anonymisation.tasks), Part(_erased_tasks, anonymisation.tasks, erased=True)),
    RetentionKind.CALL_RECORD: (
        Part(_conversations, anonymisation.conversations),
        Part(_calls, anonymisation.calls),
        Part(_erased_calls, anonymisation.calls, erased=True),
    ),
    RetentionKind.INCIDENT: (Part(_incidents, anonymisation.incidents),),
}


def count_held(session: Session, kind: str, before: datetime) -> int:
    """The number of expired tasks with a legal hold or a restriction."""
    if kind not in KINDS:
        return 0
    held = select(func.count(CallbackTask.id)).where(is_closed_before(before), ~is_deletable())
    return session.scalar(held) or 0
