"""The page on which a member writes down what came by a visit, a letter, an e-mail or another line."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.callbacks import by_hand, claims, queries
from ivr.callbacks.by_hand import SOURCES, Entry
from ivr.callbacks.refused import Refused
from ivr.domain import words
from ivr.domain.enums import Concern, ContactSource
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.platform import database
from ivr.web import forms, sent_once, template_helpers
from ivr.web.authorisation import me
from ivr.web.form_fields import Text, Tick, WrittenNumber, line_of, one_of

hand = Blueprint("hand", __name__, url_prefix="/desk/new")


class EntryForm(forms.Form):
    """What has come, and whether the member claims the task at once."""

    source: Annotated[str, one_of(SOURCES)]
    concern: Annotated[str, one_of(tuple(Concern))]
    language: Annotated[str, one_of(tuple(LANGUAGES))]
    number: WrittenNumber = ""
    name: Annotated[str, line_of(120)] = ""
    text: Text = ""
    claim: Tick = False


@hand.get("")
def page() -> str:
    """The empty form."""
    return render_template(
        "task_by_hand.html",
        sources=[(one, words.CONTACT_SOURCES.of(one, gettext)) for one in SOURCES],
        concerns=[(one, words.CONCERNS.of(one, gettext)) for one in Concern],
    )


@hand.post("")
def create() -> AnyResponse:
    """Open the task, and say until when its caller has been promised a callback."""
    form, here = forms.read(EntryForm, url_for("hand.page")), url_for("hand.page")
    entry = Entry(
        ContactSource(form.source), Concern(form.concern), form.language, form.number, form.name, form.text
    )  # fmt: skip
    try:
        with database.writing() as session:
            sent_once.require_first(session, here)
            task_id, done, is_seen = _open(session, entry, form.claim)
    except Refused as error:
        flash(template_helpers.refusal(error), "warning")
        forms.keep_typed(EntryForm)
        return redirect(here)
    flash(done, "success")
    return redirect(url_for("desk.task", task_id=task_id) if is_seen else here)


def _open(session: Session, entry: Entry, wants_claim: bool) -> tuple[int, str, bool]:
    """The task's id, what is said of it, and whether the member may see it: another team's is named only."""
    now = utc_now()
    task = by_hand.open_task(session, entry, session.get_one(User, me().id), now)
    is_seen = queries.may_see(session, me(), task.id)
    if wants_claim and is_seen:
        claims.claim(session, task, session.get_one(User, me().id), now)
    done = gettext(
        "Task %(code)s of %(team)s is open. The callback is promised until %(time)s.",
        code=task.receipt_code, team=task.team.name, time=template_helpers.soon(task.due_at),
    )  # fmt: skip
    return task.id, str(done), is_seen
