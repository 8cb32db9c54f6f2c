"""What `/api/v1` sends and accepts of interpreters' bookings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, WithJsonSchema

from ivr.domain.digits import LARGEST_ID
from ivr.domain.enums import BookingState
from ivr.models.bookings import InterpreterBooking
from ivr.web.api_models import Answer, Asked, Instant


def _in_utc(at: datetime | None) -> datetime | None:
    """The instant in UTC, in which the database looks for it."""
    try:
        return at and at.astimezone(UTC)
    except OverflowError:
        raise ValueError("there is no such instant in UTC") from None


class BookingsQuery(Asked):
    """Of which time the bookings are wanted."""

    since: Annotated[
        AwareDatetime | None,
        AfterValidator(_in_utc),
        WithJsonSchema({"type": "string", "format": "date-time"}),
        Field(
            description="only bookings that end later; now where it is left out",
            json_schema_extra=lambda one: one.pop("default", None),
        ),
    ] = None
    after_id: Annotated[int, Field(ge=0, le=LARGEST_ID, description="only bookings with a greater id")] = 0
    limit: Annotated[int, Field(ge=1, le=1000, description="how many at most")] = 1000


class Booking(Answer):
    """An interpreter is booked for a task."""

    id: int
    task_id: int
    language: str
    name: Annotated[str, Field(description="of the interpreter")]
    number: Annotated[str, Field(description="of the interpreter")]
    begins_at: Instant
    ends_at: Instant
    booked_at: Instant
    state: Annotated[
        BookingState, Field(description="unused: nobody has called at that time; lapsed: is not in the pool any more")
    ]

    @classmethod
    def of(cls, row: InterpreterBooking, state: BookingState) -> Booking:
        """From the database."""
        return cls(
            id=row.id, task_id=row.task_id, language=row.language, name=row.name, number=row.number,
            begins_at=row.begins_at, ends_at=row.ends_at, booked_at=row.booked_at, state=state,
        )  # fmt: skip


class Bookings(Answer):
    """Bookings, by id; `next` is null on the last page."""

    bookings: list[Booking]
    next: Annotated[str | None, Field(description="the address of what follows")]


class BookingBody(Asked):
    """Whom to book, when, and for how long."""

    number: Annotated[str, StringConstraints(max_length=40), Field(description="of somebody of the pool")]
    begins_at: AwareDatetime
    minutes: Literal[15, 30, 60, 90] = 30

    def begins(self) -> datetime | None:
        """The instant in UTC; None: there is none."""
        try:
            return self.begins_at.astimezone(UTC)
        except OverflowError:
            return None
