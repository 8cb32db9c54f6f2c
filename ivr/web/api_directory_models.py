"""What `/api/v1` sends and accepts of the directory, from which pools of interpreters are filled."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from ivr.config.settings import settings
from ivr.contact_centre import directory
from ivr.contact_centre.directory import Listed
from ivr.contact_centre.interpreter_pool import Interpreter as PoolMember
from ivr.domain import phone_numbers
from ivr.domain.enums import DirectoryKind
from ivr.domain.languages import LANGUAGES, UNKNOWN_LANGUAGE
from ivr.domain.opening_hours import WEEKDAYS
from ivr.models.directory import DirectoryEntry as EntryRow
from ivr.notices import further_languages
from ivr.web.api_models import Answer, Asked, Instant

_CLOSED = "closed"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
_HOURS = "`closed`, or local time as in `08:00-16:00`; `24:00` is the end of the day"
#: Dearest interpreter, in cents a minute.
_MOST_CENTS = 5000


def _in_order(hours: str) -> str:
    opens, _, closes = hours.partition("-")
    if closes and opens >= closes:
        raise ValueError("the end is not after the beginning")
    return hours


def _rung(number: str) -> str:
    found = phone_numbers.dialable(number)
    if found is None:
        raise ValueError("no telephone number that can be called")
    if settings().is_house_number(found):
        raise ValueError("a number of the hotline itself, or one that the house shows for everybody")
    if not settings().may_be_called(found):
        raise ValueError("the hotline does not call this country")
    return found


def _interpretable(code: str) -> str:
    if code not in (*LANGUAGES, UNKNOWN_LANGUAGE) and not further_languages.is_further(code):
        raise ValueError("no language that the hotline knows; `und` is one that nobody knows yet")
    return code


def _one_line(text: str) -> str:
    if not text.strip():
        raise ValueError("a name is needed")
    return " ".join(text.split())


_Hours = Annotated[
    str, StringConstraints(pattern=f"^(closed|{_TIME}-({_TIME}|24:00))$"), AfterValidator(_in_order),
    Field(description=_HOURS),
]  # fmt: skip
_Number = Annotated[
    str, StringConstraints(max_length=40, pattern=r"^[^\x00]*$"), AfterValidator(_rung),
    Field(description="a number that is rung, at best as in `+49421…`; none of the hotline, in a country it calls"),
]  # fmt: skip
_Line = Annotated[str, StringConstraints(max_length=120, pattern=r"^[^\x00]*$"), AfterValidator(_one_line)]
_Language = Annotated[str, StringConstraints(max_length=8), AfterValidator(_interpretable)]


class Week(Asked):
    """When somebody answers, by weekday."""

    monday: _Hours = _CLOSED
    tuesday: _Hours = _CLOSED
    wednesday: _Hours = _CLOSED
    thursday: _Hours = _CLOSED
    friday: _Hours = _CLOSED
    saturday: _Hours = _CLOSED
    sunday: _Hours = _CLOSED

    def spans(self) -> dict[str, str]:
        """The hours of the days that are not closed."""
        hours = {str(day): str(getattr(self, day)) for day in WEEKDAYS}
        return {day: span for day, span in hours.items() if span != _CLOSED}


class DirectoryEntry(Answer):
    """A number of an office, a partner or an interpreter, and whether somebody answers there now."""

    id: int
    kind: DirectoryKind
    name: str
    number: str
    hint: str
    hours: Week
    closed_on_holidays: bool
    languages: Annotated[list[str], Field(description="of an interpreter: what they interpret")]
    cents_per_minute: Annotated[int, Field(description="of an interpreter; the cheapest are rung first")]
    changed_at: Instant
    open_now: bool
    until: Annotated[Instant | None, Field(description="until when somebody answers who does so now")]
    opens: Annotated[Instant | None, Field(description="when somebody answers again; null: not within 60 days")]

    @classmethod
    def of(cls, row: EntryRow, now: datetime) -> DirectoryEntry:
        """From the database."""
        reach = directory.reach(row, now)
        return cls(
            id=row.id, kind=row.kind, name=row.name, number=row.number, hint=row.hint,
            hours=Week.model_validate({day: row.weekdays.get(day, _CLOSED) for day in WEEKDAYS}),
            closed_on_holidays=row.closed_on_holidays, languages=row.languages,
            cents_per_minute=row.cents_per_minute, changed_at=row.changed_at,
            open_now=reach.is_open, until=reach.until, opens=reach.opens,
        )  # fmt: skip


class Directory(Answer):
    """The entries, by kind and name."""

    entries: list[DirectoryEntry]


class DirectoryQuery(Asked):
    """Which entries are wanted."""

    words: Annotated[
        str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$"),
        Field(description="only entries in whose name, hint or number each of these words occurs"),
    ] = ""  # fmt: skip


class DirectoryBody(Asked):
    """What an entry is to say. An interpreter needs a language, everybody needs hours."""

    kind: DirectoryKind
    name: _Line
    number: _Number
    hours: Week
    hint: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00\r\n]*$")] = ""
    closed_on_holidays: bool = True
    languages: Annotated[list[_Language], Field(max_length=60, default_factory=list)]
    cents_per_minute: Annotated[int, Field(ge=0, le=_MOST_CENTS)] = 0

    def listed(self) -> Listed:
        """What the body says."""
        return Listed(
            self.kind, self.name, self.number, self.hours.spans(), languages=tuple(dict.fromkeys(self.languages)),
            closed_on_holidays=self.closed_on_holidays, cents_per_minute=self.cents_per_minute, hint=self.hint,
        )  # fmt: skip


class PoolQuery(Asked):
    """Of which language the pool is wanted."""

    language: Annotated[
        Annotated[str, StringConstraints(max_length=8, pattern="^[a-z]+$")] | None,
        WithJsonSchema({"type": "string", "maxLength": 8, "pattern": "^[a-z]+$"}),
        Field(description="only who interprets this language", json_schema_extra=lambda one: one.pop("default", None)),
    ] = None


class Interpreter(Answer):
    """Somebody of the pools, of the settings or of the directory."""

    name: str
    number: str
    languages: list[str]
    cents_per_minute: int
    on_duty: Annotated[bool, Field(description="can be rung now")]
    engaged: Annotated[bool, Field(description="is in a call with us now, or rung for one")]

    @classmethod
    def of(cls, one: PoolMember, now: datetime, *, engaged: bool) -> Interpreter:
        """From the pool."""
        return cls(
            name=one.name, number=one.number, languages=list(one.languages), cents_per_minute=one.cents_per_minute,
            on_duty=one.is_on_duty(now), engaged=engaged,
        )  # fmt: skip


class Interpreters(Answer):
    """The pool, in the order in which it is rung."""

    interpreters: list[Interpreter]
