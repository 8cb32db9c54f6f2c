"""The callback desk: the queue, a task, and what can be done with it."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr import audio_store, callbacks, database, task_lists, unfinished_work
from ivr.configuration import settings
from ivr.instants import utc_now
from ivr.live import callback_calls
from ivr.models import CallbackTask, User
from ivr.web import words
from ivr.web.guards import me, people_only

log = logging.getLogger(__name__)
desk = Blueprint("desk", __name__, url_prefix="/desk")


desk.before_request(people_only)


@desk.get("/")
def queue() -> str | AnyResponse:
    """The queue, and the fragment that refreshes it: 204 while it would look the same."""
    view = request.args.get("view", "open")
    number = request.args.get("page", 1, int)
    if view not in task_lists.VIEWS or not 1 <= number <= 1_000_000:
        abort(404)
    now = utc_now()
    with database.reading() as session:
        tasks = task_lists.in_view(session, me(), view, number)
        counts = task_lists.counts(session, me())
    version = _version(tasks, counts, now)
    if request.args.get("seen") == version:
        return Response(status=204)
    template = "_queue.html" if "seen" in request.args else "queue.html"
    pages = -(-counts[view] // task_lists.PAGE)
    return render_template(
        template, view=view, tasks=tasks, counts=counts, now=now, version=version, page=number, pages=pages
    )


@desk.get("/tasks/<int(max=2147483647):task_id>")
def task(task_id: int) -> str:
    """Everything about one task."""
    with database.reading() as session:
        found = task_lists.one(session, me(), task_id) or abort(404)
        unfinished = unfinished_work.by_task(session, [found]).get(task_id, [])
        return render_template(
            "task.html",
            task=found,
            now=utc_now(),
            me=me(),
            outcomes=callbacks,
            unfinished=unfinished,
            the_time=callback_calls.is_the_time(found, utc_now()),
        )


@desk.get("/recordings/<int(max=2147483647):recording_id>.wav")
def recording(recording_id: int) -> Response:
    """A message's audio, in ranges, never cached."""
    with database.reading() as session:
        found = task_lists.recording_of(session, me(), recording_id) or abort(404)
    try:
        audio = io.BytesIO(audio_store.load(found.recording_sid))
    except (audio_store.Missing, audio_store.Unreadable):
        log.exception("recording %d cannot be read", recording_id)
        abort(404)
    response = send_file(audio, mimetype="audio/wav", conditional=True, etag=f"{found.audio_sha256}")
    response.headers["Cache-Control"] = "private, no-store"
    return response


@desk.post("/tasks/<int(max=2147483647):task_id>/claim")
def claim(task_id: int) -> AnyResponse:
    """Take a task."""
    return _act(task_id, callbacks.claim)


@desk.post("/tasks/<int(max=2147483647):task_id>/release")
def release(task_id: int) -> AnyResponse:
    """Give a task back."""
    return _act(task_id, callbacks.release)


@desk.post("/tasks/<int(max=2147483647):task_id>/reopen")
def reopen(task_id: int) -> AnyResponse:
    """Take a closing back."""
    return _act(task_id, callbacks.reopen)


@desk.post("/tasks/<int(max=2147483647):task_id>/lower-urgency")
def lower_urgency(task_id: int) -> AnyResponse:
    """Take back that the transcript's words have raised the urgency."""
    return _act(task_id, callbacks.lower_urgency)


@desk.post("/tasks/<int(max=2147483647):task_id>/note")
def note(task_id: int) -> AnyResponse:
    """Write a note."""
    text = request.form.get("text", "")
    return _act(task_id, lambda session, found, user, now: callbacks.note(session, found, user, text, now))


@desk.post("/tasks/<int(max=2147483647):task_id>/attempt")
def attempt(task_id: int) -> AnyResponse:
    """Record a try that did not settle the matter."""
    outcome = request.form.get("outcome", "")
    return _act(task_id, lambda session, found, user, now: callbacks.attempt(session, found, user, outcome, now))


@desk.post("/tasks/<int(max=2147483647):task_id>/close")
def close(task_id: int) -> AnyResponse:
    """Close a task with its outcome and what was agreed."""
    outcome, text = request.form.get("outcome", ""), request.form.get("text", "")
    return _act(task_id, lambda session, found, user, now: callbacks.close(session, found, user, outcome, text, now))


@desk.post("/tasks/<int(max=2147483647):task_id>/answer")
def answer(task_id: int) -> AnyResponse:
    """Grant or refuse an appointment wish."""
    form = request.form
    refused = form.get("answer") == "refused"
    appointment_at = None if refused else _local_instant(form.get("appointment_at", ""))
    place = "" if refused else form.get("place", "")
    reason = form.get("refusal_reason", "") if refused else ""

    def act(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        callbacks.answer_wish(
            session,
            found,
            user,
            now,
            appointment_at=appointment_at,
            place=place,
            refusal_reason=reason,
            text=form.get("text", ""),
        )

    return _act(task_id, act)


def _local_instant(text: str) -> datetime | None:
    """What a browser's field for date and time holds, meant in the hotline's time zone."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=settings().hours.zone)
    except ValueError:
        return None


def _act(task_id: int, action: Callable[[Session, CallbackTask, User, datetime], None]) -> AnyResponse:
    try:
        with database.writing() as session:
            found = task_lists.one(session, me(), task_id) or abort(404)
            action(session, found, me(), utc_now())
    except callbacks.Refused as refusal:
        flash(words.refusal(refusal), "warning")
    else:
        flash(gettext("Saved."), "success")
    return redirect(url_for("desk.task", task_id=task_id))


def _version(tasks: object, counts: object, now: datetime) -> str:
    shown = [
        (
            task.id,
            task.state,
            task.claimed_by_id,
            task.breached_at,
            task.first_attempt_at,
            task.urgency,
            task.due_at,
            len(task.contacts),
            words.transcript_state(task),
        )
        for task in tasks  # type: ignore[attr-defined]
    ]
    # The countdown is shown in minutes.
    state = repr((shown, counts, now.replace(second=0, microsecond=0)))
    return hashlib.sha256(state.encode()).hexdigest()[:16]
