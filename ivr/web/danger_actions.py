"""What a member does about a message that speaks of danger to life: act, take a false alarm back, undo that."""

from __future__ import annotations

from typing import Annotated

from flask_babel import gettext
from werkzeug.wrappers import Response

from ivr.callbacks import danger
from ivr.domain.enums import DangerStep
from ivr.domain.words import _
from ivr.web.actions import EndForm, act_on_task, task_form, uncovered
from ivr.web.contact_actions import desk
from ivr.web.form_fields import fixed

__all__ = ["desk"]


class DangerForm(EndForm):
    """What was done about a danger to life."""

    problem = _("Please choose what was done.")
    step: Annotated[str, fixed(tuple(DangerStep))]


@desk.post("/tasks/<int:task_id>/danger")
def act_on_danger(task_id: int) -> Response:
    """Record what was done."""
    form = task_form(DangerForm, task_id)
    return act_on_task(
        task_id,
        lambda session, task, user, now: danger.act(session, task, user, DangerStep(form.step), now),
        form=form,
        done=gettext("Recorded in the history."),
        ends=form,
    )


@desk.post("/tasks/<int:task_id>/no-danger")
def no_danger(task_id: int) -> Response:
    """Take a false alarm back."""
    form = task_form(EndForm, task_id)
    done = gettext("The sign of danger to life is taken back. The history tells who did it.")
    return act_on_task(task_id, uncovered(danger.take_back), done=done, ends=form)


@desk.post("/tasks/<int:task_id>/danger-again")
def danger_again(task_id: int) -> Response:
    """Undo that a danger was taken back."""
    done = gettext("The task stands before all others again, and the alert is sent again.")
    return act_on_task(task_id, uncovered(danger.confirm), done=done)
