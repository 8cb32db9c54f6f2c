"""Recordings of prompts that are played instead of a synthetic voice; in the database, so every host has them."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, undefer

from ivr.audio.wav import Sound, write_wav
from ivr.models.accounts import User
from ivr.models.prompts import PromptRecording
from ivr.platform import database
from ivr.prompts import parts
from ivr.prompts.parts import Part

log = logging.getLogger(__name__)

#: Seconds after which a process looks again which recordings there are.
_FRESH = 3.0
_seen: dict[str, tuple[float, Mapping[str, str]]] = {}


def in_use(language: str) -> Mapping[str, str]:
    """Names of parts that have a recording which says their present text, each with its version.

    Known from a few seconds ago; where the database does not answer, callers hear the other forms.
    """
    at, known = _seen.get(language, (0.0, {}))
    if time.monotonic() - at > _FRESH or not at:
        try:
            with database.reading() as session:
                known = {
                    recording.part: f"r{recording.id}"
                    for recording in current(session, language).values()
                    if is_up_to_date(recording)
                }
        except SQLAlchemyError:
            log.warning("recordings of prompts could not be looked up")
        _seen[language] = (time.monotonic(), known)
    return known


def current(session: Session, language: str) -> dict[str, PromptRecording]:
    """The newest recording of each part that has not been taken out of use."""
    found = select(PromptRecording).where(PromptRecording.language == language, PromptRecording.reverted_at.is_(None))
    return {recording.part: recording for recording in session.scalars(found.order_by(PromptRecording.id))}


def is_up_to_date(recording: PromptRecording) -> bool:
    """Whether a recording says what the catalogue has today."""
    part = parts.named(recording.language, recording.part)
    return part is not None and part.text == recording.text


def audio(session: Session, recording_id: int) -> bytes | None:
    """The WAV file of a recording, in use or not."""
    query = select(PromptRecording).where(PromptRecording.id == recording_id).options(undefer(PromptRecording.audio))
    recording = session.scalar(query)
    return recording.audio if recording else None


def add(session: Session, part: Part, sound: Sound, user: User | None, now: datetime) -> PromptRecording:
    """Use a recording (8 kHz, normalised) for a part from now on."""
    recording = PromptRecording(
        language=part.language,
        part=part.name,
        text=part.text,
        audio=write_wav(sound),
        seconds=sound.seconds,
        recorded_at=now,
        recorded_by_id=user.id if user else None,
    )
    session.add(recording)
    session.flush()
    _seen.pop(part.language, None)
    return recording


def revert(session: Session, part: Part, now: datetime) -> None:
    """Take the newest recording of a part out of use; the one before it, if any, is used again."""
    newest = current(session, part.language).get(part.name)
    if newest is not None:
        session.execute(update(PromptRecording).where(PromptRecording.id == newest.id).values(reverted_at=now))
    _seen.pop(part.language, None)
