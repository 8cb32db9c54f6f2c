"""Recordings of prompts that supervisors made."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ivr.platform.orm import Base, Id


class PromptRecording(Base):
    """A recording of a prompt, or of a part of one, that is played instead of a synthetic voice."""

    __tablename__ = "prompt_recordings"
    __table_args__ = (Index("ix_prompt_recordings_part", "language", "part"),)
    id: Mapped[Id] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(String(8))
    part: Mapped[str] = mapped_column(String(80))
    #: What was recorded; when the catalogue's text is another by now, the recording is out of date.
    text: Mapped[str] = mapped_column(Text)
    #: WAV, 16-bit mono 8 kHz, normalised.
    audio: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    seconds: Mapped[float]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    #: When it was taken out of use again.
    reverted_at: Mapped[datetime | None]
