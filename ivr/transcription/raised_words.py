"""What the words of a transcript lead to: its task becomes an emergency, or speaks of danger to life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import danger, urgency
from ivr.models.callbacks import CallbackTask
from ivr.transcription import danger_words, urgency_keywords
from ivr.transcription.result import TranscriptionResult


@dataclass(frozen=True)
class Raised:
    """Words of need, and the danger that is spoken of."""

    words: list[str]
    danger: danger_words.Danger | None


def of(language: str, result: TranscriptionResult) -> Raised:
    """The words of need and danger in a transcript; those of the danger are not told twice."""
    threat = danger_words.found(language, danger_words.heard(result.words))
    of_danger = threat.words if threat is not None else ()
    need = urgency_keywords.found(language, result.text)
    return Raised([word for word in need if not any(word in one for one in of_danger)], threat)


def apply(session: Session, task_id: int, raised: Raised, now: datetime) -> None:
    """Raise a task by what its message says; nothing where it says nothing of the kind."""
    if not raised.words and raised.danger is None:
        return
    task = session.get_one(CallbackTask, task_id)
    if raised.words:
        urgency.raise_by_words(session, task, raised.words, now)
    if raised.danger is not None:
        danger.raise_by_words(session, task, raised.danger.kind, raised.danger.words, now)
