"""`/api/v1`: interpreters are booked in advance for the callback or the appointment of a task."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, abort, g, request, url_for
from spectree import Response as Answers
from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.callbacks.refused import Refused
from ivr.contact_centre import interpreter_bookings
from ivr.domain import words
from ivr.domain.enums import AccessAction, Refusal, TokenScope
from ivr.domain.timestamps import utc_now
from ivr.models.bookings import InterpreterBooking
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.web import openapi
from ivr.web.api import problem
from ivr.web.api_booking_models import Booking, BookingBody, Bookings, BookingsQuery
from ivr.web.api_directory import api
from ivr.web.api_models import Error, NoQuery

__all__ = ["api"]
_ID = "<int(min=1, max=9007199254740991):id>"
_WRONG = (Error, "what was wrong")
_CHANGED = Answers(
    HTTP_200=(Booking, "the booking as it is now"), HTTP_400=_WRONG, HTTP_401=_WRONG, HTTP_403=_WRONG,
    HTTP_404=_WRONG, HTTP_409=(Error, "why it is not possible"), HTTP_429=_WRONG,
)  # fmt: skip


@api.get("/interpreter-bookings")
@openapi.spec.validate(
    resp=Answers(HTTP_200=(Bookings, "a page of bookings"), HTTP_400=_WRONG, HTTP_401=_WRONG, HTTP_429=_WRONG),
    operation_id="listInterpreterBookings",
)
def bookings(query: BookingsQuery) -> Bookings | Response:
    """Bookings of interpreters, canceled ones too, and what became of each."""
    now = utc_now()
    with database.reading() as session:
        found = interpreter_bookings.page(session, query.since or now, query.after_id, query.limit)
        listed = [Booking.of(one, interpreter_bookings.state_of(session, one, now)) for one in found]
    following = None
    if len(found) == query.limit:
        since = query.since.isoformat() if query.since else None
        following = url_for("api.bookings", after_id=found[-1].id, limit=query.limit, since=since)
    return Bookings(bookings=listed, next=following)


@api.post(f"/tasks/{_ID}/interpreter")
@openapi.spec.validate(resp=_CHANGED, operation_id="bookInterpreter")
def book_interpreter(id: int, query: NoQuery, json: BookingBody) -> Booking | Response:
    """Book somebody of the pool for a task: at that time they are rung first for it, and for no other."""

    def change(session: Session) -> InterpreterBooking:
        task, begins_at = session.get(CallbackTask, id) or abort(404), json.begins()
        if begins_at is None:
            raise Refused(Refusal.LATER_DATE_NEEDED)
        return interpreter_bookings.book(session, task, json.number, begins_at, json.minutes, None, utc_now())

    return _change(change)


@api.post(f"/interpreter-bookings/{_ID}/cancel")
@openapi.spec.validate(resp=_CHANGED, operation_id="cancelInterpreterBooking")
def cancel_booking(id: int, query: NoQuery) -> Booking | Response:
    """Cancel a booking that has not been used."""

    def change(session: Session) -> InterpreterBooking:
        booking = session.get(InterpreterBooking, id) or abort(404)
        interpreter_bookings.cancel(session, booking.task, id, None, utc_now())
        return booking

    return _change(change)


def _change(change: Callable[[Session], InterpreterBooking]) -> Booking | Response:
    """Change a booking in one transaction, which is logged."""
    if TokenScope.CHANGES not in g.token.scopes:
        return problem(403, "a token with the scope `changes` is needed")
    by = Actor(g.token.name, "program", None, request.remote_addr or "")
    try:
        with database.writing_alone() as session:
            booking = change(session)
            session.flush()
            detail, action = (request.endpoint or "").partition(".")[2], AccessAction.CHANGED_BY_PROGRAM
            access_log.append(session, by, action, utc_now(), task=booking.task, detail=detail)
            return Booking.of(booking, interpreter_bookings.state_of(session, booking, utc_now()))
    except Refused as refused:
        return problem(409, words.REFUSALS[refused.reason])
