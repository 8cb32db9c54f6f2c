"""Restriction of use (Einschränkung der Verarbeitung, Art. 18 GDPR): a task is kept, and neither people nor machines
do anything with it until the restriction is lifted. Its promises stand still meanwhile.

Claiming, opening, calling back, reopening, text messages, transcripts, the line and deletion look at it themselves. A
new call of the same person is their own wish, and leads to a task of its own.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import sla_clocks
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, TaskEvent
from ivr.voicebox import voicebox


def restrict(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Nobody uses it from now on. Twice is once."""
    if task.restricted_at is None:
        sla_clocks.stop(session, task.id, now)
        task.restricted_at = now
        session.add(TaskEvent(task_id=task.id, user_id=user.id, at=now, kind="restricted"))


def lift(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """It is used again: what was left lying is taken up, and deadlines are later by as long as it lay."""
    if task.restricted_at is None:
        return
    sla_clocks.go_on(session, task, task.restricted_at, now)
    task.restricted_at = None
    session.add(TaskEvent(task_id=task.id, user_id=user.id, at=now, kind="unrestricted"))
    for message in task.messages:
        recording = message.recording
        if recording is not None and recording.transcript is not None and recording.transcript.state == "pending":
            voicebox.plan_transcript(session, recording)
