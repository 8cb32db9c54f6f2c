"""What can be done with the contacts of tasks: compared, merged, split, and changes by receipt code decided."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import abort, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ivr.audit import access_log, access_reports, break_glass
from ivr.callbacks import caller_news, claims, code_changes, judgements, merging, proposals, queries, splitting
from ivr.callbacks.refused import Refused
from ivr.callbacks.task_locks import lock_task, lock_tasks
from ivr.domain.enums import AccessAction, CallerProof, Refusal, TaskState
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contacts import Contact
from ivr.platform import database
from ivr.web import forms
from ivr.web.actions import EndForm, act, act_on_task, marks_in, task_form, uncovered
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import Id, fixed, one_of
from ivr.web.putting_off import desk

__all__ = ["desk"]


@desk.get("/tasks/<int:task_id>/compare/<int:other_id>")
def compare(task_id: int, other_id: int) -> str | Response:
    """Two tasks beside each other: what each caller has said."""
    if task_id == other_id:
        return redirect(url_for("desk.task", task_id=task_id))
    now = utc_now()
    with database.writing() as session:
        for one_id in (task_id, other_id):
            seen = queries.visible(session, me(), one_id) or abort(404)
            reason = break_glass.reason_for(session, seen, me(), now)
            detail = "" if reason else access_reports.COVERED
            access_log.append(session, actor(), "view", now, task=seen, reason=reason or "", detail=detail)
    with database.reading() as session:
        pair = [queries.one(session, me(), one_id) or abort(404) for one_id in (task_id, other_id)]
        shown = break_glass.uncovered(session, pair, me(), now)
        signs = {one.task.id: one.signs for one in proposals.of_task(session, me(), pair[0], now)}
        return render_template(
            "compare.html", task=pair[0], other=pair[1], pair=pair, shown=shown, me=me(), now=now,
            signs=signs.get(other_id, ()), apart=judgements.between(session, task_id, other_id),
            marks=caller_news.marks(session, [task_id, other_id]),
            older=min(pair, key=lambda one: (one.first_contact_at, one.id)),
        )  # fmt: skip


class OtherForm(forms.Form):
    """The other task that this one is compared with."""

    other: Id


@desk.post("/tasks/<int:task_id>/compare")
def claim_both(task_id: int) -> Response:
    """Claim both tasks, in order to compare them."""
    other_id = task_form(OtherForm, task_id).other

    def change(session: Session) -> None:
        now = utc_now()
        for one_id in sorted((task_id, other_id)):
            found = queries.visible(session, me(), one_id) or abort(404)
            if found.state != TaskState.CLAIMED or found.claimed_by_id != me().id:
                claims.claim(session, found, me(), now)

    done = gettext("You have claimed both tasks. Please compare them.")
    return act(change, url_for("desk.compare", task_id=task_id, other_id=other_id), done=done)


class JudgementForm(OtherForm):
    """A judgement on two tasks. `seen`: the marks of what its page has shown of both (`id:mark`)."""

    seen: tuple[str, ...] = ()


class MergeForm(JudgementForm):
    """Which of two tasks stays."""

    problem = _("Please choose which task stays.")
    keep: Id


@desk.post("/tasks/<int:task_id>/merge")
def merge(task_id: int) -> Response:
    """Merge two tasks of one person."""
    form = task_form(MergeForm, task_id)
    if form.keep not in (task_id, form.other):
        abort(400)
    gone_id = task_id if form.keep == form.other else form.other

    def change(session: Session) -> None:
        now = utc_now()
        merging.merge(session, *_seen_both(session, form.keep, gone_id, form, now), me(), now)

    page = url_for("desk.compare", task_id=task_id, other_id=form.other)
    done = gettext("Merged: every contact stands here now, the other task is closed. You can undo this below.")
    return act(change, page, done=done, after=url_for("desk.task", task_id=form.keep))


@desk.post("/tasks/<int:task_id>/tell-apart")
def tell_apart(task_id: int) -> Response:
    """Keep that two tasks are not of the same person."""
    form = task_form(JudgementForm, task_id)
    other_id = form.other

    def change(session: Session) -> None:
        now = utc_now()
        judgements.tell_apart(session, *_seen_both(session, task_id, other_id, form, now), me(), now)

    done = gettext("Noted: not the same person. The two are not proposed any more. You can undo this below.")
    page = url_for("desk.compare", task_id=task_id, other_id=other_id)
    return act(change, page, done=done, after=url_for("desk.task", task_id=task_id))


@desk.post("/tasks/<int:task_id>/undo-tell-apart")
def undo_tell_apart(task_id: int) -> Response:
    """Take back that two tasks are not of the same person."""
    other_id = task_form(OtherForm, task_id).other

    def change(session: Session) -> None:
        one, other = (queries.visible(session, me(), each) or abort(404) for each in (task_id, other_id))
        judgements.take_back(session, one, other, me(), utc_now())

    done = gettext("The judgement “not the same person” is undone.")
    return act(change, url_for("desk.task", task_id=task_id), done=done)


def _seen_both(
    session: Session, task_id: int, other_id: int, form: JudgementForm, now: datetime
) -> tuple[CallbackTask, CallbackTask]:
    """Two tasks of which the reader may see what is the callers', and has seen all that has come."""
    one, other = (queries.visible(session, me(), each) or abort(404) for each in (task_id, other_id))
    lock_tasks(session, one, other)
    marks = marks_in(form.seen)
    for each in (task for task in (one, other) if task.state != TaskState.CLOSED):
        if break_glass.reason_for(session, each, me(), now) is None:
            raise Refused(Refusal.CLAIMED, by=each.claimed_by.name) if each.claimed_by else Refused(Refusal.COVERED)
        caller_news.require_seen(session, each, me(), marks.get(each.id, ""))
    return one, other


@desk.post("/tasks/<int:task_id>/undo-merge")
def undo_merge(task_id: int) -> Response:
    """Take back that a task was merged into another one."""
    done = gettext("The merge is undone: both tasks are again what they were.")
    return act_on_task(task_id, merging.undo, done=done)


@desk.post("/tasks/<int:task_id>/contacts/<int:contact_id>/split")
def split(task_id: int, contact_id: int) -> Response:
    """Take a contact out of a task into a task of its own."""
    own: list[int] = []

    def change(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
        own.append(splitting.split(session, _contact(session, task, contact_id), user, now).id)

    answer = act_on_task(task_id, uncovered(change), done=gettext("The contact has a task of its own now."))
    return redirect(url_for("desk.task", task_id=own[0])) if own else answer


class DecisionForm(EndForm):
    """Whether a change by receipt code is confirmed, and how one knows who made it. What is decided has been shown."""

    decision: Annotated[str, fixed(("confirm", "reject"))]
    proof: Annotated[str, one_of(tuple(CallerProof))] = ""


@desk.post("/tasks/<int:task_id>/contacts/<int:contact_id>/decide")
def decide(task_id: int, contact_id: int) -> Response:
    """Confirm or reject a number or a withdrawal that was keyed in with a receipt code."""
    form = task_form(DecisionForm, task_id)
    confirmed = form.decision == "confirm"

    def change(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
        contact = _contact(session, task, contact_id)
        lock_task(session, task.id)
        caller_news.require_seen(session, task, user, form.seen)
        if confirmed:
            code_changes.confirm(session, contact, form.proof, user, now)
        else:
            code_changes.refuse(session, contact, user, now)
        detail = f"contact {contact.id}: {form.decision}"
        access_log.append(session, actor(), AccessAction.CODE_CHANGE, now, task=task, reason=form.proof, detail=detail)

    done = gettext("Confirmed.") if confirmed else gettext("Rejected: everything is as it was before the change.")
    return act_on_task(task_id, uncovered(change), done=done)


@desk.post("/tasks/<int:task_id>/contacts/<int:contact_id>/stop-telling")
def stop_telling(task_id: int, contact_id: int) -> Response:
    """Keep a planned text message to the number of before a change from being sent."""

    def change(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
        code_changes.stop_telling(session, _contact(session, task, contact_id), user, now)

    return act_on_task(task_id, uncovered(change), done=gettext("No text message goes to the number of before."))


def _contact(session: Session, task: CallbackTask, contact_id: int) -> Contact:
    contact = session.get(Contact, contact_id) or abort(404)
    if contact.task_id != task.id:
        raise Refused(Refusal.CONTACT_MOVED)
    return contact
