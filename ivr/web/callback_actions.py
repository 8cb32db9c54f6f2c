"""What can be done with a task on its page: one route for each action, each one function of a lower package."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask import abort, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ivr.audit import access_log
from ivr.callbacks import appointments, claims, collaboration, events, mentions, queries, sms, urgency, workflow
from ivr.callbacks.refused import Refused
from ivr.domain import words
from ivr.domain.enums import AccessAction, Refusal, RefusalReason, RoomSize, TaskEventKind
from ivr.domain.outcomes import ATTEMPT_OUTCOMES
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording
from ivr.platform import database
from ivr.privacy import legal_holds
from ivr.web import forms, template_helpers
from ivr.web.actions import EndForm, act, act_on_task, task_form, uncovered
from ivr.web.authorisation import actor, me
from ivr.web.callbacks import desk
from ivr.web.form_fields import Day, InstantToCome, Line, Text, Tick, fixed, line_of, one_of, text_of
from ivr.web.undoing import undoable

__all__ = ["desk"]
_HOW = _("Please choose how it ended.")


@desk.post("/tasks/<int:task_id>/claim")
def claim(task_id: int) -> Response:
    """Claim a task."""
    return act_on_task(task_id, claims.claim, done=gettext("You have claimed the task."))


@desk.post("/tasks/<int:task_id>/release")
def release(task_id: int) -> Response:
    """Give a task back to its team."""
    change = undoable(TaskEventKind.RELEASED, claims.release)
    return act_on_task(task_id, change, done=gettext("The task is released: the team can claim it."))


@desk.post("/tasks/<int:task_id>/reopen")
def reopen(task_id: int) -> Response:
    """Take a closing back."""
    return act_on_task(task_id, workflow.reopen, done=gettext("The task is open again."))


@desk.post("/tasks/<int:task_id>/take-over")
def take_over(task_id: int) -> Response:
    """Take over a task whose claim is not used."""
    return act_on_task(task_id, claims.take_over, done=gettext("You have taken over the task."))


@desk.post("/tasks/<int:task_id>/keep")
def keep(task_id: int) -> Response:
    """Say that one still works on a task."""
    return act_on_task(task_id, claims.mark_used, done=gettext("Noted: you still work on this task."))


@desk.post("/tasks/<int:task_id>/lower-urgency")
def lower_urgency(task_id: int) -> Response:
    """Take back that the transcript's words have raised the urgency."""
    form = task_form(EndForm, task_id)
    done = gettext("The task is not an emergency any more.")
    return act_on_task(task_id, urgency.lower_urgency, done=done, ends=form)


class AttemptForm(EndForm):
    """How an attempt ended."""

    problem = _HOW
    outcome: Annotated[str, one_of(ATTEMPT_OUTCOMES)]


def _after_an_attempt(found: CallbackTask) -> str:
    if found.next_attempt_at is not None:
        following = gettext("Next one: %(time)s.", time=template_helpers.soon(found.next_attempt_at))
    elif found.letter_proposed_at is not None:
        following = gettext("No further attempt is planned: please write a letter.")
    else:
        following = gettext("No further attempt is planned.")
    return " ".join((str(gettext("The attempt is recorded.")), str(following)))


@desk.post("/tasks/<int:task_id>/attempt")
def attempt(task_id: int) -> Response:
    """Record an attempt that did not settle the request."""
    form = task_form(AttemptForm, task_id)
    return act_on_task(
        task_id,
        lambda session, task, user, now: workflow.record_attempt(session, task, user, form.outcome, now),
        form=form,
        done=_after_an_attempt,
        ends=form,
    )


class NoteForm(forms.Form):
    """A note."""

    text: Text = ""


@desk.post("/tasks/<int:task_id>/note")
def note(task_id: int) -> Response:
    """Write a note."""
    form, not_told = task_form(NoteForm, task_id), list[str]()

    def change(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        if not form.text.strip():
            raise Refused(Refusal.NOTE_NEEDED)
        not_told[:] = mentions.left_out(session, found, form.text)
        events.note(session, found, user, form.text, now)
        claims.mark_used(session, found, user, now)
        collaboration.drop_draft(session, found, user)

    def done(_: CallbackTask) -> str:
        left = gettext("%(names)s may not see this task and is not told.", names=", ".join(not_told))
        return " ".join((str(gettext("The note is saved.")), *([str(left)] if not_told else [])))

    return act_on_task(task_id, change, text=form.text, done=done)


class DraftForm(forms.Form):
    """What is being written."""

    text: str = ""


@desk.post("/tasks/<int:task_id>/draft")
def draft(task_id: int) -> tuple[str, int]:
    """Keep what is being written; sent by the page as it is typed."""
    form = forms.read(DraftForm)
    with database.writing() as session:
        found = queries.one(session, me(), task_id) or abort(404)
        collaboration.keep_draft(session, found, me(), form.text, utc_now())
    return "", 204


class CloseForm(EndForm):
    """How a task is closed, and what was agreed."""

    problem = _HOW
    outcome: Line
    text: Text = ""
    posted_on: Day | None = None


@desk.post("/tasks/<int:task_id>/close")
def close(task_id: int) -> Response:
    """Close a task with its outcome and what was agreed."""
    form = task_form(CloseForm, task_id)

    def change(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        workflow.close(session, found, user, form.outcome, form.text, now, posted_on=form.posted_on)
        collaboration.drop_draft(session, found, user)

    def done(found: CallbackTask) -> str:
        outcome = words.OUTCOMES.of(found.outcome, gettext) if found.outcome else ""
        return str(gettext("The task is closed: %(outcome)s.", outcome=outcome))

    closing = undoable(TaskEventKind.CLOSED, change)
    return act_on_task(task_id, closing, form=form, text=form.text, done=done, ends=form)


class AnswerForm(EndForm):
    """The answer to an appointment wish. Which fields it needs depends on the button that was pressed."""

    answer: Annotated[str, fixed(("granted", "refused"))] = "granted"
    appointment_at: InstantToCome | None = None
    place: Annotated[str, line_of(200)] = ""
    room: Annotated[str, one_of(tuple(RoomSize))] = ""
    refusal_reason: Annotated[str, one_of(tuple(RefusalReason))] = ""
    text: Text = ""


@desk.post("/tasks/<int:task_id>/answer")
def answer(task_id: int) -> Response:
    """Grant or refuse an appointment wish."""
    form = task_form(AnswerForm, task_id)
    granted = form.answer == "granted"

    def change(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        appointments.answer(
            session,
            found,
            user,
            now,
            appointment_at=form.appointment_at if granted else None,
            place=form.place if granted else "",
            room=form.room,
            refusal_reason="" if granted else form.refusal_reason,
            text=form.text,
        )

    done = (
        gettext("The appointment is granted, the task is closed.")
        if granted
        else gettext("The appointment is refused, the task is closed.")
    )
    closing = undoable(TaskEventKind.CLOSED, change)
    return act_on_task(task_id, closing, form=form, text=form.text, done=done, ends=form)


class HandOverForm(EndForm):
    """The team that a task is handed over to, and why."""

    team: Line = ""
    reason: Annotated[str, line_of(500)] = ""


@desk.post("/tasks/<int:task_id>/hand-over")
def hand_over(task_id: int) -> Response:
    """Hand a task over to another team."""
    form = task_form(HandOverForm, task_id)

    def change(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        collaboration.hand_over(session, found, user, form.team, form.reason, now)

    def done(found: CallbackTask) -> str:
        return str(gettext("The task is handed over: %(team)s has it now.", team=found.team.name))

    handing = undoable(TaskEventKind.HANDED_OVER, change)
    return act_on_task(task_id, handing, form=form, done=done, after=url_for("desk.queue"), ends=form)


class NameForm(forms.Form):
    """The name of a caller; empty takes it back."""

    name: Annotated[str, line_of(120)] = ""


@desk.post("/tasks/<int:task_id>/name")
def name(task_id: int) -> Response:
    """Write down who has called."""
    form = task_form(NameForm, task_id)
    return act_on_task(
        task_id,
        uncovered(lambda session, task, user, now: collaboration.name_caller(session, task, user, form.name, now)),
        text=form.name,
        done=gettext("The name is saved.") if form.name else gettext("The name is deleted."),
    )


class TextMessageForm(forms.Form):
    """A text message: which template it was made from, and its words."""

    template: Line = ""
    text: Annotated[str, text_of(800)] = ""


@desk.post("/tasks/<int:task_id>/text")
def text_message(task_id: int) -> Response:
    """Send a text message."""
    form = task_form(TextMessageForm, task_id)
    return act_on_task(
        task_id,
        uncovered(lambda session, task, user, now: sms.send(session, task, user, form.template, form.text, now)),
        text=form.text,
        done=gettext("The text message is being sent."),
    )


class CorrectionForm(forms.Form):
    """The right words of a message."""

    text: Text = ""


@desk.post("/recordings/<int:recording_id>/correct")
def correct(recording_id: int) -> Response:
    """Correct a transcript."""
    with database.reading() as session:
        found = queries.recording(session, recording_id) or abort(404)
        task_id = found.message.task_id or abort(404)
    form = task_form(CorrectionForm, task_id)

    def change(session: Session, _task: CallbackTask, user: User, now: datetime) -> None:
        collaboration.correct(session, session.get_one(Recording, recording_id), user, form.text, now)

    return act_on_task(task_id, uncovered(change), text=form.text, done=gettext("The transcript is corrected."))


class HoldForm(forms.Form):
    """A legal hold with its reason, or that it is lifted."""

    lift: Tick = False
    reason: Line = ""


@desk.post("/tasks/<int:task_id>/hold")
def hold(task_id: int) -> Response:
    """Place a legal hold, or lift it."""
    page = url_for("desk.task", task_id=task_id)
    form, now = forms.read(HoldForm, page), utc_now()

    def change(session: Session) -> None:
        found = queries.visible(session, me(), task_id) or abort(404)
        if form.lift:
            legal_holds.lift(session, found, me(), now)
        else:
            legal_holds.place(session, found, me(), form.reason, now)
        access_log.append(
            session, actor(), AccessAction.HOLD_LIFTED if form.lift else AccessAction.HOLD_PLACED, now, task=found
        )

    done = (
        gettext("The legal hold is lifted.")
        if form.lift
        else gettext("The legal hold is placed: nothing of this task is deleted.")
    )
    return act(change, page, form=form, done=done, refusals={ValueError: gettext("A legal hold needs a reason.")})
