"""Interpreters are booked in advance, on the page of a task."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import Blueprint
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ivr.contact_centre import interpreter_bookings
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.web import forms
from ivr.web.actions import act_on_task, task_form, uncovered
from ivr.web.form_fields import Line, LocalInstant, one_of

bookings = Blueprint("bookings", __name__, url_prefix="/desk")


class BookingForm(forms.Form):
    """Who interprets, when, and for how many minutes."""

    interpreter: Line
    booked_for: LocalInstant
    minutes: Annotated[str, one_of([str(minutes) for minutes in interpreter_bookings.MINUTES])] = "30"


@bookings.post("/tasks/<int:task_id>/interpreter")
def book(task_id: int) -> Response:
    """Book an interpreter for a task."""
    form = task_form(BookingForm, task_id)

    @uncovered
    def change(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        interpreter_bookings.book(session, found, form.interpreter, form.booked_for, int(form.minutes), user, now)

    return act_on_task(task_id, change, form=form, done=gettext("The interpreter is booked."), alone=True)


@bookings.post("/tasks/<int:task_id>/interpreter/<int:booking_id>/cancel")
def cancel(task_id: int, booking_id: int) -> Response:
    """Cancel a booking."""
    return act_on_task(
        task_id,
        uncovered(lambda session, found, user, now: interpreter_bookings.cancel(session, found, booking_id, user, now)),
        done=gettext("The booking is canceled."),
        alone=True,
    )
