"""What a caller has answered about one request: typed slots from which every list of slots is derived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Self, get_args, get_origin, get_type_hints

from ivr.domain.enums import (
    AgeGroup,
    AppointmentMode,
    AppointmentReason,
    Availability,
    Companion,
    Concern,
    EmergencyKind,
    Promised,
    ReplyBy,
    TaskKind,
    Urgency,
)

#: Marks of fields. Of the person: it describes the caller and not the request, so a new request keeps it.
OF_PERSON: Mapping[str, Any] = {"of_person": True}
#: Prompts may name its value.
SPOKEN: Mapping[str, Any] = {"spoken": True}


@dataclass(frozen=True)
class RequestAnswers:
    """The answers that make up a request. They are stored with each voicebox message, see :func:`to_record`."""

    kind: TaskKind = TaskKind.CALLBACK
    concern: Concern | None = None
    emergency_kind: EmergencyKind | None = None
    age_group: AgeGroup | None = field(default=None, metadata=OF_PERSON)
    #: Key of an office of the settings.
    office: str = field(default="", metadata=OF_PERSON)
    availability: Availability | None = field(default=None, metadata=OF_PERSON)
    #: How the caller wants the answer; None before the question was answered.
    reply_by: ReplyBy | None = field(default=None, metadata=OF_PERSON)
    #: The caller speaks none of the languages of the menu.
    unlisted_language: bool = field(default=False, metadata=OF_PERSON)
    #: Key of the language that the caller has chosen beyond the menu.
    further_key: str = field(default="", metadata=OF_PERSON)
    #: Whether the caller has called about this before; None before the question was answered.
    called_before: bool | None = None
    #: Receipt code of the earlier request that the caller changes.
    changes: str = field(default="", metadata={"stored_as": "request"})
    #: Keys of forms of the settings.
    forms: tuple[str, ...] = ()
    customer_number: str = ""
    mode: AppointmentMode | None = None
    reason: AppointmentReason | None = None
    companion: Companion | None = None
    #: Hearing or speaking is hard.
    impairment: bool = False
    #: Under 25 and looking for training; None before the question was answered.
    training: bool | None = None

    @property
    def urgency(self) -> Urgency:
        """Emergency where the caller reported one."""
        return Urgency.EMERGENCY if self.concern == Concern.EMERGENCY else Urgency.NORMAL

    @classmethod
    def copied(cls, other: RequestAnswers) -> Self:
        """These answers as an object of this class."""
        return cls(**{name: getattr(other, name) for name in ANSWERS})


@dataclass(frozen=True)
class CallerRequest(RequestAnswers):
    """A request while the caller is still making it: the answers, and how far it has come."""

    #: A task holds the request, written down or about to be; None where there is none.
    promised: Promised | None = None
    #: Receipt code of the task the request has led to.
    receipt_code: str = field(default="", metadata=SPOKEN)
    #: Number of the recording that holds the caller's words about it, 0 before there is one.
    message_number: int = 0
    #: Numbers of the recordings before it that hold the beginning of the message.
    earlier_parts: tuple[int, ...] = ()
    #: The next recording replaces that one.
    records_again: bool = False
    #: The earlier request whose receipt code was keyed in waits for a call, and has no number that can be called.
    lacks_number: bool = False
    #: No number of that request can be called (again), whatever answer it waits for.
    uncallable: bool = False
    #: UTC instants that the status of an earlier request is told with.
    due_at: datetime | None = field(default=None, metadata=SPOKEN)
    tried_at: datetime | None = field(default=None, metadata=SPOKEN)
    appointment_at: datetime | None = field(default=None, metadata=SPOKEN)
    #: How and where a granted appointment takes place; the place of one in person, in German words.
    appointment_mode: AppointmentMode | None = None
    appointment_place: str = field(default="", metadata=SPOKEN)

    @property
    def parts(self) -> tuple[int, ...]:
        """Numbers of the recordings that make up the message, the first one first."""
        return (*self.earlier_parts, self.message_number) if self.message_number else ()


#: Names of the answers.
ANSWERS = tuple(answer.name for answer in fields(RequestAnswers))
#: What a new request forgets of the one before it: all but what describes the caller.
RESET_REQUEST: Mapping[str, Any] = {
    known.name: known.default for known in fields(CallerRequest) if not known.metadata.get("of_person")
}


class UnknownValue(ValueError):
    """A stored record has a value that no enumeration has."""


def to_record(answers: RequestAnswers) -> dict[str, str]:
    """The answers as a record of strings, without what is not known. Empty if nothing is known."""
    known = RequestAnswers.copied(answers)
    if known == RequestAnswers():
        return {}
    record = {"kind": str(known.kind)}
    for answer in fields(RequestAnswers):
        value = getattr(known, answer.name)
        if value != answer.default:
            record[answer.metadata.get("stored_as", answer.name)] = _to_text(value)
    return record


def from_record(record: Mapping[str, str]) -> RequestAnswers:
    """The answers in a record of strings. Names that are no answers are left out.

    Raises:
        UnknownValue: a value is none of its enumeration.
    """
    answers = {}
    for answer in fields(RequestAnswers):
        name = answer.metadata.get("stored_as", answer.name)
        if text := record.get(name):
            try:
                answers[answer.name] = _from_text(text, _types()[answer.name])
            except ValueError as error:
                raise UnknownValue(f"{name} has the unknown value {text!r}") from error
    return RequestAnswers(**answers)


def _to_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _from_text(text: str, kind: Any) -> Any:
    if kind is bool:
        if text not in ("yes", "no"):
            raise ValueError(text)
        return text == "yes"
    if get_origin(kind) is tuple:
        return tuple(part for part in text.split(",") if part)
    return kind(text) if issubclass(kind, StrEnum) else text


@cache
def _types() -> Mapping[str, Any]:
    """The type of each answer, without None."""
    return {name: _without_none(hint) for name, hint in get_type_hints(RequestAnswers).items()}


def _without_none(hint: Any) -> Any:
    if get_origin(hint) is not UnionType:
        return hint
    return next(part for part in get_args(hint) if part is not NoneType)
