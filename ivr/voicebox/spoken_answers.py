"""Rows of answers that are spoken in place of a key: expected, recorded, understood, and forgotten.

The row is there before the tone. So a recording that no event tells of is known to be an answer, and is deleted instead
of being taken for a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from ivr.carrier.media import CarrierRecording
from ivr.config.settings import settings
from ivr.domain.enums import WorkKind
from ivr.models.voicebox import SpokenAnswer
from ivr.platform import outbox

#: Seconds that the recording of an answer lasts at most.
RECORDING_SECONDS = 2
#: The time in which a word has to be understood. After it the caller is asked for a key.
WAIT = timedelta(seconds=4)
#: How long after its question an answer may have been recorded, and by how much the carrier's clock may differ.
_ASKED_FOR, _CLOCKS_DIFFER = timedelta(seconds=60), timedelta(seconds=1)
_KEPT = timedelta(days=1)


def expect(session: Session, call_sid: str, language: str, words: Mapping[str, str], now: datetime) -> int:
    """Add the row of an answer that is about to be recorded; its id. `words`: each with its key, or none."""
    answer = SpokenAnswer(call_sid=call_sid, language=language, words=dict(words), asked_at=now)
    session.add(answer)
    session.flush()
    return answer.id


def recorded(session: Session, answer_id: int, call_sid: str, recording_sid: str, now: datetime) -> None:
    """Note the recording of an answer, and plan that it is understood and deleted. Safe to repeat."""
    theirs = update(SpokenAnswer).where(SpokenAnswer.id == answer_id, SpokenAnswer.call_sid == call_sid)
    free = theirs.where(SpokenAnswer.recording_sid.is_(None)).returning(SpokenAnswer.language)
    language = session.scalar(free.values(recording_sid=recording_sid, recorded_at=now))
    if language is not None:
        pool = settings().pool_of(language)
        outbox.add(session, WorkKind.UNDERSTAND_ANSWER, answer_id, urgent=True, pool=pool)


def key_of(session: Session, answer_id: int, call_sid: str, now: datetime) -> str | None:
    """The key that an answer stands for; empty where none was understood in time, None while it may still be."""
    answer = session.get(SpokenAnswer, answer_id)
    if answer is None or answer.call_sid != call_sid or answer.recorded_at is None:
        return ""
    if answer.key is None and now < answer.recorded_at + WAIT:
        return None
    return answer.key or ""


def is_answer(session: Session, kept: CarrierRecording, call_sid: str, now: datetime) -> bool:
    """Whether a recording at the carrier is a spoken answer. One that no event has told of is deleted from here."""
    if session.scalar(select(SpokenAnswer.id).where(SpokenAnswer.recording_sid == kept.recording_sid)) is not None:
        return True
    if kept.created_at is None or kept.seconds > RECORDING_SECONDS + 1:
        return False
    asked_between = SpokenAnswer.asked_at.between(kept.created_at - _ASKED_FOR, kept.created_at + _CLOCKS_DIFFER)
    awaited = select(SpokenAnswer).where(SpokenAnswer.call_sid == call_sid, SpokenAnswer.recording_sid.is_(None))
    answer = session.scalar(awaited.where(asked_between).order_by(SpokenAnswer.id.desc()).limit(1))
    if answer is None:
        return False
    answer.key = ""  # nobody waits for the word any more
    recorded(session, answer.id, call_sid, kept.recording_sid, now)
    return True


def forget(session: Session, now: datetime) -> None:
    """Delete the rows of yesterday's answers whose recordings are gone."""
    is_over = or_(SpokenAnswer.carrier_deleted_at.is_not(None), SpokenAnswer.recording_sid.is_(None))
    session.execute(delete(SpokenAnswer).where(SpokenAnswer.asked_at < now - _KEPT, is_over))
