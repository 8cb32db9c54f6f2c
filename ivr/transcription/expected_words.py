"""Words and names that callers of a team say, for engines that can be told to expect them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.models.accounts import Team
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording, VoiceboxMessage


def of_recording(session: Session, recording_id: int) -> tuple[str, ...]:
    """The words of the team whose task a recording belongs to."""
    known = settings().recognition_phrases
    if not known:
        return ()
    team = session.scalar(
        select(Team.key)
        .join(CallbackTask, CallbackTask.team_id == Team.id)
        .join(VoiceboxMessage, VoiceboxMessage.task_id == CallbackTask.id)
        .join(Recording, Recording.message_id == VoiceboxMessage.id)
        .where(Recording.id == recording_id)
    )
    return known.get(team or "", ())
