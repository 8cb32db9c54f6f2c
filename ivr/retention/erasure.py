"""Destroys all that is a person's, at their wish (Art. 17 GDPR), and does it again after a restore.

What is left of a task or call names nobody: it is counted until the figures of its days are final, and then goes too.
Each erasure leaves an entry outside the database: keyed hashes of what was erased, from which a restored backup is
cleaned again.

    deletions/<time>-<random>.json    {"at", "tasks", "calls", "recordings", "numbers"}, sealed
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from ivr import audio_store, known_callers, objects, promises
from ivr.access import kept_heads
from ivr.access.models import Opening
from ivr.configuration import settings
from ivr.instants import iso
from ivr.live.models import BlockedNumber, Conversation, FrequentCaller, InterpreterRequest, Leg, LineEntry
from ivr.models import (
    AppointmentWish,
    Call,
    CallbackTask,
    Contact,
    Draft,
    KnownCaller,
    PostalOrder,
    Recording,
    SearchWord,
    TaskEvent,
    TextMessage,
    Transcript,
    VoiceboxMessage,
)
from ivr.retention import holds
from ivr.retention.deletion import at_carrier, drop_work

PREFIX = "deletions/"


class Held(Exception):
    """A legal hold lies on a task (Art. 17 (3) e GDPR)."""


class StillTalking(Exception):
    """A call of theirs is not over yet."""


@dataclass(frozen=True)
class Subject:
    """Whose data it is, as far as it can be found: their tasks and calls (ids), and their number (E.164)."""

    task_ids: tuple[int, ...]
    call_ids: tuple[int, ...]
    number: str | None

    def __bool__(self) -> bool:
        return bool(self.task_ids or self.call_ids)


def of_number(session: Session, number: str) -> Subject:
    """All about a number: calls from it, tasks to call it back or of these calls, and the calls of such tasks whose
    number was withheld. What others said in calls of their own is not theirs, though it led to the same number."""
    calls = set(session.scalars(select(Call.id).where(Call.from_number == number)))
    theirs = select(CallbackTask.id).where(or_(CallbackTask.callback_number == number, CallbackTask.call_id.in_(calls)))
    tasks = set(session.scalars(theirs))
    withheld = select(Contact.call_id).join(Call).where(Contact.task_id.in_(tasks), Call.from_number.is_(None))
    return Subject(tuple(sorted(tasks)), tuple(sorted(calls | set(session.scalars(withheld)))), number)


def of_code(session: Session, receipt_code: str) -> Subject:
    """All about one task."""
    task = session.scalar(select(CallbackTask).where(CallbackTask.receipt_code == receipt_code))
    if task is None:
        return Subject((), (), None)
    calls = session.scalars(select(Contact.call_id).where(Contact.task_id == task.id))
    return Subject((task.id,), tuple(sorted({*calls, task.call_id})), None)


def messages_of(session: Session, subject: Subject) -> Sequence[VoiceboxMessage]:
    """Messages of their tasks, and of their calls as far as these belong to nobody else's task."""
    own = VoiceboxMessage.task_id.in_(subject.task_ids)
    bare = VoiceboxMessage.task_id.is_(None) & VoiceboxMessage.call_id.in_(subject.call_ids)
    return session.scalars(select(VoiceboxMessage).where(or_(own, bare)).order_by(VoiceboxMessage.id)).all()


def texts_of(subject: Subject) -> ColumnElement[bool]:
    """Text messages they have asked for, or got."""
    asked = TextMessage.call_id.in_(subject.call_ids)
    return or_(asked, TextMessage.to_number == subject.number) if subject.number else asked


def check_holds(session: Session, subject: Subject) -> None:
    """Raises :class:`Held` while a hold lies on one of their tasks."""
    if holds.lies_on(session, subject.task_ids):
        raise Held


def erase(session: Session, subject: Subject, now: datetime) -> dict[str, int]:
    """Destroy everything that is theirs, and note down how to do it again; gives how much it was.

    Raises:
        Held, StillTalking: nothing was destroyed.
        OSError: the audio store is away; nothing is lost, do it again.
    """
    check_holds(session, subject)
    if session.scalar(select(Call.id).where(Call.id.in_(subject.call_ids), Call.state != "ended").limit(1)):
        raise StillTalking
    tasks = session.scalars(select(CallbackTask).where(CallbackTask.id.in_(subject.task_ids)).with_for_update()).all()
    calls = session.scalars(select(Call).where(Call.id.in_(subject.call_ids))).all()
    messages = messages_of(session, subject)
    recordings = session.scalars(
        select(Recording).where(Recording.message_id.in_([message.id for message in messages]))
    ).all()
    sids = [recording.recording_sid for recording in recordings]
    _note_down(tasks, calls, sids, subject.number, now)
    for sid in sids:
        audio_store.delete(sid)
        at_carrier(session, "recording", sid)
    _destroy_messages(session, [message.id for message in messages], [recording.id for recording in recordings])
    _destroy_texts(session, subject)
    _destroy_calls(session, calls)
    _destroy_tasks(session, tasks, now)
    if subject.number:
        _forget_number(session, subject.number, now)
    session.flush()
    return {"tasks": len(tasks), "calls": len(calls), "recordings": len(sids)}


def _destroy_messages(session: Session, message_ids: Sequence[int], recording_ids: Sequence[int]) -> None:
    drop_work(session, Recording, recording_ids)
    drop_work(session, VoiceboxMessage, message_ids)
    session.execute(delete(Transcript).where(Transcript.recording_id.in_(recording_ids)))
    session.execute(delete(Recording).where(Recording.id.in_(recording_ids)))
    session.execute(delete(VoiceboxMessage).where(VoiceboxMessage.id.in_(message_ids)))


def _destroy_texts(session: Session, subject: Subject) -> None:
    texts = session.execute(select(TextMessage.id, TextMessage.message_sid).where(texts_of(subject))).all()
    for text in texts:
        if text.message_sid:
            at_carrier(session, "message", text.message_sid)
    ids = [text.id for text in texts]
    drop_work(session, TextMessage, ids)
    session.execute(delete(TextMessage).where(TextMessage.id.in_(ids)))


def _destroy_calls(session: Session, calls: Sequence[Call]) -> None:
    ids = [call.id for call in calls]
    entries = session.scalars(select(LineEntry.id).where(LineEntry.call_id.in_(ids))).all()
    session.execute(update(LineEntry).where(LineEntry.id.in_(entries)).values(resume=""))
    conversations = select(Conversation.id).where(Conversation.entry_id.in_(entries))
    _destroy_numbers(session, session.scalars(conversations).all())
    for call in calls:
        if not call.call_sid.startswith("erased-"):
            at_carrier(session, "call", call.call_sid)
            call.call_sid = f"erased-{secrets.token_hex(12)}"
        call.from_number = None


def _destroy_numbers(session: Session, conversation_ids: Sequence[int]) -> None:
    theirs = (Leg.conversation_id.in_(conversation_ids), Leg.role.in_(("caller", "companion")))
    for leg in session.scalars(select(Leg).where(*theirs)):
        if leg.call_sid and not leg.call_sid.startswith("erased-"):
            at_carrier(session, "call", leg.call_sid)
            leg.call_sid = f"erased-{leg.id}-{secrets.token_hex(8)}"
        leg.number = None
    asked = update(InterpreterRequest).where(InterpreterRequest.conversation_id.in_(conversation_ids))
    session.execute(asked.values(number=None))


def _destroy_tasks(session: Session, tasks: Sequence[CallbackTask], now: datetime) -> None:
    ids = [task.id for task in tasks]
    for task in tasks:
        promises.withdraw(session, task, now)
        task.callback_number = task.caller_name = None
        task.urgency_words, task.restricted_at, task.erased_at = None, None, now
        task.receipt_code = f"X{secrets.token_hex(4)}"[:8].upper()
    session.execute(update(TaskEvent).where(TaskEvent.task_id.in_(ids)).values(text=None))
    for table in (Draft, SearchWord, Opening):
        session.execute(delete(table).where(table.task_id.in_(ids)))
    session.execute(update(PostalOrder).where(PostalOrder.task_id.in_(ids)).values(customer_number=None))
    session.execute(update(AppointmentWish).where(AppointmentWish.task_id.in_(ids)).values(place=None))
    _destroy_numbers(session, session.scalars(select(Conversation.id).where(Conversation.task_id.in_(ids))).all())


def _forget_number(session: Session, number: str, now: datetime) -> None:
    session.execute(delete(KnownCaller).where(KnownCaller.number_hash == known_callers.number_hash(number)))
    session.execute(delete(FrequentCaller).where(FrequentCaller.number == number))
    over = func.coalesce(BlockedNumber.lifted_at, BlockedNumber.until_at) < now
    session.execute(delete(BlockedNumber).where(BlockedNumber.number == number, over))
    companions = (Leg.number == number, Leg.role.in_(("caller", "companion")), Leg.state == "ended")
    session.execute(update(Leg).where(*companions).values(number=None))
    asked = update(InterpreterRequest).where(InterpreterRequest.number == number)
    session.execute(asked.values(number=None))


# -- after a restore --------------------------------------------------------------------------------


def _hidden(what: str) -> str:
    key = hashlib.sha256(b"erased:" + settings().secret.encode()).digest()
    return hmac.new(key, what.encode(), hashlib.sha256).hexdigest()[:32]


def _note_down(
    tasks: Sequence[CallbackTask], calls: Sequence[Call], sids: Iterable[str], number: str | None, now: datetime
) -> None:
    content = kept_heads.seal(
        {
            "at": iso(now),
            "tasks": [_hidden(f"{task.receipt_code} {task.call.call_sid}") for task in tasks],
            "calls": [_hidden(call.call_sid) for call in calls],
            "recordings": [_hidden(sid) for sid in sids],
            "numbers": [_hidden(number), _hidden(known_callers.number_hash(number))] if number else [],
        }
    )
    name = f"{PREFIX}{now:%Y%m%dT%H%M%SZ}-{os.urandom(4).hex()}.json"
    objects.store().put(name, json.dumps(content).encode())


class Unreadable(Exception):
    """Entries of what was erased that cannot be read or were not sealed by this house; the message names them."""


def replay(session: Session, now: datetime) -> dict[str, int]:
    """Erase again what a restored database has and was erased after the backup; gives how much it was. Recordings that
    came back into the audio store go as well. What a hold lies on stays.

    Raises:
        OSError: the audio store is away.
        Unreadable: an entry could not be used; what the others name is erased.
    """
    entries, unreadable = _entries()
    found = Subject(
        tuple(
            task_id
            for task_id, code, call_sid in session.execute(
                select(CallbackTask.id, CallbackTask.receipt_code, Call.call_sid).join(Call, CallbackTask.call)
            )
            if _hidden(f"{code} {call_sid}") in entries["tasks"]
        ),
        tuple(
            call_id
            for call_id, call_sid in session.execute(select(Call.id, Call.call_sid))
            if _hidden(call_sid) in entries["calls"]
        ),
        None,
    )
    held = holds.lies_on(session, found.task_ids)
    kept = set(
        session.scalars(select(Recording.recording_sid).join(VoiceboxMessage).where(VoiceboxMessage.task_id.in_(held)))
    )
    for sid in list(audio_store.recordings()):
        if _hidden(sid) in entries["recordings"] and sid not in kept:
            audio_store.delete(sid)
    spared = set(session.scalars(select(Contact.call_id).where(Contact.task_id.in_(held))))
    subject = Subject(
        tuple(i for i in found.task_ids if i not in held), tuple(i for i in found.call_ids if i not in spared), None
    )
    session.execute(update(Call).where(Call.id.in_(subject.call_ids)).values(state="ended"))
    counts = erase(session, subject, now) if subject else {"tasks": 0, "calls": 0, "recordings": 0}
    for number in _numbers(session):
        if _hidden(number) in entries["numbers"]:
            _forget_number(session, number, now)
    for number_hash in session.scalars(select(KnownCaller.number_hash)).all():
        if _hidden(number_hash) in entries["numbers"]:
            session.execute(delete(KnownCaller).where(KnownCaller.number_hash == number_hash))
    if unreadable:
        raise Unreadable(", ".join(unreadable))
    return counts


def _entries() -> tuple[dict[str, set[str]], list[str]]:
    found: dict[str, set[str]] = {"tasks": set(), "calls": set(), "recordings": set(), "numbers": set()}
    unreadable = []
    for name in list(objects.store().names(PREFIX)):
        try:
            content = json.loads(objects.store().get(name))
        except (objects.Missing, ValueError):
            content = {}
        if kept_heads.sealed(content) != "yes":
            unreadable.append(name)
            continue
        for kind, known in found.items():
            known.update(content.get(kind, ()))
    return found, unreadable


def _numbers(session: Session) -> set[str]:
    return {*session.scalars(select(FrequentCaller.number)), *session.scalars(select(BlockedNumber.number))}
