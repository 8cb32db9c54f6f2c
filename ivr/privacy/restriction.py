"""Restriction of processing (Einschränkung der Verarbeitung, Art.

18 GDPR): a task is kept, but neither people nor programs may use it until the restriction is lifted.

Claiming, opening, calling back, reopening, text messages, transcripts, the call queue and deletion check it themselves.
A new call of the same person is their own request and leads to a task of its own.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import workflow
from ivr.domain.enums import TranscriptState
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.voicebox import voicebox


def restrict(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Restrict a task. Nothing happens if it is restricted already."""
    workflow.restrict(session, task, user, now)


def lift(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Lift a restriction. Pending transcripts are planned, and deadlines move by its duration."""
    if task.restricted_at is None:
        return
    workflow.unrestrict(session, task, user, now)
    for message in task.messages:
        recording = message.recording
        if (
            recording is not None
            and recording.transcript is not None
            and recording.transcript.state == TranscriptState.PENDING
        ):
            voicebox.plan_transcript(session, recording)
