"""Deletes what has been kept for long enough, and counts what would go.

Everything is done in portions, so that nobody waits long for the database, and may be cut off and done again. How each
kind goes stands in :mod:`ivr.privacy.anonymisation`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, union, update
from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.calls import erased_ids
from ivr.domain.enums import (
    AccessAction,
    CallState,
    ConversationState,
    DeletionCause,
    QueueEntryState,
    RecordingState,
    RetentionKind,
    TaskState,
)
from ivr.models.audit import AccessLine
from ivr.models.callbacks import AppointmentWish, CallbackTask, Contact, Draft, PostalOrder, TaskEvent, TextMessage
from ivr.models.calls import Call, KnownCaller
from ivr.models.contact_centre import BlockedNumber, Conversation, InterpreterRequest, Leg, QueueEntry
from ivr.models.privacy import DeletionRecord, LegalHold
from ivr.models.reporting import DailyMetric
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import database
from ivr.platform.column_types import rows
from ivr.privacy import anonymisation, legal_holds, retention_periods

#: What a record says until its run has come to its end.
NOT_FINISHED = "not finished"
#: Rows of one transaction.
_PORTION = 200


@dataclass(frozen=True)
class Due:
    """What has been kept for long enough: how much of a kind, and how much of it is held."""

    kind: str
    cutoff_at: datetime
    days: int
    count: int
    held: int


@dataclass(frozen=True)
class _Kind:
    """`due` gives the ids of what is older than a cut-off, `go` destroys a portion of them.

    `erased`: what was erased at a person's wish goes as soon as its days are counted for good, whatever the period.
    """

    due: Callable[[datetime], Select[int]]
    go: Callable[[Session, Sequence[int]], None]
    erased: bool = False

    def cutoff(self, before: datetime, now: datetime) -> datetime:
        """What is older than this goes."""
        return now - timedelta(days=retention_periods.LEAST) if self.erased else before


# -- what is due ------------------------------------------------------------------------------------


def _free() -> ColumnElement[bool]:
    """A task on which no hold lies, and whose use is not restricted."""
    return and_(CallbackTask.restricted_at.is_(None), CallbackTask.id.not_in(legal_holds.lying()))


def _over(before: datetime) -> ColumnElement[bool]:
    return and_(CallbackTask.state == TaskState.CLOSED, CallbackTask.closed_at < before)


def _kept_by_a_task(before: datetime) -> ColumnElement[bool]:
    """A call that belongs to a task which is still open, held, or not old enough."""
    return exists().where(Contact.call_id == Call.id, Contact.task_id == CallbackTask.id, ~and_(_over(before), _free()))


def _old_call(before: datetime) -> ColumnElement[bool]:
    return and_(Call.state == CallState.ENDED, func.coalesce(Call.ended_at, Call.started_at) < before)


def _of_old(before: datetime) -> ColumnElement[bool]:
    """A message whose task is over, or which has none and whose call is."""
    task_over = exists().where(CallbackTask.id == VoiceboxMessage.task_id, _over(before), _free())
    call_over = exists().where(Call.id == VoiceboxMessage.call_id, _old_call(before), ~_kept_by_a_task(before))
    return or_(task_over, and_(VoiceboxMessage.task_id.is_(None), call_over))


def _audio(before: datetime) -> Select[int]:
    return (
        select(Recording.id)
        .join(VoiceboxMessage)
        .where(
            Recording.state.in_((RecordingState.ANNOUNCED, RecordingState.AVAILABLE, RecordingState.STORED)),
            _of_old(before),
        )
    )


def _messages(before: datetime) -> Select[int]:
    """Messages whose words are to go; their audio goes with them, if it has not gone before."""
    return select(VoiceboxMessage.id).where(_of_old(before))


def _written(before: datetime) -> Select[int]:
    """Tasks with words of people in them."""
    text = exists().where(TaskEvent.task_id == CallbackTask.id, TaskEvent.text.is_not(None),
                          TaskEvent.kind.in_(anonymisation.WRITTEN))  # fmt: skip
    draft = exists().where(Draft.task_id == CallbackTask.id)
    return select(CallbackTask.id).where(
        _over(before), _free(), or_(text, draft, CallbackTask.urgency_words.is_not(None))
    )


def _named_tasks(before: datetime) -> Select[int]:
    order = exists().where(PostalOrder.task_id == CallbackTask.id, PostalOrder.customer_number.is_not(None))
    wish = exists().where(AppointmentWish.task_id == CallbackTask.id, AppointmentWish.place.is_not(None))
    hold = exists().where(LegalHold.task_id == CallbackTask.id, LegalHold.reason != "")
    known = or_(CallbackTask.callback_number.is_not(None), CallbackTask.caller_name.is_not(None), order, wish, hold)
    return select(CallbackTask.id).where(_over(before), _free(), known)


def _numbered_calls(before: datetime) -> Select[int]:
    texts = exists().where(TextMessage.call_id == Call.id)
    places = exists().where(QueueEntry.call_id == Call.id, QueueEntry.resume != "")
    known = or_(Call.from_number.is_not(None), texts, places)
    return select(Call.id).where(_old_call(before), known, ~_kept_by_a_task(before))


def _numbered_legs(before: datetime) -> Select[int]:
    """Conversations in which a caller's or a companion's number stands."""
    task = exists().where(CallbackTask.id == Conversation.task_id, ~and_(_over(before), _free()))
    entry = exists().where(
        QueueEntry.id == Conversation.entry_id, QueueEntry.call_id == Call.id, _kept_by_a_task(before)
    )
    leg = exists().where(Leg.conversation_id == Conversation.id, Leg.number.is_not(None),
                         anonymisation.THEIR_LEGS)  # fmt: skip
    asked = exists().where(InterpreterRequest.conversation_id == Conversation.id)
    asked = asked.where(InterpreterRequest.number.is_not(None))
    over = and_(
        Conversation.state == ConversationState.ENDED,
        func.coalesce(Conversation.ended_at, Conversation.started_at) < before,
    )
    return select(Conversation.id).where(over, or_(leg, asked), ~task, ~entry)


def _blocks(before: datetime) -> Select[int]:
    return select(BlockedNumber.id).where(func.coalesce(BlockedNumber.lifted_at, BlockedNumber.until_at) < before)


def _tasks(before: datetime) -> Select[int]:
    return select(CallbackTask.id).where(_over(before), _free(), ~_appointment_after(before))


def _erased_tasks(before: datetime) -> Select[int]:
    return select(CallbackTask.id).where(CallbackTask.erased_at < before, _free(), ~_appointment_after(before))


def _appointment_after(before: datetime) -> ColumnElement[bool]:
    """It is counted on the day of its appointment, which is still to come or not counted for good."""
    return exists().where(AppointmentWish.task_id == CallbackTask.id, AppointmentWish.appointment_at >= before)


def _erased_calls(before: datetime) -> Select[int]:
    return _calls(before).where(Call.call_sid.startswith(erased_ids.ERASED))


def _calls(before: datetime) -> Select[int]:
    return select(Call.id).where(
        _old_call(before),
        ~exists().where(Contact.call_id == Call.id),
        ~exists().where(CallbackTask.call_id == Call.id),
        ~exists().where(
            QueueEntry.call_id == Call.id, QueueEntry.state.in_((QueueEntryState.WAITING, QueueEntryState.OFFERED))
        ),
    )


def _conversations(before: datetime) -> Select[int]:
    over = and_(
        Conversation.state == ConversationState.ENDED,
        func.coalesce(Conversation.ended_at, Conversation.started_at) < before,
    )
    entry = exists().where(
        QueueEntry.id == Conversation.entry_id, QueueEntry.call_id == Call.id, _kept_by_a_task(before)
    )
    return select(Conversation.id).where(over, Conversation.task_id.is_(None), ~entry)


# -- and goes ---------------------------------------------------------------------------------------


#: Kinds with rows of callers, in the order in which they go, each with its parts.
_KINDS: dict[str, tuple[_Kind, ...]] = {
    "audio": (_Kind(_audio, anonymisation.audio),),
    "transcript": (_Kind(_messages, anonymisation.messages), _Kind(_written, anonymisation.words)),
    RetentionKind.NUMBER_AND_NAME: (
        _Kind(_named_tasks, anonymisation.names),
        _Kind(_numbered_calls, anonymisation.call_numbers),
        _Kind(_numbered_legs, anonymisation.leg_numbers),
        _Kind(_blocks, anonymisation.blocks),
    ),
    "task": (_Kind(_tasks, anonymisation.tasks), _Kind(_erased_tasks, anonymisation.tasks, erased=True)),
    RetentionKind.CALL_RECORD: (
        _Kind(_conversations, anonymisation.conversations),
        _Kind(_calls, anonymisation.calls),
        _Kind(_erased_calls, anonymisation.calls, erased=True),
    ),
}


def plan(session: Session, now: datetime) -> list[Due]:
    """What would go now, without touching it."""
    found = []
    for kind, length in retention_periods.all_days(session).items():
        before = now - timedelta(days=length)
        found.append(Due(kind, before, length, _count(session, kind, before, now), _held(session, kind, before)))
    return found


def _count(session: Session, kind: str, before: datetime, now: datetime) -> int:
    if kind in _KINDS:
        # Two parts may name the same row: it goes once.
        due: dict[object, list[Select[int]]] = defaultdict(list)
        for part in _KINDS[kind]:
            due[part.go].append(part.due(part.cutoff(before, now)))
        counts = (select(func.count()).select_from(union(*parts).subquery()) for parts in due.values())
        return sum(session.scalar(count) or 0 for count in counts)
    table, column = _OTHERS[kind]
    limit = before.date() if table is DailyMetric else before
    return session.scalar(select(func.count()).select_from(table).where(column < limit)) or 0


_OTHERS: dict[str, tuple[type, ColumnElement[object]]] = {
    RetentionKind.REMEMBERED_LANGUAGE: (KnownCaller, KnownCaller.last_called_at),  # type: ignore[dict-item]
    RetentionKind.ACCESS_LOG: (AccessLine, AccessLine.at),  # type: ignore[dict-item]
    "statistics": (DailyMetric, DailyMetric.day),  # type: ignore[dict-item]
}


def _held(session: Session, kind: str, before: datetime) -> int:
    if kind not in _KINDS:
        return 0
    held = select(func.count(CallbackTask.id)).where(_over(before), ~_free())
    return session.scalar(held) or 0


def delete_kind(record: DeletionRecord) -> None:
    """Delete all that a record is about, portion by portion, each counted in the record as it goes."""
    kind, before, record_id = record.kind, record.cutoff_at or record.at, record.id
    if kind == RetentionKind.ACCESS_LOG:
        with database.writing() as session:
            _note_gone(session, record_id, access_log.trim(session, before, record.at))
    elif kind in _OTHERS:
        table, column = _OTHERS[kind]
        limit = before.date() if table is DailyMetric else before
        with database.writing() as session:
            _note_gone(session, record_id, rows(session.execute(delete(table).where(column < limit))))
    else:
        for part in _KINDS[kind]:
            _in_portions(part, part.cutoff(before, record.at), record_id)


def _in_portions(part: _Kind, before: datetime, record_id: int) -> None:
    while True:
        with database.reading() as session:
            ids = session.scalars(part.due(before).limit(_PORTION)).all()
        if not ids:
            return
        with database.writing() as session:
            still = session.scalars(part.due(before).where(_key_of(part, before).in_(ids))).all()
            if still:
                part.go(session, still)
                _note_gone(session, record_id, len(still))


def _key_of(part: _Kind, before: datetime) -> ColumnElement[int]:
    return part.due(before).selected_columns[0]


def left(kind: str, before: datetime, now: datetime) -> int:
    """How much of a kind is still there that should have gone.

    (The newest line of the access log stays: the next one builds on it.)
    """
    with database.reading() as session:
        if kind != RetentionKind.ACCESS_LOG:
            return _count(session, kind, before, now)
        newest = access_log.newest(session)[0]
        old = select(func.count(AccessLine.number)).where(AccessLine.at < before, AccessLine.number != newest)
        return session.scalar(old) or 0


def _note_gone(session: Session, record_id: int, count: int) -> None:
    mine = update(DeletionRecord).where(DeletionRecord.id == record_id)
    session.execute(mine.values(deleted=DeletionRecord.deleted + count).execution_options(synchronize_session=False))


def begin_record(session: Session, kind: str, now: datetime) -> DeletionRecord:
    """Write down that deletion of a kind begins: after a power cut one sees how far it came."""
    before = retention_periods.cutoff(session, kind, now)
    record = DeletionRecord(
        at=now, cause=DeletionCause.PERIOD, kind=kind, cutoff_at=before, deleted=0, held=_held(session, kind, before),
        verified=False, remains=NOT_FINISHED,
    )  # fmt: skip
    session.add(record)
    return record


def finish_record(session: Session, record_id: int, remains: str, now: datetime) -> DeletionRecord:
    """Write down what is still there of what should have gone; nothing, where all has."""
    record = session.get_one(DeletionRecord, record_id, populate_existing=True)
    record.verified, record.remains = not remains, remains[:300]
    _log_record(session, record, now)
    return record


def write_record(session: Session, cause: str, count: int, remains: str, now: datetime) -> DeletionRecord:
    """Write down that a person's data was deleted, without saying whose it was."""
    record = DeletionRecord(
        at=now, cause=cause, kind="subject", cutoff_at=None, deleted=count, held=0, verified=not remains,
        remains=remains[:300],
    )  # fmt: skip
    session.add(record)
    _log_record(session, record, now)
    return record


def _log_record(session: Session, record: DeletionRecord, now: datetime) -> None:
    seen = "" if record.verified else ", not verified"
    detail = f"{record.cause} {record.kind}: {record.deleted} deleted, {record.held} held{seen}"
    access_log.append(session, access_log.SYSTEM, AccessAction.DELETED, now, detail=detail)
