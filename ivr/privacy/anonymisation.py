"""Anonymises and deletes callers' data: rows here, and a plan for the audio store and the carrier.

:mod:`ivr.privacy.nightly_job` executes the plan after the commit. So nothing is deleted without a commit, and no
transaction waits for the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Delete, Update, delete, or_, select, update
from sqlalchemy.orm import Session

from ivr.callbacks import search_index
from ivr.calls.erased_ids import _WORK_OF, plan_external_deletion
from ivr.domain.enums import LegRole, PendingDeletionKind, RecordingState, TaskEventKind
from ivr.models.bookings import InterpreterBooking
from ivr.models.callbacks import AppointmentWish, Attempt, CallbackTask, PostalOrder, TaskEvent, TextMessage
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, ConversationWord, InterpreterRequest, Leg, QueueEntry
from ivr.models.contacts import Contact
from ivr.models.desk import Draft
from ivr.models.directory import DirectoryEntry
from ivr.models.identities import ProvenIdentity
from ivr.models.incidents import Incident
from ivr.models.merges import Merge
from ivr.models.privacy import LegalHold
from ivr.models.representatives import Representative
from ivr.models.screening import BlockedNumber
from ivr.models.sla import SlaPause
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage
from ivr.platform.orm import Base
from ivr.platform.work_models import Work

#: Kinds of events whose text was written by a person or said by the caller.
WRITTEN = (
    TaskEventKind.NOTED,
    TaskEventKind.NAMED,
    TaskEventKind.HANDED_OVER,
    TaskEventKind.RAISED,
    TaskEventKind.DANGER_RAISED,
    TaskEventKind.TEXT_SENT,
    TaskEventKind.DISCLOSURE_REFUSED,
)
#: Legs that are not members'.
THEIR_LEGS = Leg.role.in_((LegRole.CALLER, LegRole.COMPANION))


def audio(session: Session, recording_ids: Sequence[int]) -> None:
    """Delete the audio of recordings, its key first. The rows remain."""
    for recording in session.scalars(select(Recording).where(Recording.id.in_(recording_ids))):
        plan_external_deletion(session, PendingDeletionKind.AUDIO, recording.recording_sid)
        if recording.carrier_deleted_at is None:
            plan_external_deletion(session, PendingDeletionKind.RECORDING, recording.recording_sid)
        recording.state, recording.audio_sha256, recording.audio_bytes = RecordingState.DELETED, None, None
    _drop_work(session, Recording, recording_ids)
    session.flush()


def messages(session: Session, message_ids: Sequence[int]) -> None:
    """Delete messages with their audio and transcripts."""
    recordings = session.scalars(select(Recording.id).where(Recording.message_id.in_(message_ids))).all()
    audio(session, recordings)
    of_tasks = select(VoiceboxMessage.task_id).where(VoiceboxMessage.id.in_(message_ids)).distinct()
    tasks = session.scalars(of_tasks).all()
    _drop_work(session, VoiceboxMessage, message_ids)
    session.execute(delete(Transcript).where(Transcript.recording_id.in_(recordings)))
    session.execute(delete(Recording).where(Recording.id.in_(recordings)))
    session.execute(delete(VoiceboxMessage).where(VoiceboxMessage.id.in_(message_ids)))
    _index(session, [task_id for task_id in tasks if task_id is not None])


def words(session: Session, task_ids: Sequence[int]) -> None:
    """Delete all written text about tasks."""
    texts = update(TaskEvent).where(TaskEvent.task_id.in_(task_ids), TaskEvent.kind.in_(WRITTEN))
    session.execute(texts.values(text=None))
    session.execute(delete(Draft).where(Draft.task_id.in_(task_ids)))
    heard = update(CallbackTask).where(CallbackTask.id.in_(task_ids))
    session.execute(heard.values(urgency_words=None, danger_words=None))
    merges(session, task_ids)
    _index(session, task_ids)


def names(session: Session, task_ids: Sequence[int]) -> None:
    """Delete number, name, customer number, place and representatives of tasks, and the reasons of lifted holds."""
    theirs = update(CallbackTask).where(CallbackTask.id.in_(task_ids))
    session.execute(theirs.values(callback_number=None, caller_name=None))
    merges(session, task_ids)
    session.execute(update(PostalOrder).where(PostalOrder.task_id.in_(task_ids)).values(customer_number=None))
    session.execute(update(AppointmentWish).where(AppointmentWish.task_id.in_(task_ids)).values(place=None))
    session.execute(delete(ProvenIdentity).where(ProvenIdentity.task_id.in_(task_ids)))
    session.execute(delete(Representative).where(Representative.task_id.in_(task_ids)))
    named = update(TaskEvent).where(TaskEvent.task_id.in_(task_ids), TaskEvent.kind == TaskEventKind.NAMED)
    session.execute(named.values(text=None))
    lifted = update(LegalHold).where(LegalHold.task_id.in_(task_ids), LegalHold.lifted_at.is_not(None))
    session.execute(lifted.values(reason=""))
    for message in session.scalars(select(VoiceboxMessage).where(VoiceboxMessage.task_id.in_(task_ids))):
        message.about = _without_customer_number(message.about)
    theirs = update(Contact).where(Contact.task_id.in_(task_ids))
    session.execute(theirs.values(callback_number=None, changed_number_from=None))
    for contact in session.scalars(select(Contact).where(Contact.task_id.in_(task_ids))):
        contact.about = _without_customer_number(contact.about)
    _index(session, task_ids)


def merges(session: Session, task_ids: Sequence[int]) -> None:
    """Delete how merged tasks were before. The merges cannot be undone any more."""
    session.execute(delete(Merge).where(or_(Merge.task_id.in_(task_ids), Merge.merged_id.in_(task_ids))))


def _without_customer_number(about: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in about.items() if key != "customer_number"}


def texts(session: Session, which: ColumnElement[bool]) -> None:
    """Delete text messages here, and plan it at the carrier."""
    found = session.execute(select(TextMessage.id, TextMessage.message_sid).where(which)).all()
    for text in found:
        if text.message_sid:
            plan_external_deletion(session, PendingDeletionKind.MESSAGE, text.message_sid)
    ids = [text.id for text in found]
    _drop_work(session, TextMessage, ids)
    session.execute(delete(TextMessage).where(TextMessage.id.in_(ids)))


def call_numbers(session: Session, call_ids: Sequence[int]) -> None:
    """Delete the numbers of calls here, and plan the deletion of the calls at the carrier."""
    for call_sid in session.scalars(select(Call.call_sid).where(Call.id.in_(call_ids))):
        plan_external_deletion(session, PendingDeletionKind.CALL, call_sid)
    texts(session, TextMessage.call_id.in_(call_ids))
    shown = select(Contact.task_id).join(Call).where(Call.id.in_(call_ids), Call.from_number.is_not(None))
    found_by_them = session.scalars(shown.distinct()).all()
    session.execute(update(Call).where(Call.id.in_(call_ids)).values(from_number=None, shown_as=""))
    session.execute(update(QueueEntry).where(QueueEntry.call_id.in_(call_ids)).values(resume=""))
    _index(session, found_by_them)


def leg_numbers(session: Session, conversation_ids: Sequence[int]) -> None:
    """Delete the numbers of callers and companions in conversations, and plan their calls' deletion at the carrier."""
    theirs = (Leg.conversation_id.in_(conversation_ids), THEIR_LEGS)
    for call_sid in session.scalars(select(Leg.call_sid).where(*theirs, Leg.call_sid.is_not(None))):
        plan_external_deletion(session, PendingDeletionKind.CALL, str(call_sid))
    session.execute(update(Leg).where(*theirs).values(number=None))
    asked = update(InterpreterRequest).where(InterpreterRequest.conversation_id.in_(conversation_ids))
    session.execute(asked.values(number=None))


def of_interpreter(number: str, before: datetime) -> tuple[Delete, Update]:
    """The statements that forget somebody who interprets, by their number."""
    return (
        delete(DirectoryEntry).where(DirectoryEntry.number == number, DirectoryEntry.changed_at <= before),
        update(InterpreterBooking)
        .where(InterpreterBooking.number == number, InterpreterBooking.booked_at <= before)
        .values(number="", name=""),
    )


def notes(session: Session, conversation_ids: Sequence[int]) -> None:
    """Delete what members have written down about conversations."""
    session.execute(delete(ConversationWord).where(ConversationWord.conversation_id.in_(conversation_ids)))
    session.execute(update(Conversation).where(Conversation.id.in_(conversation_ids)).values(note=None))
    session.execute(update(Leg).where(Leg.conversation_id.in_(conversation_ids)).values(note=None))


def blocks(session: Session, block_ids: Sequence[int]) -> None:
    """Delete blocked numbers."""
    session.execute(delete(BlockedNumber).where(BlockedNumber.id.in_(block_ids)))


def incidents(session: Session, incident_ids: Sequence[int]) -> None:
    """Delete the evidence of insults and threats."""
    session.execute(delete(Incident).where(Incident.id.in_(incident_ids)))


def tasks(session: Session, task_ids: Sequence[int]) -> None:
    """Delete tasks with all that belongs to them."""
    messages(session, session.scalars(select(VoiceboxMessage.id).where(VoiceboxMessage.task_id.in_(task_ids))).all())
    session.execute(delete(LegalHold).where(LegalHold.task_id.in_(task_ids), LegalHold.lifted_at.is_not(None)))
    session.execute(delete(Attempt).where(Attempt.task_id.in_(task_ids)))
    session.execute(delete(SlaPause).where(SlaPause.task_id.in_(task_ids)))
    merged = select(CallbackTask.merged_into_id).where(CallbackTask.id.in_(task_ids))
    found_by_them = session.scalars(merged.where(CallbackTask.merged_into_id.is_not(None)).distinct()).all()
    session.execute(delete(CallbackTask).where(CallbackTask.id.in_(task_ids)))
    _index(session, [task_id for task_id in found_by_them if task_id is not None])


def calls(session: Session, call_ids: Sequence[int]) -> None:
    """Delete calls with all that belongs to them."""
    call_numbers(session, call_ids)
    messages(session, session.scalars(select(VoiceboxMessage.id).where(VoiceboxMessage.call_id.in_(call_ids))).all())
    session.execute(delete(Call).where(Call.id.in_(call_ids)))


def conversations(session: Session, conversation_ids: Sequence[int]) -> None:
    """Delete conversations with their legs."""
    leg_numbers(session, conversation_ids)
    session.execute(delete(Conversation).where(Conversation.id.in_(conversation_ids)))


def _index(session: Session, task_ids: Sequence[int]) -> None:
    session.flush()
    session.expire_all()
    for task in session.scalars(select(CallbackTask).where(CallbackTask.id.in_(task_ids))):
        search_index.index(session, task)


def _drop_work(session: Session, table: type[Base], ids: Sequence[int]) -> None:
    session.execute(delete(Work).where(Work.kind.in_(_WORK_OF[table]), Work.subject_id.in_(ids)))
