"""Tools beside the queue: many tasks at once, the command palette, personal views, alerts, help."""

from __future__ import annotations

import csv
import io
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import users
from ivr.audit import access_log, access_reports
from ivr.callbacks import claims, queries, saved_views, workflow
from ivr.callbacks.filters import Filters
from ivr.domain.csv_safety import harmless
from ivr.domain.timestamps import iso, utc_now
from ivr.platform import database, sealed_query
from ivr.web import labels, search_log
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import whole

desk_tools = Blueprint("desk_tools", __name__, url_prefix="/desk")

#: Characters after which tasks are looked for.
_SHORTEST = 3
#: Tasks that may be chosen at once.
_MOST = 200


@desk_tools.post("/selected")
def selected() -> AnyResponse:
    """Assign, close or export the tasks that were ticked."""
    ids = request.form.getlist("task", whole)[:_MOST]
    if not ids:
        flash(gettext("Please tick the tasks first."), "warning")
        return _back()
    match request.form.get("action"):
        case "assign":
            return _assign(ids)
        case "close":
            return _close(ids)
        case "export":
            return _export(ids)
    return abort(400)


def _assign(ids: list[int]) -> AnyResponse:
    wanted = request.form.get("to", "")
    with database.writing() as session:
        people = {str(one.id): one for one in users.colleagues(session, me())}
        to = people.get(wanted)
        if to is None:
            flash(gettext("Please choose somebody."), "warning")
            return _back()
        given, refused = claims.assign(session, queries.some(session, me(), ids), to, me(), utc_now())
    _tell(ngettext("%(num)d task assigned.", "%(num)d tasks assigned.", given), refused)
    return _back()


def _close(ids: list[int]) -> AnyResponse:
    outcome, done, refused = request.form.get("outcome", ""), 0, 0
    with database.writing() as session:
        for task in queries.some(session, me(), ids):
            try:
                with session.begin_nested():
                    if task.state == "open":
                        workflow.claim(session, task, me(), utc_now())
                    workflow.close(session, task, me(), outcome, request.form.get("text", ""), utc_now())
                done += 1
            except workflow.Refused:
                refused += 1
    _tell(ngettext("%(num)d task closed.", "%(num)d tasks closed.", done), refused)
    return _back()


def _tell(done: str, refused: int) -> None:
    flash(done, "success")
    if refused:
        flash(
            ngettext(
                "%(num)d task was left as it is: not free, of another team, or the outcome does not fit.",
                "%(num)d tasks were left as they are: not free, of another team, or the outcome does not fit.",
                refused,
            ),
            "warning",
        )


def _export(ids: list[int]) -> AnyResponse:
    out = io.StringIO()
    table = csv.writer(out, delimiter=";")
    table.writerow(
        ["receipt_code", "kind", "concern", "urgency", "language", "team", "state", "first_contact_at", "due_at"]
    )
    with database.reading() as session:
        tasks = queries.some(session, me(), ids)
        for task in tasks:
            row = [task.receipt_code, task.kind, task.concern, task.urgency, task.language, task.team.name, task.state]
            table.writerow([harmless(cell) for cell in (*row, iso(task.first_contact_at), iso(task.due_at))])
    with database.writing() as session:
        for task in tasks:
            access_log.append(session, actor(), "export", utc_now(), task=task)
    response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = "attachment; filename=tasks.csv"
    return response


@desk_tools.post("/palette")
def palette() -> Response:
    """What the command palette finds: tasks by code, number or name, views, people."""
    text = request.form.get("q", "").strip()[:200]
    if len(text) >= _SHORTEST:
        search_log.note(text, utc_now())
    with database.reading() as session:
        tasks = queries.by_code_or_number(session, me(), text) if len(text) >= _SHORTEST else []
        found = [
            {
                "label": f"{task.receipt_code} · {labels.CONCERNS[task.concern]} · {labels.STATES[task.state]}",
                "url": url_for("desk.task", task_id=task.id),
            }
            for task in tasks
        ]
        people = users.colleagues(session, me()) if me().role == "supervisor" else []
    lowered = text.casefold()
    found += [
        {"label": str(labels.KEYS_OF_DESK[key]), "action": key}
        for key in labels.ACTIONS
        if lowered in str(labels.KEYS_OF_DESK[key]).casefold()
    ]
    found += [
        {"label": str(gettext("View: %(name)s", name=label)), "url": url_for("desk.queue", view=view)}
        for view, label in labels.VIEWS.items()
        if lowered in str(label).casefold()
    ]
    found += [
        {"label": str(label), "url": url_for(endpoint)}
        for endpoint, label in labels.PAGES.items()
        if lowered in str(label).casefold()
    ]
    found += [
        {"label": one.name, "url": url_for("desk.queue", view="all", q=sealed_query.seal(one.name))}
        for one in people
        if text and lowered in one.name.casefold()
    ]
    return jsonify(found=found[:12])


@desk_tools.post("/views")
def keep_view() -> AnyResponse:
    """Keep the present filters under a name."""
    try:
        with database.writing() as session:
            saved_views.keep(session, me(), request.form.get("name", ""), request.form)
    except ValueError:
        flash(gettext("A view needs a name, and there may be twenty of them."), "warning")
    else:
        flash(gettext("Saved."), "success")
    return _back()


@desk_tools.post("/views/<int(max=2147483647):view_id>/delete")
def forget_view(view_id: int) -> AnyResponse:
    """Delete one of my views."""
    with database.writing() as session:
        saved_views.forget(session, me(), view_id)
    return _back()


@desk_tools.get("/alerts")
def alerts() -> Response:
    """What the browser may sound for: emergencies nobody has taken, and tasks of mine that are about to be missed."""
    now = utc_now()
    with database.reading() as session:
        waiting = queries.newest(session, me(), "emergencies", "unclaimed", now=now)
        at_risk = queries.newest(session, me(), "mine", "due", now=now)
    return jsonify(
        emergencies=[_alert(*task, gettext("New emergency")) for task in waiting],
        at_risk=[_alert(*task, gettext("Your task is about to be missed")) for task in at_risk],
    )


def _alert(task_id: int, code: str, text: str) -> dict[str, str]:
    # The desktop may be seen by others: the receipt code is all it says.
    return {"code": code, "text": text, "url": url_for("desk.task", task_id=task_id)}


@desk_tools.get("/readers")
def team_readers() -> str:
    """Who has read my teams' tasks."""
    before = request.args.get("before", None, whole)
    with database.reading() as session:
        lines = access_reports.of_teams(
            session, [team.key for team in me().scope], before=before, covered=request.args.get("covered") == "1"
        )
        codes = access_reports.codes_of(session, [line.task_id for line in lines])
        return render_template("readers.html", task=None, lines=lines, codes=codes, page=access_reports.PAGE)


@desk_tools.get("/help")
def first_steps() -> str:
    """First steps, and all keys."""
    return render_template("help.html", keys=labels.KEYS_OF_DESK)


def _back() -> AnyResponse:
    view = request.form.get("view", "open")
    given = {**Filters.of(request.form).query(), "view": view if view in queries.VIEWS else "open"}
    return redirect(f"{url_for('desk.queue')}?{urlencode(given)}")
