"""Callback tasks (Rückrufaufträge) and what belongs to one: attempts, events, orders, wishes, drafts."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    inspect,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain import receipt_codes
from ivr.domain.enums import (
    AgeGroup,
    AppointmentMode,
    AppointmentReason,
    Availability,
    CarrierFault,
    Companion,
    Concern,
    DangerKind,
    DeliveryState,
    EmergencyKind,
    Outcome,
    PriorityGroup,
    RefusalReason,
    ReplyBy,
    RoomSize,
    SmsTemplate,
    TaskEventKind,
    TaskKind,
    TaskState,
    Urgency,
)
from ivr.models.accounts import Team, User
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.models.voicebox import VoiceboxMessage
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import NEVER_REUSED, Base, Id, one_of

if TYPE_CHECKING:
    from ivr.models.sla import SlaClock

_OPEN, _MERGED = text("state <> 'closed'"), text("merged_into_id IS NOT NULL")


def _of_open(name: str, *columns: str) -> Index:
    """An index of open tasks only."""
    return Index(name, *columns, sqlite_where=_OPEN, postgresql_where=_OPEN)


class CallbackTask(Base):
    """A team's promise to call back (Rückrufauftrag), to send forms or to answer an appointment wish."""

    __tablename__ = "callback_tasks"
    __table_args__ = (
        # One call has one task for each thing it is about.
        UniqueConstraint("call_id", "kind", "concern"),
        one_of("state", *TaskState),
        one_of("kind", *TaskKind),
        one_of("urgency", *Urgency),
        Index("ix_callback_tasks_queue", "state", "due_at"),
        # The order in which open tasks are served: 'emergency' comes before 'normal', silent callers come last.
        _of_open("ix_callback_tasks_line", "silent_caller", "urgency", "due_at", "id"),
        # All that the counts of the views and the filters look at.
        _of_open("ix_callback_tasks_of_team", "team_id", "kind", "urgency", "needs_interpreter", "language"),
        # How many wait how long, for the supervisors.
        _of_open("ix_callback_tasks_backlog", "team_id", "first_contact_at"),
        Index("ix_callback_tasks_first_contact_at", "first_contact_at"),
        Index("ix_callback_tasks_closed_at", "closed_at"),
        # What a team has closed today, and what it has closed last.
        Index("ix_callback_tasks_closed_of_team", "team_id", "closed_at"),
        # Few are merged: an index of all would look useless to SQLite, which counts rows to a value.
        Index("ix_callback_tasks_merged_into_id", "merged_into_id", sqlite_where=_MERGED, postgresql_where=_MERGED),
        _of_open("ix_callback_tasks_claimed", "claimed_by_id"),
        # Whether a number has an open task already.
        Index("ix_callback_tasks_callback_number", "callback_number"),
        NEVER_REUSED,
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[TaskKind] = mapped_column(Enumerated(TaskKind, 20), default=TaskKind.CALLBACK)
    state: Mapped[TaskState] = mapped_column(Enumerated(TaskState, 20), default=TaskState.OPEN)
    #: The call that opened it; `contacts` names them all.
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    language: Mapped[str] = mapped_column(String(8))
    concern: Mapped[Concern] = mapped_column(Enumerated(Concern, 40))
    urgency: Mapped[Urgency] = mapped_column(Enumerated(Urgency, 20), default=Urgency.NORMAL)
    #: Words of the transcript that have raised the urgency.
    urgency_words: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    #: When a person took such a raise back. Words do not raise the task again.
    urgency_lowered_at: Mapped[datetime | None]
    #: The language that a machine has heard in a message, where it is another one and no member has decided.
    spoken_language: Mapped[str | None] = mapped_column(String(8))
    #: Danger to somebody's life that a transcript speaks of, its words, when somebody acted, or called it false.
    danger: Mapped[DangerKind | None] = mapped_column(Enumerated(DangerKind, 20))
    danger_words: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    danger_acted_at: Mapped[datetime | None]
    danger_lowered_at: Mapped[datetime | None]
    #: no_money, power_cut, housing, food_voucher, other
    emergency_kind: Mapped[EmergencyKind | None] = mapped_column(Enumerated(EmergencyKind, 20))
    #: Key of the office (Geschäftsstelle), where the caller keyed in a postal code.
    office: Mapped[str | None] = mapped_column(String(40))
    age_group: Mapped[AgeGroup | None] = mapped_column(Enumerated(AgeGroup, 20))
    #: When the caller can be reached: morning, afternoon, any_time
    availability: Mapped[Availability | None] = mapped_column(Enumerated(Availability, 20))
    #: How the caller wants the answer. Nobody who wants it in writing is dialled without a member saying so.
    reply_by: Mapped[ReplyBy] = mapped_column(
        Enumerated(ReplyBy, 20), default=ReplyBy.CALL, server_default=ReplyBy.CALL.value
    )
    #: As a member has understood it.
    caller_name: Mapped[str | None] = mapped_column(String(120))
    #: E.164; None where the caller withheld it and entered none.
    callback_number: Mapped[str | None] = mapped_column(String(32))
    #: By which people call the task: the code of its first contact. Codes are looked up in `contacts`.
    receipt_code: Mapped[str] = mapped_column(String(receipt_codes.LENGTH), unique=True)
    #: The caller hung up in the middle of the recording and no audio is known yet.
    provisional: Mapped[bool] = mapped_column(Boolean, default=False)
    #: The caller has reported an emergency by key and done nothing more: confirmed by consent, speech, or a wish.
    unconfirmed: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: The caller has pressed nothing. Served last, with one attempt.
    silent_caller: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    first_contact_at: Mapped[datetime]
    due_at: Mapped[datetime]
    #: When the first real attempt to reach the caller was made: that keeps the promise.
    first_attempt_at: Mapped[datetime | None]
    #: When the promise of an attempt was recorded as missed (see ivr.models.sla.SlaClock).
    breached_at: Mapped[datetime | None]
    #: The caller is dialled only when an interpreter is connected.
    needs_interpreter: Mapped[bool] = mapped_column(Boolean, default=False)
    #: The caller speaks none of the languages of the menu; `language` is the one in which the call went on.
    unlisted_language: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: Who answers has to key in the receipt code before anything is said.
    demands_code: Mapped[bool] = mapped_column(Boolean, default=False)
    #: After an attempt in vain: when the next one is due.
    next_attempt_at: Mapped[datetime | None]
    #: Why the latest call was not put through: no telephone rang, and no attempt was counted.
    carrier_fault: Mapped[CarrierFault | None] = mapped_column(Enumerated(CarrierFault, 30))
    #: When the attempts were used up, so that a letter should be written.
    letter_proposed_at: Mapped[datetime | None]
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    claimed_at: Mapped[datetime | None]
    #: When who holds it last worked on it.
    claim_used_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    #: It was answered before, so long ago that the answer was counted then and is not counted again.
    closing_counted: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: It was closed before, with whatever outcome, so long ago that it was counted as closed then.
    closed_counted: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    outcome: Mapped[Outcome | None] = mapped_column(Enumerated(Outcome, 40))
    #: The task of the same person that a member has merged it into; it counts in no figure.
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("callback_tasks.id", ondelete="SET NULL"))
    #: The data subject has asked that it be kept and not used (Art. 18 GDPR).
    restricted_at: Mapped[datetime | None]
    #: All that was the caller's is destroyed at their wish; what is left is counted and goes when that is final.
    erased_at: Mapped[datetime | None]
    call: Mapped[Call] = relationship()
    contacts: Mapped[list[Contact]] = relationship(
        back_populates="task", order_by="Contact.at, Contact.id", cascade="all, delete-orphan"
    )
    merged_into: Mapped[CallbackTask | None] = relationship(remote_side=[id])
    team: Mapped[Team] = relationship()
    claimed_by: Mapped[User | None] = relationship()
    messages: Mapped[list[VoiceboxMessage]] = relationship(
        back_populates="task", order_by="(VoiceboxMessage.call_id, VoiceboxMessage.recording_number)"
    )
    attempts: Mapped[list[Attempt]] = relationship(back_populates="task", order_by="Attempt.at, Attempt.id")
    events: Mapped[list[TaskEvent]] = relationship(
        back_populates="task", order_by="TaskEvent.at, TaskEvent.id", cascade="all, delete-orphan"
    )
    postal_order: Mapped[PostalOrder | None] = relationship(cascade="all, delete-orphan")
    appointment_wish: Mapped[AppointmentWish | None] = relationship(cascade="all, delete-orphan")
    #: Tried, then reached.
    clocks: Mapped[list[SlaClock]] = relationship(
        back_populates="task", order_by="SlaClock.measure.desc()", viewonly=True
    )

    #: What open desks are told when many tasks change at once, and columns of which they are not told.
    LIVE_TOPIC = "team"
    LIVE_QUIET = frozenset({"claim_used_at"})

    def live_topics(self) -> set[str]:
        """What open desks are told when it changes: its team, and the team it was of before."""
        before = inspect(self).attrs.team_id.history.deleted
        return {f"task:{self.id}", *(f"team:{team_id}" for team_id in (self.team_id, *before) if team_id)}

    @property
    def in_danger(self) -> bool:
        """Whether a transcript speaks of danger to somebody's life, and nobody has called that a false alarm."""
        return self.danger is not None and self.danger_lowered_at is None

    @property
    def calls(self) -> list[Call]:
        """Its contacts' calls, and those in which a receipt code of theirs was keyed in, each once, by time."""
        calls = [(contact.at, contact.call) for contact in self.contacts]
        calls += [(later.at, later.call) for contact in self.contacts for later in contact.later_calls]
        return list({call.call_sid: call for _, call in sorted(calls, key=lambda at_and_call: at_and_call[0])}.values())


class SearchWord(Base):
    """A word by which a task is found, see :mod:`ivr.callbacks.search_index`."""

    __tablename__ = "search_words"
    word: Mapped[str] = mapped_column(
        String(60).with_variant(String(60, collation="C"), "postgresql"), primary_key=True
    )
    task_id: Mapped[int] = mapped_column(
        ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class PostalOrder(Base):
    """Forms (Formulare) a caller has ordered by post."""

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
        one_of("mode", *AppointmentMode),
        one_of("companion", *Companion),
        # Source, question 3: how many were refused an appointment, and why.
        CheckConstraint("appointment_at IS NULL OR refusal_reason IS NULL", name="granted_or_refused"),
    )
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True)
    mode: Mapped[AppointmentMode] = mapped_column(Enumerated(AppointmentMode, 20), default=AppointmentMode.IN_PERSON)
    #: benefits, work, documents, other
    reason: Mapped[AppointmentReason | None] = mapped_column(Enumerated(AppointmentReason, 20))
    #: Who takes part: none, interpreter, companion
    companion: Mapped[Companion] = mapped_column(Enumerated(Companion, 20), default=Companion.NONE)
    #: Hearing or speaking is hard.
    impairment: Mapped[bool] = mapped_column(Boolean, default=False)
    #: Under 25 and looking for training (unversorgte Bewerber*innen unter 25).
    seeks_training: Mapped[bool] = mapped_column(Boolean, default=False)
    #: Granted: when and where.
    appointment_at: Mapped[datetime | None] = mapped_column(index=True)
    place: Mapped[str | None] = mapped_column(String(200))
    #: small, or large where a third person takes part
    room: Mapped[RoomSize | None] = mapped_column(Enumerated(RoomSize, 10))
    #: Refused: why.
    refusal_reason: Mapped[RefusalReason | None] = mapped_column(Enumerated(RefusalReason, 20))

    @property
    def large_room(self) -> bool:
        """Whether a third person takes part, so that the room has to be larger."""
        return self.mode == AppointmentMode.IN_PERSON and self.companion in (Companion.INTERPRETER, Companion.COMPANION)

    @property
    def priority_groups(self) -> tuple[PriorityGroup, ...]:
        """Groups that are invited first.

        Source: those without sufficient German, with impairments of speech or hearing, and under 25 without
        training.
        """
        groups = {
            PriorityGroup.LANGUAGE: self.companion == Companion.INTERPRETER,
            PriorityGroup.IMPAIRMENT: self.impairment,
            PriorityGroup.UNDER_25_TRAINING: self.seeks_training,
        }
        return tuple(group for group, belongs in groups.items() if belongs)


class TextMessage(Base):
    """A text message (SMS) a caller has asked for, or a member has sent."""

    __tablename__ = "text_messages"
    __table_args__ = (
        UniqueConstraint("call_id", "to_number", "template", "number"),
        one_of("state", *DeliveryState),
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    to_number: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(8))
    #: Which text it began with (a prompt), and the how manieth of that kind it is.
    template: Mapped[SmsTemplate] = mapped_column(Enumerated(SmsTemplate, 40), default=SmsTemplate.LINK)
    number: Mapped[int] = mapped_column(default=1)
    #: What a member has sent, as they saw it; none for the link.
    text: Mapped[str | None] = mapped_column(Text)
    state: Mapped[DeliveryState] = mapped_column(Enumerated(DeliveryState, 20), default=DeliveryState.QUEUED)
    message_sid: Mapped[str | None] = mapped_column(String(64))
    #: When it was asked for; unknown of those of former versions.
    created_at: Mapped[datetime | None] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    #: When the carrier has told that the telephone has it; not every network tells it.
    delivered_at: Mapped[datetime | None]
    #: From when on nobody expects it, so that it is not sent any more; unknown of those of former versions.
    valid_until: Mapped[datetime | None]
    #: Why the carrier has not delivered it.
    carrier_fault: Mapped[CarrierFault | None] = mapped_column(Enumerated(CarrierFault, 30))


class Attempt(Base):
    """One try to reach the caller (Versuch) and how it ended (Ergebnis)."""

    __tablename__ = "attempts"
    id: Mapped[Id] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    #: When the caller's telephone began to ring.
    at: Mapped[datetime] = mapped_column(index=True)
    #: ringing, until the carrier's events tell how it ended
    outcome: Mapped[Outcome] = mapped_column(Enumerated(Outcome, 40))
    #: The call that was placed; none where a member has typed what happened.
    conversation_id: Mapped[Id | None] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    task: Mapped[CallbackTask] = relationship(back_populates="attempts")
    user: Mapped[User] = relationship()


class TaskEvent(Base):
    """Something that happened to a task; together they are its history."""

    __tablename__ = "task_events"
    id: Mapped[Id] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), index=True)
    #: None: no person did it.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    kind: Mapped[TaskEventKind] = mapped_column(Enumerated(TaskEventKind, 40))
    text: Mapped[str | None] = mapped_column(Text)
    task: Mapped[CallbackTask] = relationship(back_populates="events")
    user: Mapped[User | None] = relationship()

    def live_topics(self) -> set[str]:
        """What open desks are told when it is recorded: its task."""
        return self.task.live_topics()
