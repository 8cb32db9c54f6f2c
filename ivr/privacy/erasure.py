"""Erases all data of a person at their request (Art. 17 GDPR), and erases it again after a restore.

The rows of their tasks and calls stay, without personal data, until the metrics of their days are final. Each erasure
leaves an entry outside the database with keyed hashes, from which a restored backup is cleaned.

    deletions/<time>-<random>.json    {"at", "tasks", "calls", "recordings", "numbers"}, signed
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from ivr.audit import anchors
from ivr.callbacks import contacts, task_locks, workflow
from ivr.calls import caller_language, erased_ids
from ivr.domain.enums import CallRowState, ConversationState, LegState, PendingDeletionKind
from ivr.domain.timestamps import iso
from ivr.models.audit import Opening
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.calls import Call, KnownCaller
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, QueueEntry
from ivr.models.contacts import CALLS_OF_TASKS, Contact
from ivr.models.directory import DirectoryEntry
from ivr.models.privacy import LegalHold
from ivr.models.screening import BlockedNumber, FrequentCaller
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import blob_storage, former_keys
from ivr.platform.column_types import rows
from ivr.platform.crypto import Purpose
from ivr.platform.keyed_hash import keyed_hash, keyed_hashes
from ivr.privacy import anonymisation, legal_holds
from ivr.voicebox import audio_store

PREFIX = "deletions/"
_CALLS = CALLS_OF_TASKS.c


class Held(Exception):
    """A legal hold on a task prevents the erasure (Art. 17 (3) e GDPR)."""


class StillTalking(Exception):
    """A call of the person, or a conversation with them, is still going on."""


@dataclass(frozen=True)
class Subject:
    """A person's data, as far as it can be found: ids of tasks and calls, and the number (E.164)."""

    task_ids: tuple[int, ...]
    call_ids: tuple[int, ...]
    number: str | None
    #: Contacts of theirs to tasks about which others have called as well.
    contact_ids: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.task_ids or self.call_ids)


def of_number(session: Session, number: str) -> Subject:
    """All data about a number: its calls, tasks of them or to call it back, and withheld calls of such tasks.

    Calls of other people that led to the same task do not belong to the person.
    """
    calls = set(session.scalars(select(Call.id).where(Call.from_number == number)))
    theirs = select(CallbackTask.id).where(or_(CallbackTask.callback_number == number, CallbackTask.call_id.in_(calls)))
    tasks = set(session.scalars(theirs))
    withheld = select(_CALLS.call_id).join(Call, Call.id == _CALLS.call_id)
    withheld = withheld.where(_CALLS.task_id.in_(tasks), Call.from_number.is_(None))
    return Subject(tuple(sorted(tasks)), tuple(sorted(calls | set(session.scalars(withheld)))), number)


def of_code(session: Session, receipt_code: str) -> Subject:
    """All data about one task; of a task that others have called about as well, what the one contact has brought."""
    contact = contacts.by_code(session, receipt_code)
    if contact is None:
        return Subject((), (), None)
    task = contact.task
    if len(task.contacts) > 1:
        theirs = (contact.call_id, *(later.call_id for later in contact.later_calls))
        return Subject((), tuple(sorted(theirs)), None, (contact.id,))
    calls = session.scalars(select(_CALLS.call_id).where(_CALLS.task_id == task.id))
    return Subject((task.id,), tuple(sorted({*calls, task.call_id})), None)


def others_contacts(session: Session, subject: Subject) -> Sequence[int]:
    """Ids of contacts of other people to tasks of the person."""
    several = select(Contact.task_id).where(Contact.task_id.in_(subject.task_ids))
    several = several.group_by(Contact.task_id).having(func.count() > 1)
    others = select(Contact.id).where(Contact.task_id.in_(several), Contact.call_id.not_in(subject.call_ids))
    return session.scalars(others).all()


def is_shared(session: Session, subject: Subject) -> bool:
    """Whether others have called about a task of the person, so that it is split before it is erased."""
    return bool(subject.contact_ids) or bool(others_contacts(session, subject))


def messages_of(session: Session, subject: Subject) -> Sequence[VoiceboxMessage]:
    """The messages of the person's tasks, and those of their calls that belong to no task; none of other people's."""
    others = VoiceboxMessage.contact_id.in_(others_contacts(session, subject))
    own = VoiceboxMessage.task_id.in_(subject.task_ids) & or_(VoiceboxMessage.contact_id.is_(None), ~others)
    bare = VoiceboxMessage.task_id.is_(None) & VoiceboxMessage.call_id.in_(subject.call_ids)
    brought = VoiceboxMessage.contact_id.in_(subject.contact_ids)
    return session.scalars(select(VoiceboxMessage).where(or_(own, bare, brought)).order_by(VoiceboxMessage.id)).all()


def texts_of(subject: Subject) -> ColumnElement[bool]:
    """The text messages that the person requested or received."""
    asked = TextMessage.call_id.in_(subject.call_ids)
    return or_(asked, TextMessage.to_number == subject.number) if subject.number else asked


def erase(session: Session, subject: Subject, now: datetime) -> dict[str, int]:
    """Erase all data of a person, and write the entry that allows it again. Returns the numbers of erased rows.

    Raises:
        Held, StillTalking: nothing was erased.
        OSError: the audio store did not take the entry; nothing was erased.
    """
    if legal_holds.held_among(session, subject.task_ids):
        raise Held
    if _talk(session, subject):
        raise StillTalking
    tasks = task_locks.of_ids(session, subject.task_ids)
    calls = session.scalars(select(Call).where(Call.id.in_(subject.call_ids))).all()
    messages = [message.id for message in messages_of(session, subject)]
    recordings = session.scalars(select(Recording.recording_sid).where(Recording.message_id.in_(messages))).all()
    numbers = {*_numbers_of_no_other_call(session, calls), *([subject.number] if subject.number else [])}
    remembered = [one for number in numbers for one in caller_language.number_hashes(number)]
    _note_down(tasks, calls, recordings, subject.number, remembered, now)
    talks = session.scalars(select(Conversation.id).where(_theirs(subject))).all()
    anonymisation.messages(session, messages)
    anonymisation.texts(session, texts_of(subject))
    anonymisation.call_numbers(session, subject.call_ids)
    anonymisation.leg_numbers(session, talks)
    anonymisation.notes(session, talks)
    _take_ids_away(session, tasks, calls, talks, now)
    anonymisation.words(session, subject.task_ids)
    anonymisation.names(session, subject.task_ids)
    session.execute(delete(Opening).where(Opening.task_id.in_(subject.task_ids)))
    if subject.number:
        _forget_number(session, subject.number, now, now)
    session.execute(delete(KnownCaller).where(KnownCaller.number_hash.in_(remembered)))
    return {"tasks": len(tasks), "calls": len(calls), "recordings": len(recordings)}


def _theirs(subject: Subject) -> ColumnElement[bool]:
    """The condition for conversations with the person."""
    entries = select(QueueEntry.id).where(QueueEntry.call_id.in_(subject.call_ids))
    return Conversation.task_id.in_(subject.task_ids) | Conversation.entry_id.in_(entries)


def _numbers_of_no_other_call(session: Session, calls: Sequence[Call]) -> set[str]:
    """Numbers all of whose calls are erased. The remembered language belongs to such a number."""
    numbers = {call.from_number for call in calls if call.from_number}
    others = select(Call.from_number).where(Call.from_number.in_(numbers), Call.id.not_in([call.id for call in calls]))
    return numbers - set(session.scalars(others))


def _talk(session: Session, subject: Subject) -> bool:
    calls = select(Call.id).where(Call.id.in_(subject.call_ids), Call.state != CallRowState.ENDED)
    conversations = select(Conversation.id).where(_theirs(subject), Conversation.state != ConversationState.ENDED)
    queries = [calls, conversations]
    if subject.number:
        queries.append(
            select(Leg.id).where(Leg.number == subject.number, anonymisation.THEIR_LEGS, Leg.state != LegState.ENDED)
        )
    return any(session.scalar(query.limit(1)) for query in queries)


def _take_ids_away(
    session: Session, tasks: Sequence[CallbackTask], calls: Sequence[Call], talks: Sequence[int], now: datetime
) -> None:
    """Give the remaining rows random ids that nobody has seen."""
    for task in tasks:
        workflow.withdraw(session, task, now)
        task.restricted_at, task.erased_at = None, now
        for contact in task.contacts:
            first = contacts.is_first(contact, task)
            contact.receipt_code = f"X{secrets.token_hex(4)}"[:8].upper()
            task.receipt_code = contact.receipt_code if first else task.receipt_code
    for call in calls:
        call.call_sid = f"{erased_ids.ERASED}{secrets.token_hex(12)}"
    for leg in session.scalars(select(Leg).where(Leg.conversation_id.in_(talks), anonymisation.THEIR_LEGS)):
        leg.call_sid = f"{erased_ids.ERASED}{secrets.token_hex(12)}"
    session.flush()


def _forget_number(session: Session, number: str, before: datetime, now: datetime) -> int:
    """Erase the rows that are stored under a number only and are older than an instant. Returns their number."""
    over = func.coalesce(BlockedNumber.lifted_at, BlockedNumber.until_at) < now
    kept = select(_CALLS.call_id).where(_CALLS.task_id.in_(legal_holds.held_task_ids()))
    old = select(Call.id).where(Call.started_at <= before, Call.id.not_in(kept))
    texts = (TextMessage.to_number == number) & TextMessage.call_id.in_(old)
    count = session.scalar(select(func.count(TextMessage.id)).where(texts)) or 0
    anonymisation.texts(session, texts)
    for statement in (
        delete(FrequentCaller).where(FrequentCaller.number == number, FrequentCaller.last_at <= before),
        *anonymisation.of_interpreter(number, before),
        delete(BlockedNumber).where(BlockedNumber.number == number, BlockedNumber.blocked_at <= before, over),
        update(Leg).where(Leg.number == number, anonymisation.THEIR_LEGS, Leg.created_at <= before).values(number=None),
        update(InterpreterRequest)
        .where(InterpreterRequest.number == number, InterpreterRequest.requested_at <= before)
        .values(number=None),
    ):
        count += rows(session.execute(statement))
    return count


# -- after a restore --------------------------------------------------------------------------------


def _hidden(what: str) -> str:
    return keyed_hash(Purpose.ERASED, what)


def _erased_at(erased: Mapping[str, datetime], what: str) -> datetime | None:
    """The instant of an erasure, whichever key it was written down with."""
    return next((erased[one] for one in keyed_hashes(Purpose.ERASED, what) if one in erased), None)


def _note_down(
    tasks: Sequence[CallbackTask], calls: Sequence[Call], sids: Iterable[str], number: str | None,
    remembered: Iterable[str], now: datetime,
) -> None:  # fmt: skip
    content = anchors.sign(
        {
            "at": iso(now),
            "tasks": [_hidden(f"{task.receipt_code} {task.call.call_sid}") for task in tasks],
            "calls": [_hidden(call.call_sid) for call in calls],
            "recordings": [_hidden(sid) for sid in sids],
            "numbers": [_hidden(one) for one in (*([number] if number else []), *remembered)],
        }
    )
    name = f"{PREFIX}{now:%Y%m%dT%H%M%SZ}-{os.urandom(4).hex()}.json"
    blob_storage.store().put(name, json.dumps(content).encode())


class Unreadable(Exception):
    """Entries of erasures that cannot be used: changed, or signed with an unknown key. The message lists them."""


def replay(session: Session, now: datetime) -> dict[str, int]:
    """Erase again what was erased after the restored backup was made. Returns the numbers of erased rows.

    Recordings that came back into the audio store are erased too. Tasks with a legal hold that is newer than the
    erasure are kept, and so is everything that the person did after it.

    Raises:
        OSError: the audio store does not answer.
        Unreadable: an entry could not be used. The data of all other entries is erased.
    """
    former_keys.forget_read()  # the restored database may have other keys
    erased, unreadable = _entries()
    tasks = {
        task_id: at
        for task_id, code, call_sid in session.execute(
            select(CallbackTask.id, CallbackTask.receipt_code, Call.call_sid).join(Call, CallbackTask.call)
        )
        if (at := _erased_at(erased, f"{code} {call_sid}"))
    }
    call_ids = [
        call_id for call_id, call_sid in session.execute(select(Call.id, Call.call_sid)) if _erased_at(erased, call_sid)
    ]
    held = _held_since(session, tasks, now)
    kept = set(
        session.scalars(select(Recording.recording_sid).join(VoiceboxMessage).where(VoiceboxMessage.task_id.in_(held)))
    )
    for sid in list(audio_store.recordings()):
        if _erased_at(erased, sid) and sid not in kept:
            erased_ids.plan_external_deletion(session, PendingDeletionKind.AUDIO, sid)
    spared = set(session.scalars(select(_CALLS.call_id).where(_CALLS.task_id.in_(held))))
    subject = Subject(
        tuple(task_id for task_id in tasks if task_id not in held),
        tuple(call_id for call_id in call_ids if call_id not in spared),
        None,
    )
    _over_long_ago(session, subject)
    counts = erase(session, subject, now) if subject else {"tasks": 0, "calls": 0, "recordings": 0}
    counts["traces"] = 0
    for number in _numbers(session):
        if erased_at := _erased_at(erased, number):
            counts["traces"] += _forget_number(session, number, erased_at, now)
    for known in session.scalars(select(KnownCaller)).all():
        if (erased_at := _erased_at(erased, known.number_hash)) and known.last_called_at <= erased_at:
            session.delete(known)
            counts["traces"] += 1
    if unreadable:
        raise Unreadable(", ".join(unreadable))
    return counts


def _over_long_ago(session: Session, subject: Subject) -> None:
    """End the calls and conversations that were going on when the backup was made."""
    session.execute(update(Call).where(Call.id.in_(subject.call_ids)).values(state=CallRowState.ENDED))
    talks = session.scalars(select(Conversation.id).where(_theirs(subject))).all()
    session.execute(update(Conversation).where(Conversation.id.in_(talks)).values(state=ConversationState.ENDED))
    session.execute(update(Leg).where(Leg.conversation_id.in_(talks)).values(state=LegState.ENDED))


def _held_since(session: Session, tasks: Mapping[int, datetime], now: datetime) -> set[int]:
    """Of the erased tasks, those with a legal hold that is newer than the erasure.

    An older hold had been lifted before the erasure, which the backup does not know. It is lifted again.
    """
    held = set()
    lying = select(LegalHold).where(LegalHold.task_id.in_(tasks), LegalHold.lifted_at.is_(None))
    for hold in session.scalars(lying).all():
        if hold.placed_at > tasks[hold.task_id]:
            held.add(hold.task_id)
        else:
            hold.lifted_at = now
    session.flush()
    return held


def _entries() -> tuple[dict[str, datetime], list[str]]:
    """The keyed hashes of all erasures with the latest instant of each, and the entries that cannot be read."""
    found: dict[str, datetime] = {}
    unreadable = []
    for name in sorted(blob_storage.store().names(PREFIX)):  # by time
        try:
            content = json.loads(blob_storage.store().get(name))
        except (blob_storage.Missing, ValueError):
            content = {}
        signature = anchors.signature_of(content)
        if not signature.ours:
            unreadable.append(f"{name} ({signature.value})")
            continue
        at = datetime.fromisoformat(content["at"])
        for kind in ("tasks", "calls", "recordings", "numbers"):
            found.update(dict.fromkeys(content.get(kind, ()), at))
    return found, unreadable


def _numbers(session: Session) -> set[str]:
    columns = (
        FrequentCaller.number, BlockedNumber.number, TextMessage.to_number, InterpreterRequest.number, Leg.number,
        DirectoryEntry.number,
    )  # fmt: skip
    return {str(number) for column in columns for number in session.scalars(select(column).where(column.is_not(None)))}
