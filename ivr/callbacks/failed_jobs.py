"""Work that has failed so often that it needs a person: which task it belongs to, and since when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.domain.enums import WorkKind
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, QueueEntry
from ivr.models.contacts import CALLS_OF_TASKS
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform.work_models import Work


@dataclass(frozen=True)
class Unfinished:
    """A failed job. `error` is the technical message, for the operator."""

    kind: str
    failed_at: datetime
    error: str
    task: CallbackTask | None


#: Kinds of work by what their subject is.
_RECORDINGS = (WorkKind.FETCH_RECORDING, WorkKind.DELETE_AT_CARRIER, WorkKind.DISCARD_RECORDING, WorkKind.TRANSCRIBE)
_MESSAGES = (WorkKind.FIND_RECORDING, WorkKind.ASK_FOR_RECORDING)
_LEGS = (WorkKind.RING_LEG, WorkKind.HANG_UP_LEG, WorkKind.TELL_LEG, WorkKind.RECALL_LEG)
_CONVERSATIONS = (WorkKind.END_ROOM, WorkKind.TELL_NO_INTERPRETER)


def everything(session: Session) -> Sequence[Unfinished]:
    """All failed jobs, the latest first."""
    failed = select(Work).where(Work.done_at.is_(None), Work.failed_at.is_not(None))
    return [
        Unfinished(work.kind, work.failed_at, work.last_error or "", _task_of(session, work))
        for work in session.scalars(failed.order_by(Work.failed_at.desc(), Work.id.desc()).limit(500))
        if work.failed_at is not None
    ]


def of_teams(session: Session, team_ids: Collection[int]) -> Sequence[Unfinished]:
    """Failed jobs of the teams' tasks, and those that belong to no task."""
    return [one for one in everything(session) if one.task is None or one.task.team_id in team_ids]


def by_task(session: Session, tasks: Iterable[CallbackTask]) -> dict[int, list[Unfinished]]:
    """Failed jobs by the ids of their tasks."""
    wanted, found = {task.id for task in tasks}, defaultdict(list)
    for one in everything(session):
        if one.task is not None and one.task.id in wanted:
            found[one.task.id].append(one)
    return dict(found)


def _task_of(session: Session, work: Work) -> CallbackTask | None:
    subject = work.subject_id
    if work.kind in _RECORDINGS and (recording := session.get(Recording, subject)):
        return _of_message(session, recording.message)
    if work.kind in _MESSAGES and (message := session.get(VoiceboxMessage, subject)):
        return _of_message(session, message)
    if work.kind == WorkKind.SEND_TEXT_MESSAGE and (text := session.get(TextMessage, subject)):
        return _of_call(session, text.call_id)
    if work.kind in _LEGS and (leg := session.get(Leg, subject)):
        return leg.conversation.task
    if work.kind in _CONVERSATIONS and (conversation := session.get(Conversation, subject)):
        return conversation.task
    if work.kind == WorkKind.TELL_STILL_LOOKING and (wanted := session.get(InterpreterRequest, subject)):
        conversation = session.get(Conversation, wanted.conversation_id)
        return conversation.task if conversation is not None else None
    if work.kind == WorkKind.BRING_CALLER and (entry := session.get(QueueEntry, subject)):
        return _of_call(session, entry.call_id)
    return None


def _of_message(session: Session, message: VoiceboxMessage) -> CallbackTask | None:
    return message.task or _of_call(session, message.call_id)


def _of_call(session: Session, call_id: int) -> CallbackTask | None:
    theirs = select(CallbackTask).join(CALLS_OF_TASKS, CALLS_OF_TASKS.c.task_id == CallbackTask.id)
    theirs = theirs.where(CALLS_OF_TASKS.c.call_id == call_id)
    return session.scalar(theirs.order_by(CallbackTask.id.desc()).limit(1))
