"""Tags on the page of a task, and the list of a team, which its supervisors keep."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import Blueprint, abort, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ivr.audit import access_log
from ivr.callbacks import tags as service
from ivr.domain.enums import AccessAction
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.team_tools import Tag
from ivr.web import forms
from ivr.web.actions import act, act_on_task, task_form
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import Id, Line, line_of

tags = Blueprint("tags", __name__)


class TagsForm(forms.Form):
    """The tags that are ticked."""

    tag: tuple[Id, ...] = ()


@tags.post("/desk/tasks/<int:task_id>/tags")
def choose(task_id: int) -> Response:
    """Give a task tags of its team, and take others away."""
    form = task_form(TagsForm, task_id)

    def change(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        service.choose(session, found, form.tag, user, now)

    return act_on_task(task_id, change, done=gettext("The tags are changed."))


class TagForm(forms.Form):
    """A new tag of a team."""

    team: Line = ""
    name: Annotated[str, line_of(40)] = ""


@tags.post("/supervision/texts/tags")
def add() -> Response:
    """Add a tag to the list of a team."""
    back = url_for("team_texts.page")
    form = forms.read(TagForm, back)
    team_id = next((team.id for team in me().scope if team.key == form.team), None) or abort(404)

    def change(session: Session) -> None:
        service.add(session, team_id, form.name)
        _note(session, f"tag {form.name}: added")

    return act(change, back, form=form, done=gettext("The tag is added."))


@tags.post("/supervision/texts/tags/<int:tag_id>/delete")
def delete(tag_id: int) -> Response:
    """Delete a tag: all tasks lose it."""

    def change(session: Session) -> None:
        found = session.get(Tag, tag_id)
        if found is None or found.team_id not in me().scope_ids:
            abort(404)
        _note(session, f"tag {found.name}: deleted")
        session.delete(found)

    return act(change, url_for("team_texts.page"), done=gettext("The tag is deleted."))


def _note(session: Session, detail: str) -> None:
    session.flush()
    access_log.append(session, actor(), AccessAction.TEAM_TEXTS_CHANGED, utc_now(), detail=detail)
