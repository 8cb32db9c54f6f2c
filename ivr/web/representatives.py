"""People who call for others, on the page of a task."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import Blueprint
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ivr.callbacks import representatives as service
from ivr.callbacks.representatives import Entered
from ivr.domain.enums import Authority, Relation
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.web import forms
from ivr.web.actions import act_on_task, task_form, uncovered
from ivr.web.form_fields import Day, Tick, line_of, one_of, text_of

representatives = Blueprint("representatives", __name__, url_prefix="/desk")


class RepresentativeForm(forms.Form):
    """Who calls, for whom, by what authority, whether that was proved, and the last day on which it counts."""

    name: Annotated[str, line_of(120)] = ""
    represents: Annotated[str, line_of(120)] = ""
    relation: Annotated[str, one_of(tuple(Relation))] = Relation.OTHER
    authority: Annotated[str, one_of(tuple(Authority))] = Authority.NONE
    proved: Tick = False
    counts_until: Day | None = None


@representatives.post("/tasks/<int:task_id>/representatives")
def enter(task_id: int) -> Response:
    """Enter who calls for the person."""
    form = task_form(RepresentativeForm, task_id)
    entered = Entered(
        form.name, form.represents, Relation(form.relation), Authority(form.authority), form.proved, form.counts_until
    )
    return act_on_task(
        task_id,
        uncovered(lambda session, task, user, now: service.enter(session, task, entered, user, now)),
        form=form,
        text=" → ".join(one for one in (form.name, form.represents) if one),
        done=gettext("Entered. What may be told stands above “Call back now”."),
    )


@representatives.post("/tasks/<int:task_id>/representatives/<int:representative_id>/end")
def end(task_id: int, representative_id: int) -> Response:
    """Note that somebody does not call for the person any more."""
    return act_on_task(
        task_id,
        uncovered(lambda session, task, user, now: service.end(session, task, representative_id, user, now)),
        done=gettext("The entry does not count any more."),
    )


class RefusedForm(forms.Form):
    """What was not told, to whom, and why."""

    text: Annotated[str, text_of(1000)] = ""


@representatives.post("/tasks/<int:task_id>/disclosure-refused")
def disclosure_refused(task_id: int) -> Response:
    """Record that something was not told."""
    form = task_form(RefusedForm, task_id)

    def change(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        service.disclosure_refused(session, found, form.text, user, now)

    return act_on_task(task_id, uncovered(change), text=form.text, done=gettext("Recorded: nothing was told."))
