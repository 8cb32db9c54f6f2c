"""The customer view: all requests of one proven person in one's own teams, on one time line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.audit import access_log, access_reports, break_glass
from ivr.callbacks import identities, queries
from ivr.callbacks.refused import Refused
from ivr.domain.enums import Refusal
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.web import forms, template_helpers
from ivr.web.actions import act_on_task, task_form, uncovered
from ivr.web.authorisation import actor, me
from ivr.web.case_access import ReasonForm
from ivr.web.form_fields import Digits, Id, Line

person = Blueprint("person", __name__, url_prefix="/desk")


@person.get("/tasks/<int:task_id>/person")
def page(task_id: int) -> str | AnyResponse:
    """The time line. What is the caller's is shown of tasks that the reader holds or has unlocked."""
    now = utc_now()
    with database.writing() as session:
        seen = queries.visible(session, me(), task_id) or abort(404)
        if break_glass.reason_for(session, seen, me(), now) is None:
            flash(template_helpers.refusal(Refused(Refusal.COVERED)), "warning")
            return redirect(url_for("desk.task", task_id=task_id))
        theirs = identities.tasks_of_person(session, me(), seen)
        if not theirs:
            flash(template_helpers.refusal(Refused(Refusal.NOT_PROVEN)), "warning")
            return redirect(url_for("desk.task", task_id=task_id))
        for one in theirs:
            reason = break_glass.reason_for(session, one, me(), now)
            detail = "" if reason else access_reports.COVERED
            access_log.append(session, actor(), "view", now, task=one, reason=reason or "", detail=detail)
    with database.reading() as session:
        return render_template("person.html", **_shown(session, task_id, now), reasons=break_glass.REASONS)


def _shown(session: Session, task_id: int, now: datetime) -> dict[str, Any]:
    found = queries.visible(session, me(), task_id) or abort(404)
    theirs = identities.tasks_of_person(session, me(), found)
    shown = break_glass.uncovered(session, theirs, me(), now)
    line = sorted(
        ((event, one) for one in theirs for event in one.events),
        key=lambda pair: (pair[0].at, pair[0].id),
        reverse=True,
    )
    return {
        "task": found, "theirs": theirs, "shown": shown, "line": line, "now": now,
        "proof": identities.of_task(session, task_id),
        "elsewhere": identities.count_of_person(session, found) - len(theirs),
        "candidates": identities.candidates(session, me(), found),
    }  # fmt: skip


class ProofForm(forms.Form):
    """How the identity was proven."""

    proof: Line = ""


@person.post("/tasks/<int:task_id>/identity")
def prove(task_id: int) -> AnyResponse:
    """Note that the identity is proven."""
    form = task_form(ProofForm, task_id)
    return act_on_task(
        task_id,
        uncovered(lambda session, task, user, now: identities.prove(session, task, form.proof, user, now)),
        done=gettext("Noted: the identity is proven. “All requests of this person” shows them on one time line."),
    )


@person.post("/tasks/<int:task_id>/identity/take-back")
def take_back(task_id: int) -> AnyResponse:
    """Take back that the identity is proven."""
    return act_on_task(
        task_id, uncovered(identities.take_back), done=gettext("Taken back: the identity is not proven.")
    )


class CodeForm(forms.Form):
    """The receipt code of another request, as the person has named it."""

    code: Digits = ""


@person.post("/tasks/<int:task_id>/person/code")
def by_code(task_id: int) -> AnyResponse:
    """Add another request of the person by its receipt code."""
    form = task_form(CodeForm, task_id)

    def change(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
        identities.join_by_code(session, task, form.code, user, now)

    done = gettext("Added: the request stands on the time line of this person.")
    return act_on_task(task_id, uncovered(change), done=done, after=url_for("person.page", task_id=task_id))


class OtherForm(forms.Form):
    """Another task whose identity is proven."""

    other: Id


@person.post("/tasks/<int:task_id>/person/join")
def join(task_id: int) -> AnyResponse:
    """Note that another proven task is the same person's."""
    form = task_form(OtherForm, task_id)

    def change(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
        other = queries.visible(session, user, form.other) or abort(404)
        identities.join(session, task, other, user, now)

    done = gettext("Added: the request stands on the time line of this person.")
    return act_on_task(task_id, uncovered(change), done=done, after=url_for("person.page", task_id=task_id))


@person.post("/tasks/<int:task_id>/person/open")
def unlock(task_id: int) -> AnyResponse:
    """Unlock all requests of the person in one's teams, with one stated reason; each is logged."""
    form, now = task_form(ReasonForm, task_id), utc_now()
    back = redirect(url_for("person.page", task_id=task_id))
    try:
        reason = break_glass.stated(form.reason, form.reason_text)
    except break_glass.NoReason:
        flash(gettext("Please say why you open this task; with “another reason” in some words."), "warning")
        return back
    with database.writing() as session:
        found = queries.visible(session, me(), task_id) or abort(404)
        if break_glass.reason_for(session, found, me(), now) is None:
            return back
        for one in identities.tasks_of_person(session, me(), found):
            if one.restricted_at is None and break_glass.reason_for(session, one, me(), now) is None:
                break_glass.open_task(session, one, me(), reason, now)
                access_log.append(session, actor(), "open", now, task=one, reason=reason)
    return back
