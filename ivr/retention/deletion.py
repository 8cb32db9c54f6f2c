"""Deletes what has been kept for long enough: keys first, then audio, then rows; and counts what would go.

Everything is done in portions, so that nobody waits long for the database, and may be cut off and done again. What is
at the carrier is planned here and done by who may ring it (:mod:`ivr.workers.deletion`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from ivr import audio_store, database, task_search
from ivr.access import access_log
from ivr.access.models import AccessLine
from ivr.database_types import insert, rows
from ivr.figures.models import DailyFigure
from ivr.instants import utc_now
from ivr.live.models import BlockedNumber, Conversation, InterpreterRequest, Leg, LineEntry
from ivr.models import (
    AppointmentWish,
    Attempt,
    Base,
    Call,
    CallbackTask,
    Contact,
    Draft,
    KnownCaller,
    PostalOrder,
    Recording,
    TaskEvent,
    TextMessage,
    Transcript,
    VoiceboxMessage,
    Work,
)
from ivr.retention import holds, periods
from ivr.retention.models import CarrierDeletion, DeletionRecord, LegalHold
from ivr.sla.models import SlaPause

#: Rows of one transaction.
_PORTION = 200
#: Kinds of events whose text a person has written, or was said by the caller.
_WRITTEN = ("noted", "named", "handed_over", "raised", "text_sent")
#: Work whose subject is a recording, a message, or a text message.
_WORK_OF = {
    Recording: ("fetch_recording", "delete_at_carrier", "discard_recording", "transcribe"),
    VoiceboxMessage: ("find_recording", "ask_for_recording"),
    TextMessage: ("send_text_message",),
}


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
    """`due` gives ids, `go` deletes a portion of them; both are given the cut-off. `erased`: what was erased at a
    person's wish goes as soon as its days are counted for good, whatever the period."""

    due: Callable[[datetime], Select[int]]
    go: Callable[[Session, Sequence[int], datetime], None]
    erased: bool = False

    def cutoff(self, before: datetime, now: datetime) -> datetime:
        """What is older than this goes."""
        return now - timedelta(days=periods.LEAST) if self.erased else before


# -- what is due ------------------------------------------------------------------------------------


def _free() -> ColumnElement[bool]:
    """A task on which no hold lies, and whose use is not restricted."""
    return and_(CallbackTask.restricted_at.is_(None), CallbackTask.id.not_in(holds.lying()))


def _over(before: datetime) -> ColumnElement[bool]:
    return and_(CallbackTask.state == "closed", CallbackTask.closed_at < before)


def _kept_by_a_task(before: datetime) -> ColumnElement[bool]:
    """A call that belongs to a task which is still open, held, or not old enough."""
    return exists().where(Contact.call_id == Call.id, Contact.task_id == CallbackTask.id, ~and_(_over(before), _free()))


def _old_call(before: datetime) -> ColumnElement[bool]:
    return and_(Call.state == "ended", func.coalesce(Call.ended_at, Call.started_at) < before)


def _of_old(before: datetime) -> ColumnElement[bool]:
    """A message whose task is over, or which has none and whose call is."""
    task_over = exists().where(CallbackTask.id == VoiceboxMessage.task_id, _over(before), _free())
    call_over = exists().where(Call.id == VoiceboxMessage.call_id, _old_call(before), ~_kept_by_a_task(before))
    return or_(task_over, and_(VoiceboxMessage.task_id.is_(None), call_over))


def _audio(before: datetime) -> Select[int]:
    return (
        select(Recording.id)
        .join(VoiceboxMessage)
        .where(Recording.state.in_(("announced", "available", "stored")), _of_old(before))
    )


def _messages(before: datetime) -> Select[int]:
    """Messages whose words are to go; their audio goes with them, if it has not gone before."""
    return select(VoiceboxMessage.id).where(_of_old(before))


def _written(before: datetime) -> Select[int]:
    """Tasks with words of people in them."""
    text = exists().where(TaskEvent.task_id == CallbackTask.id, TaskEvent.text.is_not(None),
                          TaskEvent.kind.in_(_WRITTEN))  # fmt: skip
    draft = exists().where(Draft.task_id == CallbackTask.id)
    return select(CallbackTask.id).where(
        _over(before), _free(), or_(text, draft, CallbackTask.urgency_words.is_not(None))
    )


def _named_tasks(before: datetime) -> Select[int]:
    order = exists().where(PostalOrder.task_id == CallbackTask.id, PostalOrder.customer_number.is_not(None))
    wish = exists().where(AppointmentWish.task_id == CallbackTask.id, AppointmentWish.place.is_not(None))
    known = or_(CallbackTask.callback_number.is_not(None), CallbackTask.caller_name.is_not(None), order, wish)
    return select(CallbackTask.id).where(_over(before), _free(), known)


def _numbered_calls(before: datetime) -> Select[int]:
    texts = exists().where(TextMessage.call_id == Call.id)
    places = exists().where(LineEntry.call_id == Call.id, LineEntry.resume != "")
    known = or_(Call.from_number.is_not(None), texts, places)
    return select(Call.id).where(_old_call(before), known, ~_kept_by_a_task(before))


def _numbered_legs(before: datetime) -> Select[int]:
    """Conversations in which a caller's or a companion's number stands."""
    task = exists().where(CallbackTask.id == Conversation.task_id, ~and_(_over(before), _free()))
    entry = exists().where(LineEntry.id == Conversation.entry_id, LineEntry.call_id == Call.id, _kept_by_a_task(before))
    leg = exists().where(Leg.conversation_id == Conversation.id, Leg.number.is_not(None),
                         Leg.role.in_(("caller", "companion")))  # fmt: skip
    asked = exists().where(InterpreterRequest.conversation_id == Conversation.id)
    asked = asked.where(InterpreterRequest.number.is_not(None))
    over = and_(Conversation.state == "ended", func.coalesce(Conversation.ended_at, Conversation.started_at) < before)
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
    return _calls(before).where(Call.call_sid.startswith("erased-"))


def _calls(before: datetime) -> Select[int]:
    return select(Call.id).where(
        _old_call(before),
        ~exists().where(Contact.call_id == Call.id),
        ~exists().where(CallbackTask.call_id == Call.id),
        ~exists().where(LineEntry.call_id == Call.id, LineEntry.state.in_(("waiting", "offered"))),
    )


def _conversations(before: datetime) -> Select[int]:
    over = and_(Conversation.state == "ended", func.coalesce(Conversation.ended_at, Conversation.started_at) < before)
    entry = exists().where(LineEntry.id == Conversation.entry_id, LineEntry.call_id == Call.id, _kept_by_a_task(before))
    return select(Conversation.id).where(over, Conversation.task_id.is_(None), ~entry)


# -- how it goes ------------------------------------------------------------------------------------


def _destroy_audio(session: Session, ids: Sequence[int], before: datetime) -> None:
    for recording in session.scalars(select(Recording).where(Recording.id.in_(ids))):
        audio_store.delete(recording.recording_sid)  # its key first: from here on nobody can hear it
        if recording.carrier_deleted_at is None:
            at_carrier(session, "recording", recording.recording_sid)
        recording.state, recording.audio_sha256, recording.audio_bytes = "deleted", None, None
    drop_work(session, Recording, ids)


def _destroy_messages(session: Session, ids: Sequence[int], before: datetime) -> None:
    recordings = session.scalars(select(Recording.id).where(Recording.message_id.in_(ids))).all()
    _destroy_audio(session, recordings, before)
    session.flush()
    tasks = session.scalars(select(VoiceboxMessage.task_id).where(VoiceboxMessage.id.in_(ids)).distinct()).all()
    drop_work(session, VoiceboxMessage, ids)
    session.execute(delete(Transcript).where(Transcript.recording_id.in_(recordings)))
    session.execute(delete(Recording).where(Recording.id.in_(recordings)))
    session.execute(delete(VoiceboxMessage).where(VoiceboxMessage.id.in_(ids)))
    _index(session, [task_id for task_id in tasks if task_id is not None])


def _destroy_words(session: Session, ids: Sequence[int], before: datetime) -> None:
    texts = update(TaskEvent).where(TaskEvent.task_id.in_(ids), TaskEvent.kind.in_(_WRITTEN))
    session.execute(texts.values(text=None))
    session.execute(delete(Draft).where(Draft.task_id.in_(ids)))
    session.execute(update(CallbackTask).where(CallbackTask.id.in_(ids)).values(urgency_words=None))
    _index(session, ids)


def _destroy_names(session: Session, ids: Sequence[int], before: datetime) -> None:
    session.execute(update(CallbackTask).where(CallbackTask.id.in_(ids)).values(callback_number=None, caller_name=None))
    session.execute(update(PostalOrder).where(PostalOrder.task_id.in_(ids)).values(customer_number=None))
    session.execute(update(AppointmentWish).where(AppointmentWish.task_id.in_(ids)).values(place=None))
    named = update(TaskEvent).where(TaskEvent.task_id.in_(ids), TaskEvent.kind == "named")
    session.execute(named.values(text=None))
    _index(session, ids)


def _destroy_call_numbers(session: Session, ids: Sequence[int], before: datetime) -> None:
    for call_sid in session.scalars(select(Call.call_sid).where(Call.id.in_(ids))):
        if not call_sid.startswith("erased-"):
            at_carrier(session, "call", call_sid)
    texts = session.execute(select(TextMessage.id, TextMessage.message_sid).where(TextMessage.call_id.in_(ids))).all()
    for text in texts:
        if text.message_sid:
            at_carrier(session, "message", text.message_sid)
    drop_work(session, TextMessage, [text.id for text in texts])
    session.execute(delete(TextMessage).where(TextMessage.call_id.in_(ids)))
    session.execute(update(Call).where(Call.id.in_(ids)).values(from_number=None))
    session.execute(update(LineEntry).where(LineEntry.call_id.in_(ids)).values(resume=""))


def _destroy_leg_numbers(session: Session, ids: Sequence[int], before: datetime) -> None:
    theirs = (Leg.conversation_id.in_(ids), Leg.role.in_(("caller", "companion")))
    for call_sid in session.scalars(select(Leg.call_sid).where(*theirs, Leg.call_sid.is_not(None))):
        at_carrier(session, "call", str(call_sid))
    session.execute(update(Leg).where(*theirs).values(number=None))
    asked = update(InterpreterRequest).where(InterpreterRequest.conversation_id.in_(ids))
    session.execute(asked.values(number=None))


def _destroy_blocks(session: Session, ids: Sequence[int], before: datetime) -> None:
    session.execute(delete(BlockedNumber).where(BlockedNumber.id.in_(ids)))


def _destroy_tasks(session: Session, ids: Sequence[int], before: datetime) -> None:
    messages = session.scalars(select(VoiceboxMessage.id).where(VoiceboxMessage.task_id.in_(ids))).all()
    _destroy_messages(session, messages, before)
    session.execute(delete(LegalHold).where(LegalHold.task_id.in_(ids), LegalHold.lifted_at.is_not(None)))
    session.execute(delete(Attempt).where(Attempt.task_id.in_(ids)))
    session.execute(delete(SlaPause).where(SlaPause.task_id.in_(ids)))
    session.execute(delete(CallbackTask).where(CallbackTask.id.in_(ids)))


def _destroy_calls(session: Session, ids: Sequence[int], before: datetime) -> None:
    _destroy_call_numbers(session, ids, before)
    messages = session.scalars(select(VoiceboxMessage.id).where(VoiceboxMessage.call_id.in_(ids))).all()
    _destroy_messages(session, messages, before)
    session.execute(delete(Call).where(Call.id.in_(ids)))


def _destroy_conversations(session: Session, ids: Sequence[int], before: datetime) -> None:
    _destroy_leg_numbers(session, ids, before)
    session.execute(delete(Conversation).where(Conversation.id.in_(ids)))


def _index(session: Session, task_ids: Sequence[int]) -> None:
    session.flush()
    session.expire_all()
    for task in session.scalars(select(CallbackTask).where(CallbackTask.id.in_(task_ids))):
        task_search.index(session, task)


def drop_work(session: Session, table: type[Base], ids: Sequence[int]) -> None:
    """Drop what was to be done for rows that go."""
    session.execute(delete(Work).where(Work.kind.in_(_WORK_OF[table]), Work.subject_id.in_(ids)))


def at_carrier(session: Session, kind: str, sid: str) -> None:
    """Plan that the carrier forgets something: a `call`, a `recording` or a `message`."""
    new = insert(session.get_bind().dialect, CarrierDeletion).values(kind=kind, sid=sid, planned_at=utc_now())
    again = {"planned_at": utc_now(), "done_at": None}
    session.execute(new.on_conflict_do_update(index_elements=["kind", "sid"], set_=again))


#: Kinds with rows of callers, in the order in which they go, each with its parts.
_KINDS: dict[str, tuple[_Kind, ...]] = {
    "audio": (_Kind(_audio, _destroy_audio),),
    "transcript": (_Kind(_messages, _destroy_messages), _Kind(_written, _destroy_words)),
    "number_and_name": (
        _Kind(_named_tasks, _destroy_names),
        _Kind(_numbered_calls, _destroy_call_numbers),
        _Kind(_numbered_legs, _destroy_leg_numbers),
        _Kind(_blocks, _destroy_blocks),
    ),
    "task": (_Kind(_tasks, _destroy_tasks), _Kind(_erased_tasks, _destroy_tasks, erased=True)),
    "call_record": (
        _Kind(_conversations, _destroy_conversations),
        _Kind(_calls, _destroy_calls),
        _Kind(_erased_calls, _destroy_calls, erased=True),
    ),
}


def plan(session: Session, now: datetime) -> list[Due]:
    """What would go now, without touching it."""
    found = []
    for kind, length in periods.all_days(session).items():
        before = now - timedelta(days=length)
        found.append(Due(kind, before, length, _count(session, kind, before, now), _held(session, kind, before)))
    return found


def _count(session: Session, kind: str, before: datetime, now: datetime) -> int:
    if kind in _KINDS:
        return sum(
            session.scalar(select(func.count()).select_from(part.due(part.cutoff(before, now)).subquery())) or 0
            for part in _KINDS[kind]
        )
    table, column = _OTHERS[kind]
    limit = before.date() if table is DailyFigure else before
    return session.scalar(select(func.count()).select_from(table).where(column < limit)) or 0


_OTHERS: dict[str, tuple[type, ColumnElement[object]]] = {
    "remembered_language": (KnownCaller, KnownCaller.last_called_at),  # type: ignore[dict-item]
    "access_log": (AccessLine, AccessLine.at),  # type: ignore[dict-item]
    "statistics": (DailyFigure, DailyFigure.day),  # type: ignore[dict-item]
}


def _held(session: Session, kind: str, before: datetime) -> int:
    if kind not in _KINDS:
        return 0
    held = select(func.count(CallbackTask.id)).where(_over(before), ~_free())
    return session.scalar(held) or 0


def delete_kind(kind: str, now: datetime) -> Due:
    """Delete all of a kind that is due, portion by portion; gives what was due."""
    with database.reading() as session:
        length = periods.days(session, kind)
        before = now - timedelta(days=length)
        held = _held(session, kind, before)
    gone = 0
    if kind == "access_log":
        with database.writing() as session:
            gone = access_log.trim(session, before, now)
    elif kind in _OTHERS:
        table, column = _OTHERS[kind]
        limit = before.date() if table is DailyFigure else before
        with database.writing() as session:
            gone = rows(session.execute(delete(table).where(column < limit)))
    else:
        for part in _KINDS[kind]:
            gone += _in_portions(part, part.cutoff(before, now))
    return Due(kind, before, length, gone, held)


def _in_portions(part: _Kind, before: datetime) -> int:
    gone = 0
    while True:
        with database.reading() as session:
            ids = session.scalars(part.due(before).limit(_PORTION)).all()
        if not ids:
            return gone
        with database.writing() as session:
            still = session.scalars(part.due(before).where(_key_of(part, before).in_(ids))).all()
            if still:
                part.go(session, still, before)
        gone += len(ids)


def _key_of(part: _Kind, before: datetime) -> ColumnElement[int]:
    return part.due(before).selected_columns[0]


def left(kind: str, before: datetime, now: datetime) -> int:
    """How much of a kind is still there that should have gone. (The newest line of the access log stays: the next one
    builds on it.)"""
    with database.reading() as session:
        if kind != "access_log":
            return _count(session, kind, before, now)
        newest = access_log.newest(session)[0]
        old = select(func.count(AccessLine.number)).where(AccessLine.at < before, AccessLine.number != newest)
        return session.scalar(old) or 0


def write_record(session: Session, now: datetime, cause: str, due: Due, remains: str) -> DeletionRecord:
    """Write down that something was deleted, without saying what it was."""
    record = DeletionRecord(
        at=now, cause=cause, kind=due.kind, cutoff_at=due.cutoff_at, deleted=due.count, held=due.held,
        verified=not remains, remains=remains[:300],
    )  # fmt: skip
    session.add(record)
    detail = f"{cause} {due.kind}: {due.count} deleted, {due.held} held" + ("" if not remains else ", not verified")
    access_log.append(session, access_log.THE_HOUSE, "deleted", now, detail=detail)
    return record
