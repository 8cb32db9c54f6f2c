"""What a member makes of the language that a machine has heard in a message: taken over, or not so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import events, search_index
from ivr.callbacks.refused import Refused, require_workable
from ivr.config.settings import settings
from ivr.domain.enums import Refusal, TaskEventKind, TranscriptState
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Transcript


def take_over(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Give a task the language that is spoken in its message, with the transcript in that language where there is one.

    Raises:
        Refused: `language_settled` where no other language was heard, or somebody was quicker; `claimed`, `closed` or
            `restricted`.
    """
    require_workable(task, user)
    spoken = _heard(task)
    task.language, task.spoken_language = spoken, None
    task.unlisted_language = task.unlisted_language and spoken not in settings().enabled_languages
    for message in task.messages:
        transcript = message.recording.transcript if message.recording is not None else None
        if transcript is not None and (transcript.spoken or {}).get("language") == spoken:
            _exchange(transcript, spoken)
    events.record(session, task.id, TaskEventKind.LANGUAGE_CHANGED, now, user_id=user.id, text=spoken)
    session.flush()
    search_index.index(session, task)


def leave(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Keep the language of a task: the machine was wrong.

    Raises:
        Refused: as :func:`take_over`.
    """
    require_workable(task, user)
    spoken = _heard(task)
    task.spoken_language = None
    events.record(session, task.id, TaskEventKind.LANGUAGE_KEPT, now, user_id=user.id, text=spoken)


def _heard(task: CallbackTask) -> str:
    if task.spoken_language is None:
        raise Refused(Refusal.LANGUAGE_SETTLED)
    return task.spoken_language


def _exchange(transcript: Transcript, language: str) -> None:
    """The transcript in the spoken language takes the place of the other one, which nobody needs."""
    heard = transcript.spoken or {}
    if not heard.get("words"):
        return
    transcript.language, transcript.text, transcript.words = language, heard["text"], heard["words"]
    transcript.confidence, transcript.engine = heard["confidence"], heard["engine"]
    transcript.state, transcript.reason = TranscriptState.DONE, None
    transcript.gist = transcript.second = None  # they are of another language
    transcript.spoken = {"language": language, "sure": heard["sure"], "differs": False}
