"""What machines have made of the messages of a task so far, as a mark: an open page sees that there is more.

It is no news of the caller (:mod:`ivr.callbacks.caller_news`): nothing has to wait for it.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.domain.enums import TranscriptState
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage


def mark(session: Session, task_id: int) -> str:
    """The mark: how many transcripts, second transcripts, checks of the language and renderings there are."""
    found = session.execute(
        select(
            func.count(func.nullif(Transcript.state, TranscriptState.PENDING)),
            func.count(Transcript.second),
            func.count(Transcript.spoken),
            func.count(Transcript.gist),
        )
        .join(Recording, Recording.id == Transcript.recording_id)
        .join(VoiceboxMessage, VoiceboxMessage.id == Recording.message_id)
        .where(VoiceboxMessage.task_id == task_id)
    ).one()
    return "-".join(map(str, found))
