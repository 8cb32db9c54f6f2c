"""What `/api/v1` takes and gives, as models: the one source of validation, answers and the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints, WithJsonSchema

from ivr.callbacks import promises
from ivr.domain import carrier_ids
from ivr.domain.digits import LARGEST_ID, is_digits
from ivr.domain.enums import (
    AgeGroup,
    AppointmentMode,
    AppointmentReason,
    Availability,
    Companion,
    Concern,
    DangerKind,
    EmergencyKind,
    Outcome,
    PriorityGroup,
    RecordingState,
    RefusalReason,
    ReplyBy,
    SlaMeasure,
    SlaState,
    TaskKind,
    TaskState,
    TranscriptReason,
    TranscriptState,
    Urgency,
)
from ivr.domain.timestamps import iso, utc_now
from ivr.models.callbacks import AppointmentWish as WishRow
from ivr.models.callbacks import CallbackTask
from ivr.models.callbacks import PostalOrder as OrderRow
from ivr.models.contacts import Contact as ContactRow
from ivr.models.voicebox import Transcript as TranscriptRow
from ivr.models.voicebox import VoiceboxMessage

#: An instant in UTC, as RFC 3339 with a `Z`.
Instant = Annotated[
    datetime, PlainSerializer(iso, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"})
]
Share = Annotated[float, Field(ge=0, le=1)]


def _ascii_only(value: Any) -> Any:
    if isinstance(value, str) and not is_digits(value):
        raise ValueError("a whole number in ASCII digits")
    return value


def _not_required(schema: dict[str, Any]) -> None:
    """A parameter that may be left out has no default and is never null."""
    schema.pop("default", None)


_WHOLE = BeforeValidator(_ascii_only)


class Answer(BaseModel):
    """What a program gets. Built when it is first needed: importing the application is to be quick."""

    model_config = ConfigDict(defer_build=True)


class Asked(BaseModel):
    """What a program sends, in the address or the body: nothing but what is named."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class TaskQuery(Asked):
    """Parameters of a list of tasks."""

    limit: Annotated[int, Field(ge=1, le=1000, description="how many at most"), _WHOLE] = 1000
    after_id: Annotated[int, Field(ge=0, le=LARGEST_ID, description="only tasks with a greater id"), _WHOLE] = 0
    state: Annotated[
        TaskState | None,
        WithJsonSchema({"type": "string", "enum": [state.value for state in TaskState]}),
        Field(description="only tasks in this state", json_schema_extra=_not_required),
    ] = None
    call_sid: Annotated[
        Annotated[str, StringConstraints(pattern=carrier_ids.PATTERN)] | None,
        WithJsonSchema({"type": "string", "pattern": carrier_ids.PATTERN}),
        Field(description="only tasks this call belongs to", json_schema_extra=_not_required),
    ] = None


class NoQuery(Asked):
    """No parameters."""


class Error(Answer):
    """What was wrong."""

    error: str


class Word(Answer):
    """A recognised word."""

    word: str
    start: Annotated[float, Field(description="seconds from the beginning")]
    end: Annotated[float, Field(description="seconds from the beginning")]
    confidence: Share


class Transcript(Answer):
    """What a message says."""

    state: TranscriptState
    reason: Annotated[TranscriptReason | None, Field(description="why a person must listen")]
    text: str | None
    confidence: Share | None
    words: list[Word]

    @classmethod
    def of(cls, row: TranscriptRow | None, *, callers: bool) -> Transcript:
        """From the database; until the audio has arrived there is no row, which is "pending" to the reader."""
        if row is None:
            return cls(state=TranscriptState.PENDING, reason=None, text=None, confidence=None, words=[])
        return cls.model_validate(
            {
                "state": row.state,
                "reason": row.reason,
                "text": row.text if callers else None,
                "confidence": row.confidence,
                "words": (row.words or []) if callers else [],
            }
        )


class Message(Answer):
    """A voicebox message."""

    recording_sid: str | None
    recorded_seconds: float | None
    recording_state: RecordingState | None
    continues: Annotated[bool, Field(description="a further part of the message before it")]
    cut_at_limit: Annotated[
        bool | None, Field(description="the time for one recording was over before the caller was; null: not known")
    ]
    transcript: Transcript

    @classmethod
    def of(cls, row: VoiceboxMessage, *, callers: bool) -> Message:
        """From the database."""
        recording = row.recording
        return cls(
            recording_sid=recording.recording_sid if recording else None,
            recorded_seconds=recording.recorded_seconds if recording else None,
            recording_state=RecordingState(recording.state) if recording else None,
            continues=row.continues_number is not None,
            cut_at_limit=row.cut_at_limit,
            transcript=Transcript.of(recording.transcript if recording else None, callers=callers),
        )


class Contact(Answer):
    """One request of one call. Its receipt code was told to this caller alone."""

    id: int
    at: Instant
    call_sid: str
    receipt_code: Annotated[str, StringConstraints(pattern="^[0-9]{8}([0-9]{2})?$")]
    kind: TaskKind
    concern: Concern
    urgency: Urgency
    language: Annotated[str, Field(description="ISO 639 code")]
    availability: Annotated[Availability | None, Field(description="when to call")]
    callback_number: Annotated[str | None, Field(description="E.164; null when withheld and none was entered")]
    number_changed_at: Annotated[Instant | None, Field(description="when another number was given by receipt code")]
    withdrawn_at: Annotated[Instant | None, Field(description="when it was withdrawn by receipt code")]
    confirmed_at: Annotated[Instant | None, Field(description="when somebody has confirmed the last such change")]
    messages: Annotated[list[str], Field(description="`recording_sid` of its messages")]

    @classmethod
    def of(cls, row: ContactRow, *, callers: bool) -> Contact:
        """From the database."""
        names = ("id", "at", "receipt_code", "kind", "concern", "urgency", "language", "availability",
                 "number_changed_at", "withdrawn_at", "confirmed_at")  # fmt: skip
        recordings = [message.recording.recording_sid for message in row.messages if message.recording]
        return cls.model_validate(
            {
                **{name: getattr(row, name) for name in names},
                "call_sid": row.call.call_sid,
                "callback_number": row.callback_number if callers else None,
                "messages": recordings,
            }
        )


class PostalOrder(Answer):
    """Forms that are wanted by post."""

    forms: list[str]
    customer_number: str | None

    @classmethod
    def of(cls, row: OrderRow | None, *, callers: bool) -> PostalOrder | None:
        """From the database."""
        return None if row is None else cls(forms=row.forms, customer_number=row.customer_number if callers else None)


class AppointmentWish(Answer):
    """A wish for an appointment, and the answer to it."""

    model_config = ConfigDict(from_attributes=True, defer_build=True)

    mode: AppointmentMode
    reason: AppointmentReason | None
    companion: Companion
    impairment: Annotated[bool, Field(description="hearing or speaking is hard")]
    large_room: bool
    priority_groups: list[PriorityGroup]
    appointment_at: Instant | None
    place: str | None
    refusal_reason: RefusalReason | None

    @classmethod
    def of(cls, row: WishRow | None, *, callers: bool) -> AppointmentWish | None:
        """From the database."""
        if row is None:
            return None
        found = cls.model_validate(row)
        return found if callers else found.model_copy(update={"place": None})


class Promise(Answer):
    """A promise of a task: how far it has come."""

    measure: Annotated[SlaMeasure, Field(description="tried: a first real attempt; reached: spoken with, or closed")]
    state: SlaState
    due_at: Instant
    missed: Annotated[bool, Field(description="it was missed, also if it was kept late or is no longer expected")]
    met_at: Instant | None


def _promise(one: promises.Promise) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in ("measure", "state", "due_at", "met_at")}
    return {**told, "missed": one.was_missed}


class Task(Answer):
    """A callback task."""

    id: int
    kind: TaskKind
    state: TaskState
    team: Annotated[str, Field(description="key of the responsible team")]
    language: Annotated[str, Field(description="ISO 639 code of the caller's language; und: nobody knows it")]
    concern: Concern
    urgency: Urgency
    emergency_kind: EmergencyKind | None
    urgency_words: Annotated[list[str], Field(description="words of the transcript that have raised the urgency")]
    danger: Annotated[DangerKind | None, Field(description="danger to life that a message speaks of; null: none")]
    office: Annotated[str | None, Field(description="key of the office, where a postal code was keyed in")]
    age_group: Annotated[AgeGroup | None, Field(description="where it is known")]
    availability: Annotated[Availability | None, Field(description="when to call")]
    reply_by: Annotated[ReplyBy, Field(description="writing: the caller wants an answer in writing, no call")]
    callback_number: Annotated[str | None, Field(description="E.164; null when withheld and none was entered")]
    receipt_code: Annotated[str, StringConstraints(pattern="^[0-9]{8}([0-9]{2})?$")]
    call_sid: Annotated[str, Field(description="the call that opened it")]
    calls: Annotated[list[str], Field(description="all calls about it, the first one first")]
    first_contact_at: Instant
    due_at: Instant
    first_attempt_at: Instant | None
    breached_at: Annotated[Instant | None, Field(description="when the promise of an attempt was recorded as missed")]
    promises: Annotated[list[Promise], Field(description="the promises: tried, then reached")]
    next_attempt_at: Annotated[Instant | None, Field(description="after an attempt in vain: when to try again")]
    letter_proposed_at: Annotated[Instant | None, Field(description="when the attempts were used up")]
    needs_interpreter: Annotated[bool, Field(description="the caller is dialled only with an interpreter")]
    unlisted_language: Annotated[
        bool,
        Field(description="the caller speaks none of the languages of the menu; `language` is another one, or und"),
    ]
    claimed_at: Instant | None
    closed_at: Instant | None
    outcome: Outcome | None
    merged_into_id: Annotated[int | None, Field(description="the task of the same person it was merged into")]
    contacts: Annotated[list[Contact], Field(description="what each call has said; the first one opened the task")]
    messages: list[Message]
    seen: Annotated[str, Field(description="a mark of all that has come from callers; it goes back with a decision")]
    postal_order: PostalOrder | None
    appointment_wish: AppointmentWish | None

    @classmethod
    def of(cls, row: CallbackTask, seen: str, *, callers: bool) -> Task:
        """From the database.

        `seen`: what :func:`ivr.callbacks.caller_news.mark` gives. `callers`: with what is the caller's own; it is left
        out of tasks whose caller has asked that their data is not used (Art. 18 GDPR).

        Raises:
            ValueError: the database holds what this model does not know; the message names the column and the value.
        """
        callers = callers and row.restricted_at is None
        plain = {name: getattr(row, name) for name in _PLAIN}
        return cls.model_validate(
            {
                **plain,
                "seen": seen,
                "team": row.team.key,
                "danger": row.danger if callers and row.in_danger else None,
                "urgency_words": (row.urgency_words or []) if callers else [],
                "callback_number": row.callback_number if callers else None,
                "promises": [_promise(one) for one in promises.of(row, utc_now())],
                "call_sid": row.call.call_sid,
                "calls": [call.call_sid for call in row.calls],
                "contacts": [Contact.of(contact, callers=callers) for contact in row.contacts],
                "messages": [Message.of(message, callers=callers) for message in row.messages],
                "postal_order": PostalOrder.of(row.postal_order, callers=callers),
                "appointment_wish": AppointmentWish.of(row.appointment_wish, callers=callers),
            }
        )


#: Fields of a task that are columns of its row.
_PLAIN = (
    "id", "kind", "state", "language", "concern", "urgency", "emergency_kind", "office", "age_group", "availability",
    "reply_by", "receipt_code", "first_contact_at", "due_at", "first_attempt_at", "breached_at", "next_attempt_at",
    "letter_proposed_at", "needs_interpreter", "unlisted_language", "claimed_at", "closed_at", "outcome",
    "merged_into_id",
)  # fmt: skip


class TaskPage(Answer):
    """A page of tasks."""

    tasks: list[Task]
    next: Annotated[str | None, Field(description="address of the next page")]
    unreadable: Annotated[
        list[int], Field(description="tasks of this page that hold a value which this version does not know")
    ] = []
