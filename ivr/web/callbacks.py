"""The callback desk: the queue, a task, and what can be done with it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import inspect
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import users  # fmt: skip
from ivr.audit import access_log, access_reports, break_glass
from ivr.callbacks import claims, collaboration, failed_jobs, queries, saved_views, sla_clocks, sms, workflow
from ivr.callbacks.filters import Filters
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence, outbound_callbacks
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording
from ivr.platform import database
from ivr.privacy import legal_holds
from ivr.web import search_log, template_helpers
from ivr.web.authorisation import actor, me

log = logging.getLogger(__name__)
desk = Blueprint("desk", __name__, url_prefix="/desk")


@desk.get("/")
def queue() -> str | AnyResponse:
    """The queue, and the fragment that refreshes it: 204 while it would look the same."""
    view = request.args.get("view", "open")
    number = request.args.get("page", 1, int)
    if view not in queries.VIEWS or not 1 <= number <= queries.MOST_PAGES:
        abort(404)
    now, filters = utc_now(), Filters.of(request.args)
    if filters.q:
        search_log.note(filters.q, now)
    with database.reading() as session:
        tasks = queries.in_view(session, me(), view, number, now=now, filters=filters)
        counts = queries.counts(session, me(), now)
        found = queries.count(session, me(), view, now, filters) if filters else counts[view]
        uncovered = break_glass.uncovered(session, tasks, me(), now)
        version = _version(tasks, (counts, found, sorted(uncovered)), now)
        if request.args.get("seen") == version:
            return Response(status=204)
        fragment = "seen" in request.args
        choices = {} if fragment else _choices(session)
    return render_template(
        "_queue.html" if fragment else "queue.html", view=view, tasks=tasks, counts=counts, now=now, version=version,
        page=number, pages=-(-found // queries.PAGE), full=len(tasks) == queries.PAGE, found=found,
        most=queries.MOST_COUNTED, filters=filters, uncovered=uncovered, unused=claims.is_unused, **choices,
    )  # fmt: skip


@desk.post("/search")
def search() -> AnyResponse:
    """Search and filter: what is looked for does not stand readably in an address."""
    view = request.form.get("view", "open")
    given: dict[str, Any] = {"view": view if view in queries.VIEWS else "open"}
    given.update(Filters.of(request.form).query())
    return redirect(url_for("desk.queue", **given))


def _choices(session: Session) -> dict[str, Any]:
    """What the filters offer, and the views somebody has kept."""
    return {
        "teams": queries.teams_of(session, me()),
        "spoken": queries.languages_of(session, me()),
        "saved": saved_views.of_user(session, me()),
        "colleagues": users.colleagues(session, me()),
    }


@desk.post("/next")
def take_next() -> AnyResponse:
    """Take the most urgent task I may serve."""
    now = utc_now()
    with database.writing() as session:
        languages = agent_presence.seen(session, me().id, now).languages
        task = claims.take_next(session, me(), languages, now)
    if task is None:
        flash(gettext("No task waits that you could take. New ones appear here by themselves."), "info")
        return redirect(url_for("desk.queue"))
    return redirect(url_for("desk.task", task_id=task.id))


@desk.get("/tasks/<int(max=2147483647):task_id>")
def task(task_id: int) -> str:
    """Everything about one task."""
    now = utc_now()
    with database.writing() as session:
        seen = queries.visible(session, me(), task_id) or abort(404)
        reason = break_glass.reason_for(session, seen, me(), now)
        collaboration.is_looking(session, task_id, me(), now)
        detail = "" if reason else access_reports.COVERED
        access_log.append(session, actor(), "view", now, task=seen, reason=reason or "", detail=detail)
    with database.reading() as session:
        found = queries.one(session, me(), task_id) or abort(404)
        return render_template(
            "task.html", task=found, now=now, me=me(), outcomes=workflow, covered=reason is None, opened=reason,
            reasons=break_glass.REASONS, holds=legal_holds.of_task(session, task_id),
            unfinished=failed_jobs.by_task(session, [found]).get(task_id, []),
            the_time=outbound_callbacks.is_the_time(found, now), unused=claims.is_unused(found, now),
            draft=collaboration.draft(session, task_id, me()),
            related=queries.related(session, me(), found) if reason else [],
            others=collaboration.who_else_looks(session, task_id, me(), now), teams=settings().teams,
            texts=sms, template=_template(found), clocks=sla_clocks.of_task(session, task_id),
            pause=sla_clocks.pause_of(session, task_id, now),
        )  # fmt: skip


def _template(found: CallbackTask) -> str:
    """Which text message is looked at before it is sent."""
    wanted = request.args.get("sms", "")
    return wanted if wanted in sms.templates(found) else ""


@desk.post("/tasks/<int(max=2147483647):task_id>/hold")
def hold(task_id: int) -> AnyResponse:
    """Place a legal hold, or lift it."""
    now = utc_now()
    with database.writing() as session:
        found = queries.visible(session, me(), task_id) or abort(404)
        try:
            if request.form.get("lift"):
                legal_holds.lift(session, found, me(), now)
                access_log.append(session, actor(), "hold_lifted", now, task=found)
            else:
                legal_holds.place(session, found, me(), request.form.get("reason", ""), now)
                access_log.append(session, actor(), "hold_placed", now, task=found)
        except ValueError:
            flash(gettext("A legal hold needs a reason."), "warning")
    return redirect(url_for("desk.task", task_id=task_id))


@desk.get("/tasks/<int(max=2147483647):task_id>/others")
def others(task_id: int) -> str | AnyResponse:
    """Who else has the page open; asked every few seconds by the page itself."""
    now = utc_now()
    with database.writing() as session:
        queries.may_see(session, me(), task_id) or abort(404)
        collaboration.is_looking(session, task_id, me(), now)
    with database.reading() as session:
        found = session.get_one(CallbackTask, task_id)
        looking = collaboration.who_else_looks(session, task_id, me(), now)
        return render_template("_others.html", task=found, others=looking, me=me())


@desk.post("/tasks/<int(max=2147483647):task_id>/take-over")
def take_over(task_id: int) -> AnyResponse:
    """Take a task whose claim is not used."""
    return _act(task_id, claims.take_over)


@desk.post("/tasks/<int(max=2147483647):task_id>/keep")
def keep(task_id: int) -> AnyResponse:
    """I still work on it."""
    return _act(task_id, claims.used)


@desk.post("/tasks/<int(max=2147483647):task_id>/name")
def name(task_id: int) -> AnyResponse:
    """Who has called."""
    given = request.form.get("name", "")

    def act(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        _require_uncovered(session, found, user, now)
        collaboration.name_caller(session, found, user, given, now)

    return _act(task_id, act)


def _require_uncovered(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
    if break_glass.reason_for(session, found, user, now) is None:
        raise workflow.Refused("covered")


@desk.post("/tasks/<int(max=2147483647):task_id>/hand-over")
def hand_over(task_id: int) -> AnyResponse:
    """Give the task to another team."""
    team, reason = request.form.get("team", ""), request.form.get("reason", "")

    def act(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        collaboration.hand_over(session, found, user, team, reason, now)

    return _act(task_id, act, back=url_for("desk.queue"))


@desk.post("/tasks/<int(max=2147483647):task_id>/put-off")
def put_off(task_id: int) -> AnyResponse:
    """The caller asked for a later date."""
    until = _local_instant(request.form.get("until", ""))

    def act(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        workflow.put_off(session, found, user, until, now)

    return _act(task_id, act)


@desk.post("/recordings/<int(max=2147483647):recording_id>/correct")
def correct(recording_id: int) -> AnyResponse:
    """Correct a transcript."""
    text = request.form.get("text", "")
    with database.reading() as session:
        found = queries.recording(session, recording_id) or abort(404)
        task_id = found.message.task_id or abort(404)

    def act(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        _require_uncovered(session, found, user, now)
        collaboration.correct(session, session.get_one(Recording, recording_id), user, text, now)

    return _act(task_id, act)


@desk.post("/tasks/<int(max=2147483647):task_id>/text")
def text_message(task_id: int) -> AnyResponse:
    """Send a text message."""
    template, text = request.form.get("template", ""), request.form.get("text", "")

    def act(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        _require_uncovered(session, found, user, now)
        sms.send(session, found, user, template, text, now)

    return _act(task_id, act)


@desk.post("/tasks/<int(max=2147483647):task_id>/draft")
def draft(task_id: int) -> tuple[str, int]:
    """What is being written; sent by the page as it is typed."""
    with database.writing() as session:
        found = queries.one(session, me(), task_id) or abort(404)
        collaboration.keep_draft(session, found, me(), request.form.get("text", ""), utc_now())
    return "", 204


@desk.post("/tasks/<int(max=2147483647):task_id>/claim")
def claim(task_id: int) -> AnyResponse:
    """Take a task."""
    return _act(task_id, workflow.claim)


@desk.post("/tasks/<int(max=2147483647):task_id>/release")
def release(task_id: int) -> AnyResponse:
    """Give a task back."""
    return _act(task_id, workflow.release)


@desk.post("/tasks/<int(max=2147483647):task_id>/reopen")
def reopen(task_id: int) -> AnyResponse:
    """Take a closing back."""
    return _act(task_id, workflow.reopen)


@desk.post("/tasks/<int(max=2147483647):task_id>/lower-urgency")
def lower_urgency(task_id: int) -> AnyResponse:
    """Take back that the transcript's words have raised the urgency."""
    return _act(task_id, workflow.lower_urgency)


@desk.post("/tasks/<int(max=2147483647):task_id>/note")
def note(task_id: int) -> AnyResponse:
    """Write a note."""
    text = request.form.get("text", "")

    def act(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        workflow.note(session, found, user, text, now)
        claims.used(session, found, user, now)
        collaboration.drop_draft(session, found, user)

    return _act(task_id, act)


@desk.post("/tasks/<int(max=2147483647):task_id>/attempt")
def attempt(task_id: int) -> AnyResponse:
    """Record a try that did not settle the matter."""
    outcome = request.form.get("outcome", "")
    return _act(task_id, lambda session, found, user, now: workflow.attempt(session, found, user, outcome, now))


@desk.post("/tasks/<int(max=2147483647):task_id>/close")
def close(task_id: int) -> AnyResponse:
    """Close a task with its outcome and what was agreed."""
    outcome, text = request.form.get("outcome", ""), request.form.get("text", "")
    posted_on = _day(request.form.get("posted_on", ""))

    def act(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        workflow.close(session, found, user, outcome, text, now, posted_on=posted_on)
        collaboration.drop_draft(session, found, user)

    return _act(task_id, act)


@desk.post("/tasks/<int(max=2147483647):task_id>/answer")
def answer(task_id: int) -> AnyResponse:
    """Grant or refuse an appointment wish."""
    form = request.form
    refused = form.get("answer") == "refused"
    appointment_at = None if refused else _local_instant(form.get("appointment_at", ""))
    place = "" if refused else form.get("place", "")
    reason = form.get("refusal_reason", "") if refused else ""

    def act(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        workflow.answer_wish(
            session,
            found,
            user,
            now,
            appointment_at=appointment_at,
            place=place,
            room=form.get("room", ""),
            refusal_reason=reason,
            text=form.get("text", ""),
        )

    return _act(task_id, act)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 < found.year < 9000 else None


def _local_instant(text: str) -> datetime | None:
    """What a browser's field for date and time holds, meant in the hotline's time zone."""
    try:
        found = datetime.fromisoformat(text).replace(tzinfo=settings().hours.zone)
    except ValueError:
        return None
    return found if 2000 < found.year < 9000 else None


def _act(
    task_id: int, action: Callable[[Session, CallbackTask, User, datetime], None], *, back: str = ""
) -> AnyResponse:
    page = url_for("desk.task", task_id=task_id)
    try:
        with database.writing() as session:
            found = queries.one(session, me(), task_id) or abort(404)
            action(session, found, me(), utc_now())
    except workflow.Refused as refusal:
        flash(template_helpers.refusal(refusal), "warning")
        _keep_what_was_written(task_id)
        return redirect(page)
    flash(gettext("Saved."), "success")
    return redirect(back or page)


def _keep_what_was_written(task_id: int) -> None:
    """What could not be saved is not lost: it stands in the note's field again."""
    if text := request.form.get("text", "").strip():
        with database.writing() as session:
            if found := queries.one(session, me(), task_id):
                collaboration.keep_draft(session, found, me(), text, utc_now())


#: All that stands in a task's own row of the database.
_COLUMNS = [column.key for column in inspect(CallbackTask).column_attrs]


def _version(tasks: Sequence[CallbackTask], counts: object, now: datetime) -> str:
    shown = [
        (
            *(getattr(task, column) for column in _COLUMNS),
            task.claimed_by and task.claimed_by.name,
            task.team.name,
            task.appointment_wish and task.appointment_wish.priority_groups,
            len(task.contacts),
            template_helpers.transcript_state(task),
            claims.is_unused(task, now),
        )
        for task in tasks
    ]
    # The countdown is shown in minutes.
    state = repr((shown, counts, now.replace(second=0, microsecond=0)))
    return hashlib.sha256(state.encode()).hexdigest()[:16]
