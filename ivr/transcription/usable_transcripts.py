"""Finds the transcript of a stored message that jobs after the first transcript may use."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from ivr.domain.enums import RecordingState
from ivr.models.voicebox import Recording, Transcript


def of_recording(session: Session, recording_id: int) -> Transcript | None:
    """The transcript with its recording and message; None where the task is gone or restricted (Art. 18 GDPR)."""
    wanted = (
        select(Transcript)
        .join(Recording, Recording.id == Transcript.recording_id)
        .where(Transcript.recording_id == recording_id, Recording.state == RecordingState.STORED)
        .options(joinedload(Transcript.recording).joinedload(Recording.message))
    )
    found = session.scalar(wanted)
    task = found.recording.message.task if found is not None else None
    return None if task is None or task.restricted_at is not None else found
