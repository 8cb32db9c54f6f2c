"""The tables. Instants end in `_at` and are UTC; enumerations are short strings checked by the database."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from ivr.database_types import Instant


class Base(DeclarativeBase):
    """Declarative base with constraint names that migrations can rely on in both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant(), dict[str, Any]: JSON, list[dict[str, Any]]: JSON}  # noqa: RUF012


def one_of(column: str, *values: str) -> CheckConstraint:
    """A check that a column has one of these values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


#: SQLite would give the id of a deleted last row to the next one; an address must never lead to another person.
_NEVER_REUSED = {"sqlite_autoincrement": True}

team_members = Table(
    "team_members",
    Base.metadata,
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
)

#: Teams a supervisor answers for; who supervises is not rung for them.
team_supervisors = Table(
    "team_supervisors",
    Base.metadata,
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
)


class Team(Base):
    """A team (Team) that answers calls and works callback tasks; mirrors the configuration."""

    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    members: Mapped[list[User]] = relationship(secondary=team_members, back_populates="teams")


class User(Base):
    """Somebody who has a log-in; what each role may do stands in :mod:`ivr.access.doors`."""

    __tablename__ = "users"
    __table_args__ = (one_of("role", "member", "supervisor", "administrator", "officer"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    #: Number and PIN by which a member is known on the telephone.
    personal_number: Mapped[str | None] = mapped_column(String(8), unique=True)
    pin_hash: Mapped[str | None] = mapped_column(String(200))
    #: Who the single sign-on says they are (issuer and subject).
    sso_subject: Mapped[str | None] = mapped_column(String(400), unique=True)
    #: Secret of the authenticator app (TOTP), wrapped by a master key; counts once it was confirmed.
    totp_secret: Mapped[str | None] = mapped_column(String(300))
    totp_confirmed_at: Mapped[datetime | None]
    #: The last time step whose code was used: none is taken twice.
    totp_step: Mapped[int | None]
    teams: Mapped[list[Team]] = relationship(secondary=team_members, back_populates="members", lazy="selectin")
    supervised: Mapped[list[Team]] = relationship(secondary=team_supervisors, lazy="selectin")

    @property
    def scope(self) -> list[Team]:
        """The teams whose tasks are this person's business, by name."""
        found = {
            "member": self.teams,
            "supervisor": [*self.teams, *self.supervised],
        }.get(self.role, [])
        return sorted({team.id: team for team in found}.values(), key=lambda team: team.name)


class ApiToken(Base):
    """A bearer token for /api/v1; only its SHA-256 is kept."""

    __tablename__ = "api_tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    #: What it opens, see ivr.users.SCOPES.
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Call(Base):
    """A call to the hotline (Anruf), from the carrier's first request to its last event."""

    __tablename__ = "calls"
    __table_args__ = (one_of("state", "in_progress", "ended"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    call_sid: Mapped[str] = mapped_column(String(64), unique=True)
    #: E.164, None where the caller withheld it.
    from_number: Mapped[str | None] = mapped_column(String(32))
    language: Mapped[str | None] = mapped_column(String(8))
    concern: Mapped[str | None] = mapped_column(String(40))
    #: The step of the flow at which something was last written down.
    step: Mapped[str | None] = mapped_column(String(60))
    #: How it ended for the caller: connected, promised, informed, changed, withdrawn, unserved, or hung_up.
    ending: Mapped[str | None] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20), default="in_progress")
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    messages: Mapped[list[VoiceboxMessage]] = relationship(back_populates="call", order_by="VoiceboxMessage.take")
    contacts: Mapped[list[Contact]] = relationship(back_populates="call")


class KnownCaller(Base):
    """In which language a number was last served. The number itself is not kept, only a keyed hash of it."""

    __tablename__ = "known_callers"
    number_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    language: Mapped[str] = mapped_column(String(8))
    last_called_at: Mapped[datetime] = mapped_column(index=True)


class CodeTry(Base):
    """A receipt code that was keyed in and is nobody's; counted so that codes cannot be guessed."""

    __tablename__ = "code_tries"
    id: Mapped[int] = mapped_column(primary_key=True)
    #: Keyed hash of the calling number; one and the same for all who withhold it.
    number_hash: Mapped[str] = mapped_column(String(64))
    tried_at: Mapped[datetime] = mapped_column(index=True)


class VoiceboxMessage(Base):
    """One take of what a caller left (Voicebox-Nachricht); recording again makes a further take."""

    __tablename__ = "voicebox_messages"
    __table_args__ = (
        UniqueConstraint("call_id", "take"),
        # expected: consent given, tone played; left: speech; empty: nothing was said; replaced: by a later take
        one_of("state", "expected", "left", "empty", "replaced"),
        _NEVER_REUSED,
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("callback_tasks.id", ondelete="SET NULL"), index=True)
    take: Mapped[int]
    #: The take of the same call which this one replaces if it has speech ("record again").
    replaces_take: Mapped[int | None]
    #: What the call was about then (see ivr.matters); later events may come without the call's state.
    about: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(20), default="expected")
    language: Mapped[str] = mapped_column(String(8))
    consented_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    call: Mapped[Call] = relationship(back_populates="messages")
    task: Mapped[CallbackTask | None] = relationship(back_populates="messages")
    recording: Mapped[Recording | None] = relationship(back_populates="message")


class Recording(Base):
    """The audio of a message (Aufnahme): where it is and how far it has come."""

    __tablename__ = "recordings"
    __table_args__ = (
        # announced: the carrier is recording; available: at the carrier; stored: ours, durable;
        # absent: too short or silent; deleted: a replaced take, or its period is over
        one_of("state", "announced", "available", "stored", "absent", "deleted"),
        _NEVER_REUSED,
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("voicebox_messages.id", ondelete="CASCADE"), unique=True)
    recording_sid: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(20))
    #: Seconds as the carrier counted them, replaced by the audio's own length once it is stored.
    recorded_seconds: Mapped[float | None]
    audio_sha256: Mapped[str | None] = mapped_column(String(64))
    audio_bytes: Mapped[int | None]
    stored_at: Mapped[datetime | None]
    #: When the carrier's copy was seen to be gone.
    carrier_deleted_at: Mapped[datetime | None]
    message: Mapped[VoiceboxMessage] = relationship(back_populates="recording")
    transcript: Mapped[Transcript | None] = relationship(back_populates="recording")


class Transcript(Base):
    """What a recording says (Abschrift), as far as a machine could tell."""

    __tablename__ = "transcripts"
    __table_args__ = (
        # pending: a worker will; done: there is text; please_listen: a person must, see `reason`
        one_of("state", "pending", "done", "please_listen"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), unique=True)
    state: Mapped[str] = mapped_column(String(20))
    #: no_model, no_speech, unusable, failed
    reason: Mapped[str | None] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(8))
    engine: Mapped[str | None] = mapped_column(String(120))
    text: Mapped[str | None] = mapped_column(Text)
    #: Mean of the words' confidences, 0 to 1.
    confidence: Mapped[float | None]
    #: [{"word", "start", "end" (seconds), "confidence" (0 to 1)}]
    words: Mapped[list[dict[str, Any]] | None]
    transcribed_at: Mapped[datetime | None]
    #: What a person has made of it; the machine's text stays.
    corrected_text: Mapped[str | None] = mapped_column(Text)
    corrected_at: Mapped[datetime | None]
    recording: Mapped[Recording] = relationship(back_populates="transcript")


_OPEN = text("state <> 'closed'")


class CallbackTask(Base):
    """A team's promise to call back (Rückrufauftrag), to send forms or to answer an appointment wish."""

    __tablename__ = "callback_tasks"
    __table_args__ = (
        # One call has one task for each thing it is about.
        UniqueConstraint("call_id", "kind", "concern"),
        one_of("state", "open", "claimed", "closed"),
        one_of("kind", "callback", "postal_order", "appointment"),
        one_of("urgency", "normal", "emergency"),
        Index("ix_callback_tasks_queue", "state", "due_at"),
        # The order in which open tasks are served: 'emergency' comes before 'normal'.
        Index("ix_callback_tasks_line", "urgency", "due_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        # All that the counts of the views and the filters look at.
        Index(
            "ix_callback_tasks_of_team",
            *("team_id", "kind", "urgency", "needs_interpreter", "language"),
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        # How many wait how long, for the supervisors.
        Index("ix_callback_tasks_backlog", "team_id", "first_contact_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_callback_tasks_first_contact_at", "first_contact_at"),
        Index("ix_callback_tasks_closed_at", "closed_at"),
        Index("ix_callback_tasks_claimed", "claimed_by_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        # Whether a number has an open task already.
        Index("ix_callback_tasks_callback_number", "callback_number"),
        _NEVER_REUSED,
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), default="callback")
    state: Mapped[str] = mapped_column(String(20), default="open")
    #: The call that opened it; `contacts` names them all.
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    language: Mapped[str] = mapped_column(String(8))
    concern: Mapped[str] = mapped_column(String(40))
    urgency: Mapped[str] = mapped_column(String(20), default="normal")
    #: Words of the transcript that have raised the urgency.
    urgency_words: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    #: When a person took such a raise back; words raise this task no more.
    urgency_lowered_at: Mapped[datetime | None]
    #: no_money, power_cut, housing, food_voucher, other
    emergency_kind: Mapped[str | None] = mapped_column(String(20))
    #: Key of the office (Geschäftsstelle), where the caller keyed in a postal code.
    office: Mapped[str | None] = mapped_column(String(40))
    #: under_25 or 25_and_over, where it is known
    age_group: Mapped[str | None] = mapped_column(String(20))
    #: When the caller can be reached: morning, afternoon, any_time
    availability: Mapped[str | None] = mapped_column(String(20))
    #: As a member has understood it.
    caller_name: Mapped[str | None] = mapped_column(String(120))
    #: E.164; None where the caller withheld it and entered none.
    callback_number: Mapped[str | None] = mapped_column(String(32))
    receipt_code: Mapped[str] = mapped_column(String(8), unique=True)
    #: The caller hung up in the middle of the recording and no audio is known yet.
    provisional: Mapped[bool] = mapped_column(Boolean, default=False)
    first_contact_at: Mapped[datetime]
    due_at: Mapped[datetime]
    #: When the first real attempt to reach the caller was made: that keeps the promise.
    first_attempt_at: Mapped[datetime | None]
    #: When the promise of an attempt was recorded as missed (see ivr.sla.models.SlaClock).
    breached_at: Mapped[datetime | None]
    #: The caller is dialled only when an interpreter is on the line.
    needs_interpreter: Mapped[bool] = mapped_column(Boolean, default=False)
    #: Who answers has to key in the receipt code before anything is said.
    demands_code: Mapped[bool] = mapped_column(Boolean, default=False)
    #: After an attempt in vain: when the next one is due.
    next_attempt_at: Mapped[datetime | None]
    #: When the attempts were used up, so that a letter should be written.
    letter_proposed_at: Mapped[datetime | None]
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    claimed_at: Mapped[datetime | None]
    #: When who holds it last worked on it.
    claim_used_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    #: It was closed before, so long ago that it was counted then and is not counted again.
    closing_counted: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    outcome: Mapped[str | None] = mapped_column(String(40))
    #: The data subject has asked that it be kept and not used (Art. 18 GDPR).
    restricted_at: Mapped[datetime | None]
    #: All that was the caller's is destroyed at their wish; what is left is counted and goes when that is final.
    erased_at: Mapped[datetime | None]
    call: Mapped[Call] = relationship()
    contacts: Mapped[list[Contact]] = relationship(
        back_populates="task", order_by="Contact.at", cascade="all, delete-orphan"
    )
    team: Mapped[Team] = relationship()
    claimed_by: Mapped[User | None] = relationship()
    messages: Mapped[list[VoiceboxMessage]] = relationship(back_populates="task", order_by="VoiceboxMessage.id")
    attempts: Mapped[list[Attempt]] = relationship(back_populates="task", order_by="Attempt.at")
    events: Mapped[list[TaskEvent]] = relationship(
        back_populates="task", order_by="TaskEvent.at, TaskEvent.id", cascade="all, delete-orphan"
    )
    postal_order: Mapped[PostalOrder | None] = relationship(cascade="all, delete-orphan")
    appointment_wish: Mapped[AppointmentWish | None] = relationship(cascade="all, delete-orphan")


class SearchWord(Base):
    """A word by which a task is found, see :mod:`ivr.task_search`."""

    __tablename__ = "search_words"
    word: Mapped[str] = mapped_column(
        String(60).with_variant(String(60, collation="C"), "postgresql"), primary_key=True
    )
    task_id: Mapped[int] = mapped_column(
        ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class TaskView(Base):
    """Somebody has a task's page open."""

    __tablename__ = "task_views"
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime]
    user: Mapped[User] = relationship()


class Draft(Base):
    """What a member is writing about a task and has not saved yet (Entwurf)."""

    __tablename__ = "drafts"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime]


class SavedView(Base):
    """A view of the queue that somebody has given a name."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("user_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    #: The filters, as they stand in the address.
    query: Mapped[str] = mapped_column(Text)


class Contact(Base):
    """A call that belongs to a task: the one that opened it, and each later one about the same matter."""

    __tablename__ = "contacts"
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True, index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    task: Mapped[CallbackTask] = relationship(back_populates="contacts")
    call: Mapped[Call] = relationship(back_populates="contacts")


class Checkpoint(Base):
    """How far something that is repeated has come."""

    __tablename__ = "checkpoints"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]


class SpoolEntry(Base):
    """An entry of a host's spool that has been written into the database: it is not written twice."""

    __tablename__ = "spool_entries"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    replayed_at: Mapped[datetime] = mapped_column(index=True)


class PostalOrder(Base):
    """Forms (Vordrucke) a caller has ordered by post."""

    __tablename__ = "postal_orders"
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True)
    #: Names of forms, as the configuration has them.
    forms: Mapped[list[str]] = mapped_column(JSON)
    #: The customer number (Kundennummer), where it was keyed in instead of speaking the address.
    customer_number: Mapped[str | None] = mapped_column(String(20))
    #: The day they were posted.
    posted_on: Mapped[date | None]


class AppointmentWish(Base):
    """An appointment a caller wishes (Terminwunsch), and what became of it."""

    __tablename__ = "appointment_wishes"
    __table_args__ = (
        one_of("mode", "in_person", "telephone", "video"),
        one_of("companion", "none", "interpreter", "companion"),
        # Source, question 3: how many were refused an appointment, and why.
        CheckConstraint("appointment_at IS NULL OR refusal_reason IS NULL", name="granted_or_refused"),
    )
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True)
    mode: Mapped[str] = mapped_column(String(20), default="in_person")
    #: benefits, work, documents, other
    reason: Mapped[str | None] = mapped_column(String(20))
    #: Who takes part: none, interpreter, companion
    companion: Mapped[str] = mapped_column(String(20), default="none")
    #: Hearing or speaking is hard.
    impairment: Mapped[bool] = mapped_column(Boolean, default=False)
    #: Under 25 and looking for training (unversorgte Bewerber*innen unter 25).
    seeks_training: Mapped[bool] = mapped_column(Boolean, default=False)
    #: Granted: when and where.
    appointment_at: Mapped[datetime | None] = mapped_column(index=True)
    place: Mapped[str | None] = mapped_column(String(200))
    #: small, or large where a third person takes part
    room: Mapped[str | None] = mapped_column(String(10))
    #: Refused: why.
    refusal_reason: Mapped[str | None] = mapped_column(String(20))

    @property
    def large_room(self) -> bool:
        """Whether a third person takes part, so that the room has to be larger."""
        return self.mode == "in_person" and self.companion in ("interpreter", "companion")

    @property
    def priority_groups(self) -> tuple[str, ...]:
        """Groups that are invited first. Source: those without sufficient German, with impairments of speech or
        hearing, and under 25 without training."""
        groups = {
            "language": self.companion == "interpreter",
            "impairment": self.impairment,
            "under_25_training": self.seeks_training,
        }
        return tuple(group for group, belongs in groups.items() if belongs)


class TextMessage(Base):
    """A text message (SMS) a caller has asked for, or a member has sent."""

    __tablename__ = "text_messages"
    __table_args__ = (
        UniqueConstraint("call_id", "to_number", "template", "number"),
        one_of("state", "queued", "sent", "failed"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    to_number: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(8))
    #: Which text it began with (a prompt), and the how manieth of that kind it is.
    template: Mapped[str] = mapped_column(String(40), default="sms_link")
    number: Mapped[int] = mapped_column(default=1)
    #: What a member has sent, as they saw it; none for the link.
    text: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20), default="queued")
    message_sid: Mapped[str | None] = mapped_column(String(64))
    sent_at: Mapped[datetime | None]


class PromptRecording(Base):
    """A recording of a prompt, or of a part of one, that is played instead of a synthetic voice."""

    __tablename__ = "prompt_recordings"
    __table_args__ = (Index("ix_prompt_recordings_part", "language", "part"),)
    id: Mapped[int] = mapped_column(primary_key=True)
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


class Attempt(Base):
    """One try to reach the caller (Versuch) and how it ended (Ergebnis)."""

    __tablename__ = "attempts"
    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    #: When the caller's telephone began to ring.
    at: Mapped[datetime] = mapped_column(index=True)
    #: ringing, until the carrier's events tell how it ended
    outcome: Mapped[str] = mapped_column(String(40))
    #: The call that was placed; none where a member has typed what happened.
    conversation_id: Mapped[int | None] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    task: Mapped[CallbackTask] = relationship(back_populates="attempts")
    user: Mapped[User] = relationship()


class TaskEvent(Base):
    """Something that happened to a task; together they are its history."""

    __tablename__ = "task_events"
    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), index=True)
    #: None: the house itself.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    #: opened, called_again, raised, lowered, number_given, changed, claimed, released, attempted, noted, closed,
    #: reopened, withdrawn, at_risk, breached, not_reached_in_time, put_off, letter_proposed, recording_cut_short
    kind: Mapped[str] = mapped_column(String(40))
    text: Mapped[str | None] = mapped_column(Text)
    task: Mapped[CallbackTask] = relationship(back_populates="events")
    user: Mapped[User | None] = relationship()


class Work(Base):
    """The outbox: one row per piece of work that must happen, see :mod:`ivr.outbox`."""

    __tablename__ = "work"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id"),
        Index(
            "ix_work_unfinished",
            "run_after",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index(
            "ix_work_failed",
            "failed_at",
            sqlite_where=text("done_at IS NULL AND failed_at IS NOT NULL"),
            postgresql_where=text("done_at IS NULL AND failed_at IS NOT NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int]
    urgent: Mapped[bool] = mapped_column(Boolean, default=False)
    #: Times it was begun; a worker that dies over it counts too.
    attempts: Mapped[int] = mapped_column(default=0)
    #: Rises with each `add`, so that a job finishing meanwhile does not swallow the new wish.
    generation: Mapped[int] = mapped_column(default=1)
    run_after: Mapped[datetime]
    #: The hosts it is for, where not all do the same (see `transcription_pools`).
    pool: Mapped[str | None] = mapped_column(String(40))
    #: Of what may be done in any order, the earliest first.
    deadline_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    leased_by: Mapped[str | None] = mapped_column(String(120), index=True)
    done_at: Mapped[datetime | None]
    #: Since when it needs a person; it is still tried once an hour.
    failed_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(500))
