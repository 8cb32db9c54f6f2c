"""Putting a task off to a later date, at the caller's wish: a time at which people are called back."""

from __future__ import annotations

from datetime import datetime

from flask import url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from ivr.callbacks import workflow
from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.notices import present
from ivr.web import forms, template_helpers
from ivr.web.actions import EndForm, act_on_task, task_form
from ivr.web.callback_actions import desk
from ivr.web.form_fields import LocalInstant

__all__ = ["desk"]


class PutOffForm(EndForm):
    """The date before which the caller does not want to be called."""

    problem = _("Please give a date and time within the next 60 days.")
    until: LocalInstant


def _require_calls_at(until: datetime, task_id: int) -> None:
    """Check that people are called back at an instant.

    Raises:
        forms.Invalid: nobody is. The next opening is named, and stands in the field.
    """
    opens = present.calls_from(until)
    if until <= utc_now() or opens is None or present.are_calls_placed(until):
        return
    said = gettext(
        "Nobody is called back at that time: %(time)s. The next time is %(opens)s. It stands in the field: please "
        "confirm it, or choose another one.",
        time=template_helpers.soon(until), opens=template_helpers.soon(opens),
    )  # fmt: skip
    proposed = opens.astimezone(settings().hours.zone).strftime("%Y-%m-%dT%H:%M")
    errors = {"until": str(said)}
    forms.keep_typed(PutOffForm, errors, {"until": proposed})
    raise forms.Invalid(errors, str(said), url_for("desk.task", task_id=task_id))


@desk.post("/tasks/<int:task_id>/put-off")
def put_off(task_id: int) -> Response:
    """Put a task off, because the caller asked for a later date."""
    form = task_form(PutOffForm, task_id)
    _require_calls_at(form.until, task_id)
    return act_on_task(
        task_id,
        lambda session, task, user, now: workflow.put_off(session, task, user, form.until, now),
        form=form,
        done=lambda _: gettext(
            "The task is put off until %(time)s. Until then the promise stands still.",
            time=template_helpers.soon(form.until),
        ),
        ends=form,
    )
