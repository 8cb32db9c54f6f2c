"""Voicebox messages, their recordings and transcripts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain.enums import MessageState, RecordingState, TranscriptReason, TranscriptState
from ivr.models.calls import Call
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import NEVER_REUSED, Base, Id, one_of

if TYPE_CHECKING:
    from ivr.models.callbacks import CallbackTask
    from ivr.models.contacts import Contact


class VoiceboxMessage(Base):
    """A message that a caller records (Voicebox-Nachricht); recording again makes a further one."""

    __tablename__ = "voicebox_messages"
    __table_args__ = (
        UniqueConstraint("call_id", "take"),
        # expected: consent given, tone played; left: speech; empty: nothing was said; replaced: by a later recording
        one_of("state", *MessageState),
        NEVER_REUSED,
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("callback_tasks.id", ondelete="SET NULL"), index=True)
    #: The contact whose words these are; a later call can add to it by its receipt code.
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"), index=True)
    #: Number of the recording in its call, from 1.
    recording_number: Mapped[int] = mapped_column("take")
    #: Number of the recording of the same call that this one replaces if it has speech ("record again").
    replaces_number: Mapped[int | None] = mapped_column("replaces_take")
    #: Number of the recording of the same call that this one goes on with, as a further part of one message.
    continues_number: Mapped[int | None] = mapped_column("continues_take")
    #: Whether the time for one recording was over before the caller was. None: nothing has been reported.
    cut_at_limit: Mapped[bool | None]
    #: What the call was about then (see ivr.callbacks.request); later events may come without the call's state.
    about: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[MessageState] = mapped_column(Enumerated(MessageState, 20), default=MessageState.EXPECTED)
    language: Mapped[str] = mapped_column(String(8))
    consented_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    call: Mapped[Call] = relationship(back_populates="messages")
    task: Mapped[CallbackTask | None] = relationship(back_populates="messages")
    contact: Mapped[Contact | None] = relationship(back_populates="messages")
    recording: Mapped[Recording | None] = relationship(back_populates="message")

    def live_topics(self) -> set[str]:
        """What open desks are told when it changes: its task, if it has one."""
        return self.task.live_topics() if self.task is not None else set()


class Recording(Base):
    """The audio of a message (Aufnahme): where it is and how far it has come."""

    __tablename__ = "recordings"
    __table_args__ = (
        # announced: the carrier is recording; available: at the carrier; stored: ours, durable;
        # absent: too short or silent; deleted: replaced by a later one, or its period is over
        one_of("state", *RecordingState),
        NEVER_REUSED,
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("voicebox_messages.id", ondelete="CASCADE"), unique=True)
    recording_sid: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[RecordingState] = mapped_column(Enumerated(RecordingState, 20))
    #: Seconds as the carrier counted them, replaced by the audio's own length once it is stored.
    recorded_seconds: Mapped[float | None]
    audio_sha256: Mapped[str | None] = mapped_column(String(64))
    audio_bytes: Mapped[int | None]
    stored_at: Mapped[datetime | None]
    #: When the carrier's copy was seen to be gone.
    carrier_deleted_at: Mapped[datetime | None]
    message: Mapped[VoiceboxMessage] = relationship(back_populates="recording")
    transcript: Mapped[Transcript | None] = relationship(back_populates="recording")

    def live_topics(self) -> set[str]:
        """What open desks are told when it changes: the task of its message."""
        return self.message.live_topics()


class Transcript(Base):
    """What a recording says (Abschrift), as far as a machine could tell."""

    __tablename__ = "transcripts"
    __table_args__ = (
        # pending: a worker will; done: there is text; please_listen: a person must, see `reason`
        one_of("state", *TranscriptState),
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), unique=True)
    state: Mapped[TranscriptState] = mapped_column(Enumerated(TranscriptState, 20))
    #: Why a person must listen.
    reason: Mapped[TranscriptReason | None] = mapped_column(Enumerated(TranscriptReason, 40))
    language: Mapped[str] = mapped_column(String(8))
    engine: Mapped[str | None] = mapped_column(String(120))
    text: Mapped[str | None] = mapped_column(Text)
    #: Mean of the words' confidences, 0 to 1.
    confidence: Mapped[float | None]
    #: [{"word", "start", "end" (seconds), "confidence" (0 to 1)}]
    words: Mapped[list[dict[str, Any]] | None]
    transcribed_at: Mapped[datetime | None]
    #: What the check of the language has heard: {"language", "sure", "differs"}, and where that language has an engine
    #: here the transcript in it: {"text", "words", "confidence", "engine"}. None: not checked.
    spoken: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: What the second engine of the language has heard: {"text", "words", "confidence", "engine"}. None: not asked.
    second: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: A machine's rendering: {"language", "text" (None where it was refused), "engine"}, and the same of a German one
    #: in "german". It never counts as the text.
    gist: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: What a person has made of it; the machine's text stays.
    corrected_text: Mapped[str | None] = mapped_column(Text)
    corrected_at: Mapped[datetime | None]
    recording: Mapped[Recording] = relationship(back_populates="transcript")
    LIVE_TOPIC = "team"

    def live_topics(self) -> set[str]:
        """What open desks are told when it changes: the task of its message."""
        return self.recording.live_topics()


class SpokenAnswer(Base):
    """A word that is said in place of a key (gesprochene Antwort), from before its tone until the day after.

    The recording is at the carrier only, until its word is understood or four seconds are over; then it is deleted.
    """

    __tablename__ = "spoken_answers"
    __table_args__ = (NEVER_REUSED,)
    id: Mapped[Id] = mapped_column(primary_key=True)
    call_sid: Mapped[str] = mapped_column(String(64), index=True)
    language: Mapped[str] = mapped_column(String(8))
    #: The words that are listened for, each with the key it stands for; empty for those that are no answer.
    words: Mapped[dict[str, Any]] = mapped_column(JSON)
    asked_at: Mapped[datetime]
    recording_sid: Mapped[str | None] = mapped_column(String(64), unique=True)
    recorded_at: Mapped[datetime | None]
    #: The key that was understood, empty for none. None: nothing is known yet.
    key: Mapped[str | None] = mapped_column(String(1))
    #: When the carrier's recording was seen to be gone.
    carrier_deleted_at: Mapped[datetime | None]
