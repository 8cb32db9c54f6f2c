"""Calls that members have marked, for supervisors: who needs help, what is decided, and listening in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from flask import Blueprint, Flask, abort, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session, object_session
from werkzeug.wrappers import Response as AnyResponse

from ivr.audit import access_log
from ivr.calls import screening
from ivr.contact_centre import incidents, listening
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation, Presence
from ivr.models.incidents import Incident
from ivr.platform import database
from ivr.web import forms
from ivr.web.actions import act
from ivr.web.authorisation import actor, me
from ivr.web.contact_centre import page_of_form
from ivr.web.form_fields import integer

marked = Blueprint("marked", __name__, url_prefix="/supervision/incidents")


def install(app: Flask) -> None:
    """Make it available to a task's page whom the caller may be called back with."""
    app.jinja_env.globals.update(seconds_for=_seconds_for)


def _seconds_for(task: CallbackTask) -> Sequence[Presence] | None:
    """Who could be in a call about a task as well; None where one may call alone."""
    session = object_session(task)
    if session is None or not incidents.has_threatened(session, task):
        return None
    return incidents.who_can_be_second(session, me(), utc_now())


@marked.get("/")
def page() -> str:
    """Insults and threats of one's teams, with what was said. Reading them is written down first."""
    now = utc_now()
    with database.writing() as session:
        access_log.append(session, actor(), "view", now, detail="incidents")
    with database.reading() as session:
        return render_template("incidents.html", incidents=incidents.of_teams(session, me()))


def _one(session: Session, incident_id: int) -> Incident:
    return incidents.one(session, me(), incident_id) or abort(404)


@marked.post("/<int:incident_id>/seen")
def seen(incident_id: int) -> AnyResponse:
    """One has seen it, and sees to it."""
    return act(
        lambda session: incidents.see(session, _one(session, incident_id), session.get_one(User, me().id), utc_now()),
        page_of_form(), done=gettext("You see to it. Nobody else is shown it any more."),
    )  # fmt: skip


@marked.post("/listen/<int:conversation_id>")
def listen(conversation_id: int) -> AnyResponse:
    """Listen in to a conversation of one's teams: everybody in it is told before."""

    def change(session: Session) -> None:
        conversation = session.get(Conversation, conversation_id) or abort(404)
        listening.begin(session, conversation, session.get_one(User, me().id), actor(), utc_now())

    done = gettext("Your telephone rings. Everybody in the conversation is told before you hear anything.")
    return act(change, page_of_form(), done=done, alone=True)


class BlockForm(forms.Form):
    """For how many days the number is blocked."""

    problem = _("Please fill in every field.")
    days: Annotated[int, integer(1, screening.LONGEST_BLOCK_DAYS)]


@marked.post("/<int:incident_id>/block")
def block(incident_id: int) -> AnyResponse:
    """Block the number of an incident for a stated time."""
    back = url_for("marked.page")
    form = forms.read(BlockForm, back)
    return act(
        lambda session: incidents.block(
            session, _one(session, incident_id), form.days, session.get_one(User, me().id), actor(), utc_now()
        ),
        back, form=form, done=gettext("The number is blocked. Its emergencies get through."),
    )  # fmt: skip


@marked.post("/<int:incident_id>/dismiss")
def dismiss(incident_id: int) -> AnyResponse:
    """There is no danger: the number is not blocked, and one person may call back."""
    return act(
        lambda session: incidents.dismiss(
            session, _one(session, incident_id), session.get_one(User, me().id), actor(), utc_now()
        ),
        url_for("marked.page"), done=gettext("The number is not blocked, and may be called back by one person."),
    )  # fmt: skip
