"""Recordings of prompts, which are played instead of a synthetic voice.

They are in the database, so that every host has them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, undefer

from ivr.audio.wav import Sound, write_wav
from ivr.models.accounts import User
from ivr.models.prompts import PromptRecording
from ivr.platform import database
from ivr.prompts import parts
from ivr.prompts.parts import Part

log = logging.getLogger(__name__)

#: Seconds after which a process reads the list of recordings again.
_CACHE_SECONDS = 1.0
#: By language: the parts that have a recording of their present text, each with the recording's version.
_cache: dict[str, Mapping[str, str]] = {}
_read_at = 0.0
_revision = 0


def in_use(language: str) -> Mapping[str, str]:
    """The parts that have a recording of their present text, each with the recording's version.

    The result is cached for some seconds. If the database does not answer, an older one is used.
    """
    global _read_at
    if _is_old():
        try:
            with database.reading() as session:
                refresh(session)
        except SQLAlchemyError:
            log.warning("the recordings of prompts could not be read from the database")
            _cache.setdefault(language, {})
            _read_at = time.monotonic()
    return _cache.get(language, {})


def refresh(session: Session | Connection) -> None:
    """Read the recordings of all languages if the cache is old."""
    global _read_at, _revision
    if not _is_old():
        return
    columns = PromptRecording.language, PromptRecording.part, PromptRecording.text, PromptRecording.id
    rows = session.execute(select(*columns).where(PromptRecording.reverted_at.is_(None)).order_by(PromptRecording.id))
    newest = {(language, part): (text, f"r{number}") for language, part, text, number in rows}
    found: dict[str, dict[str, str]] = {"": {}}
    for (language, part), (text, version) in newest.items():
        if _says(language, part, text):
            found.setdefault(language, {})[part] = version
    if found != _cache:
        _cache.clear()
        _cache.update(found)
        _revision += 1
    _read_at = time.monotonic()


def _is_old() -> bool:
    return not _cache or time.monotonic() - _read_at > _CACHE_SECONDS


def revision() -> int:
    """A number that changes whenever other recordings are in use; for what is made with them and cached."""
    if _is_old():
        in_use("")
    return _revision


def current(session: Session, language: str) -> dict[str, PromptRecording]:
    """The newest recording of each part, without those that were reverted."""
    found = select(PromptRecording).where(PromptRecording.language == language, PromptRecording.reverted_at.is_(None))
    return {recording.part: recording for recording in session.scalars(found.order_by(PromptRecording.id))}


def is_up_to_date(recording: PromptRecording) -> bool:
    """Whether the recording says the present text of its part."""
    return _says(recording.language, recording.part, recording.text)


def _says(language: str, name: str, text: str) -> bool:
    part = parts.named(language, name)
    return part is not None and part.text == text


def audio(session: Session, recording_id: int) -> bytes | None:
    """The WAV file of a recording, whether it is used or reverted."""
    query = select(PromptRecording).where(PromptRecording.id == recording_id).options(undefer(PromptRecording.audio))
    recording = session.scalar(query)
    return recording.audio if recording else None


def add(session: Session, part: Part, sound: Sound, user: User | None, now: datetime) -> PromptRecording:
    """Add a recording (8 kHz, normalised) of a part. It is used from now on.

    What is used already is not added again: taking it back would lead to the same.
    """
    newest, wave = current(session, part.language).get(part.name), write_wav(sound)
    if newest is not None and newest.text == part.text and audio(session, newest.id) == wave:
        return newest
    recording = PromptRecording(
        language=part.language,
        part=part.name,
        text=part.text,
        audio=wave,
        seconds=sound.seconds,
        recorded_at=now,
        recorded_by_id=user.id if user else None,
    )
    session.add(recording)
    session.flush()
    _cache.clear()
    return recording


def revert(session: Session, part: Part, number: int, now: datetime) -> bool:
    """Revert a recording of a part. The recording before it is used again, if there is one.

    False: it is not the newest one (any more), and nothing changes.
    """
    newest = current(session, part.language).get(part.name)
    if newest is None or newest.id != number:
        return False
    session.execute(update(PromptRecording).where(PromptRecording.id == number).values(reverted_at=now))
    _cache.clear()
    return True
