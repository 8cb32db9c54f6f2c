"""Access to hidden case data: unlocking a task with a stated reason, its audio, and who has read it.

Every access is logged before anything is shown.
"""

from __future__ import annotations

import io
import logging
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import login_sessions
from ivr.audio import waveform as waveforms
from ivr.audio.wav import read_wav
from ivr.audit import access_log, access_reports, break_glass
from ivr.callbacks import contacts, queries
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording
from ivr.platform import database
from ivr.voicebox import audio_store
from ivr.web import forms, search_log
from ivr.web.addresses import LinesAddress
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import Digits, Line

log = logging.getLogger(__name__)
reading = Blueprint("reading", __name__, url_prefix="/desk")


class ReasonForm(forms.Form):
    """Why a hidden task is unlocked: one of the reasons, and a text."""

    reason: Line = ""
    reason_text: Line = ""


class CodeForm(ReasonForm):
    """The receipt code of a task, and why it is opened."""

    code: Digits = ""


@reading.post("/tasks/<int:task_id>/open")
def open_task(task_id: int) -> AnyResponse:
    """Unlock a task the user has not claimed."""
    with database.writing() as session:
        found = queries.visible(session, me(), task_id) or abort(404)
        if reason := _stated():
            _open(session, found, reason, utc_now())
    return redirect(url_for("desk.task", task_id=task_id))


@reading.route("/open", methods=["GET", "POST"])
def open_by_code() -> str | AnyResponse | tuple[str, int]:
    """Read another team's task, by its receipt code, with a stated reason."""
    if request.method == "GET":
        return _open_page()
    reason = _stated()
    if reason is None:
        return _open_page(), 400
    now, delay = utc_now(), login_sessions.Delay("receipt code", str(me().id))
    with database.writing() as session:
        wait = login_sessions.attempt(session, [delay], now)
    with database.writing() as session:
        contact = None if wait else contacts.by_code(session, forms.read(CodeForm).code)
        found = contact.task if contact else None
        if found is None:
            flash(gettext("There is no task with this receipt code, or it was tried too often."), "warning")
            if not wait:
                search_log.append(session, "code", now)
            return _open_page(), 429 if wait else 404
        login_sessions.succeeded(session, [delay])
        if not _open(session, found, reason, now):
            return _open_page(), 403
        access_log.append(session, actor(), "view", now, task=found, reason=reason)
    with database.reading() as session:
        return _open_page(queries.any_one(session, found.id))


def _stated() -> str | None:
    """The reason that was given, as it is written down."""
    form = forms.read(ReasonForm)
    try:
        return break_glass.stated(form.reason, form.reason_text)
    except break_glass.NoReason:
        flash(gettext("Please say why you open this task; with “another reason” in some words."), "warning")
        return None


def _open(session: Session, task: CallbackTask, reason: str, now: datetime) -> bool:
    try:
        break_glass.open_task(session, task, me(), reason, now)
    except break_glass.Restricted:
        flash(gettext("This person has asked that their data is not used. Nobody can open the task."), "warning")
        return False
    access_log.append(session, actor(), "open", now, task=task, reason=reason)
    return True


def _open_page(task: CallbackTask | None = None) -> str:
    return render_template("open_task.html", reasons=break_glass.REASONS, task=task, me=me(), now=utc_now())


@reading.get("/tasks/<int:task_id>/readers")
def readers(task_id: int) -> str:
    """Who has read a task."""
    before = forms.query(LinesAddress).before
    with database.reading() as session:
        found = queries.visible(session, me(), task_id) or abort(404)
        lines = access_reports.of_task(session, found, before=before)
        return render_template(
            "readers.html", task=found, lines=lines, codes={task_id: found.receipt_code}, page=access_reports.PAGE
        )


@reading.get("/recordings/<int:recording_id>.wav")
def recording(recording_id: int) -> Response:
    """A message's audio, in ranges, never cached."""
    found, audio = _load_recording_and_log(recording_id, to_listen=True)
    response = send_file(io.BytesIO(audio), mimetype="audio/wav", conditional=True, etag=f"{found.audio_sha256}")
    response.headers["Cache-Control"] = "private, no-store"
    return response


@reading.get("/recordings/<int:recording_id>.svg")
def waveform(recording_id: int) -> Response:
    """How loud a message is over its time: where somebody speaks, and where not.

    A page asks for it late, when its reader comes near it. Where the task is covered by then, there is no picture
    (204), and the page says so.
    """
    try:
        drawn = waveforms.svg(read_wav(_load_recording_and_log(recording_id)[1]))
    except Forbidden:
        return Response(status=204)
    except ValueError:  # it may be played all the same
        abort(404)
    return Response(drawn, mimetype="image/svg+xml", headers={"Cache-Control": "private, no-store"})


#: A player asks for a recording in pieces: who listens is written down so often.
_LISTENS = timedelta(minutes=5)


def _load_recording_and_log(recording_id: int, *, to_listen: bool = False) -> tuple[Recording, bytes]:
    """A recording of a task that is uncovered for me, and its audio; that I listen is written down first."""
    now, detail = utc_now(), f"recording {recording_id}"
    with database.reading() as session:
        found = queries.recording(session, recording_id) or abort(404)
        task = found.message.task or abort(404)
        mine = task.team_id in me().scope_ids
        reason = break_glass.reason_for(session, task, me(), now)
        if reason is None or (reason in break_glass.HELD and not mine):
            abort(403 if mine else 404)
        told = not to_listen or access_reports.listened_recently(session, me().id, detail, now - _LISTENS)
    if not told:
        with database.writing() as session:
            seen = session.get_one(CallbackTask, task.id)
            access_log.append(session, actor(), "listen", now, task=seen, reason=reason, detail=detail)
    try:
        return found, audio_store.load(found.recording_sid)
    except (audio_store.Missing, audio_store.Unreadable):
        log.exception("recording %d cannot be read", recording_id)
        abort(404)
