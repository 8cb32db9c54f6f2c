"""Tools beside the queue: many tasks at once, the command palette, personal views, alerts, help."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import users
from ivr.audit import access_log, access_reports
from ivr.callbacks import caller_news, claims, promises, queries, saved_views, undo, workflow
from ivr.callbacks.refused import Refused
from ivr.callbacks.task_locks import lock_task
from ivr.domain import words
from ivr.domain.digits import whole_number
from ivr.domain.enums import Refusal, TaskEventKind
from ivr.domain.text_folding import folded
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database, sealed_query
from ivr.web import forms, search_log, sent_once, task_export, template_helpers
from ivr.web.actions import act, marks_in
from ivr.web.addresses import LinesAddress
from ivr.web.authorisation import actor, me
from ivr.web.callbacks import queue_address
from ivr.web.form_fields import Line, Text, Tick, fixed
from ivr.web.words import TABLES

desk_tools = Blueprint("desk_tools", __name__, url_prefix="/desk")

#: Characters after which tasks are looked for.
_SHORTEST = 3
#: Keys of the desk that the command palette offers too.
_PALETTE_KEYS = ("n", "?")
#: Tasks that may be chosen at once.
_MOST = 200
#: Codes of tasks that are named one by one.
_MOST_NAMED = 10


class SelectionForm(forms.Form):
    """The tasks that were ticked, and what is to be done with them."""

    action: Annotated[str, fixed(("assign", "close", "export", "export_xlsx"))]
    task: tuple[str, ...] = ()
    #: Marks of what the list shows of its tasks (`id:mark`), and of what it showed when the page was opened.
    seen: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    to: Line = ""
    outcome: Line = ""
    text: Text = ""

    @property
    def ids(self) -> list[int]:
        """The ids of the tasks; what is no id is left out."""
        found = (whole_number(one) for one in self.task)
        return list(dict.fromkeys(one for one in found if one is not None))[:_MOST]


@desk_tools.post("/selected")
def selected() -> AnyResponse:
    """Assign, close or export the tasks that were ticked."""
    form = forms.read(SelectionForm, queue_address())
    if not form.ids:
        flash(gettext("Please tick the tasks first."), "warning")
        return redirect(queue_address())
    return {"assign": _assign, "close": _close, "export": _export, "export_xlsx": _export}[form.action](form)


def _marks(form: SelectionForm) -> dict[int, str]:
    """What the list has shown of its tasks. A row refreshes by itself: what the page showed at first counts more."""
    return marks_in((*form.shown, *form.seen))


def _assign(form: SelectionForm) -> AnyResponse:
    with database.writing() as session:
        people = {str(one.id): one for one in users.colleagues(session, me())}
        to = people.get(form.to)
        if to is None:
            flash(gettext("Please choose somebody."), "warning")
            return redirect(queue_address())
        sent_once.require_first(session, queue_address())
        tasks, now = queries.some(session, me(), form.ids), utc_now()
        with undo.recorded(session, TaskEventKind.ASSIGNED, tasks, me(), now):
            given, refused = claims.assign_all(session, tasks, to, me(), now)
    if given:
        flash(ngettext("%(num)d task assigned.", "%(num)d tasks assigned.", given), "success")
    _tell_left([task.receipt_code for task in refused])
    _tell_gone(form, tasks)
    return redirect(queue_address())


def _close(form: SelectionForm) -> AnyResponse:
    done, refused, news, marks = 0, list[str](), list[str](), _marks(form)
    with database.writing() as session:
        sent_once.require_first(session, queue_address())
        tasks, now = queries.some(session, me(), form.ids), utc_now()
        with undo.recorded(session, TaskEventKind.CLOSED, tasks, me(), now):
            for task in tasks:
                try:
                    with session.begin_nested():
                        lock_task(session, task.id)
                        caller_news.require_seen(session, task, me(), marks.get(task.id, ""))
                        if task.state == "open":
                            claims.claim(session, task, me(), now)
                        workflow.close(session, task, me(), form.outcome, form.text, now)
                    done += 1
                except Refused as error:
                    (news if error.reason == Refusal.NEW_MESSAGE else refused).append(task.receipt_code)
    if news:
        flash(gettext("A new message has come in, not closed: %(codes)s", codes=", ".join(news)), "warning")
    if done:
        flash(ngettext("%(num)d task closed.", "%(num)d tasks closed.", done), "success")
    _tell_left(refused)
    _tell_gone(form, tasks)
    return redirect(queue_address())


def _tell_left(codes: Sequence[str]) -> None:
    if codes:
        said = ngettext(
            "%(num)d task was left as it is: %(codes)s. It is not free, closed already, or the outcome does not fit.",
            "%(num)d tasks were left as they are: %(codes)s. They are not free, closed already, or the outcome does "
            "not fit.",
            len(codes), codes=", ".join([*codes[:_MOST_NAMED], *(["…"] if codes[_MOST_NAMED:] else [])]),
        )  # fmt: skip
        flash(said, "warning")


def _tell_gone(form: SelectionForm, found: Sequence[CallbackTask]) -> None:
    """Say how many of the ticked tasks the reader cannot see any more."""
    if gone := len(form.ids) - len(found):
        said = ngettext(
            "With %(num)d ticked task nothing was done: it is another team's by now, or deleted.",
            "With %(num)d ticked tasks nothing was done: they are another team's by now, or deleted.",
            gone,
        )
        flash(said, "warning")


def _export(form: SelectionForm) -> AnyResponse:
    with database.reading() as session:
        tasks = queries.some(session, me(), form.ids)
        made = task_export.file_of(tasks, "xlsx" if form.action == "export_xlsx" else "csv")
    _tell_gone(form, tasks)
    if not tasks:
        return redirect(queue_address())
    with database.writing() as session:
        for task in tasks:
            access_log.append(session, actor(), "export", utc_now(), task=task)
    return made


class WordsForm(forms.Form):
    """What somebody types into the command palette."""

    q: Line = ""


@desk_tools.post("/palette")
def palette() -> Response:
    """What the command palette finds: tasks by code, number or name, views, people."""
    text = forms.read(WordsForm).q[:200]
    if len(text) >= _SHORTEST:
        search_log.note(text, utc_now())
    with database.reading() as session:
        tasks = queries.by_code_or_number(session, me(), text) if len(text) >= _SHORTEST else []
        found = [
            {
                "label": " · ".join(
                    (
                        task.receipt_code,
                        words.CONCERNS.of(task.concern, gettext),
                        words.TASK_STATES.of(task.state, gettext),
                    )
                ),
                "url": url_for("desk.task", task_id=task.id),
            }
            for task in tasks
        ]
        people = users.colleagues(session, me()) if me().role == "supervisor" else []
    lowered = text.casefold()
    found += [
        {"label": words.KEYS_OF_DESK.of(key, gettext), "action": key}
        for key in _PALETTE_KEYS
        if lowered in words.KEYS_OF_DESK.of(key, gettext).casefold()
    ]
    found += [
        {"label": str(gettext("View: %(name)s", name=label)), "url": url_for("desk.queue", view=view)}
        for view, label in TABLES["views"].items()
        if lowered in str(label).casefold()
    ]
    found += [
        {"label": str(label), "url": url_for(endpoint)}
        for endpoint, label in TABLES["pages"].items()
        if lowered in str(label).casefold()
    ]
    found += [
        {"label": one.name, "url": url_for("desk.queue", view="all", q=sealed_query.seal(one.name))}
        for one in people
        if folded(text) and folded(text) in folded(one.name)
    ]
    return jsonify(found=found[:12])


class ViewForm(forms.Form):
    """The name of a view."""

    name: Line = ""


@desk_tools.post("/views")
def keep_view() -> AnyResponse:
    """Keep the present filters under a name."""
    form = forms.read(ViewForm, queue_address())
    return act(
        lambda session: saved_views.keep(session, me(), form.name, forms.sent()),
        queue_address(),
        done=gettext("The view is kept."),
        refusals={ValueError: gettext("A view needs a name, and there may be twenty of them.")},
    )


@desk_tools.post("/views/<int:view_id>/delete")
def forget_view(view_id: int) -> AnyResponse:
    """Delete one of my views."""
    with database.writing() as session:
        saved_views.forget(session, me(), view_id)
    return redirect(queue_address())


@desk_tools.get("/alerts")
def alerts() -> Response:
    """What the browser may sound for: emergencies nobody has taken, and tasks of mine that are about to be missed."""
    now = utc_now()
    with database.reading() as session:
        waiting = queries.newest(session, me(), "emergencies", "unclaimed", now=now)
        ids = [task_id for task_id, _ in queries.newest(session, me(), "mine", "due", now=now)]
        at_risk = [
            _alert(task.id, task.receipt_code, _in_danger(task, now)) for task in queries.some(session, me(), ids)
        ]
    return jsonify(
        emergencies=[_alert(*task, gettext("New emergency")) for task in waiting],
        at_risk=at_risk,
    )


def _in_danger(task: CallbackTask, now: datetime) -> str:
    """What a task of mine is about to miss, or has missed, by the name of the promise."""
    worst = min(promises.shown(task, now), key=lambda one: (not one.is_missed, not one.runs, one.left), default=None)
    if worst is None or not (worst.is_missed or worst.runs):
        return str(gettext("Your task is about to be missed"))
    return str(gettext("Your task: %(promise)s", promise=template_helpers.promise_text(worst)))


def _alert(task_id: int, code: str, text: str) -> dict[str, str]:
    # The desktop may be seen by others: the receipt code is all it says.
    return {"code": code, "text": text, "url": url_for("desk.task", task_id=task_id)}


class TeamLinesAddress(LinesAddress):
    """A page of the access log of one's teams, with or without glances at covered pages."""

    covered: Tick = False


@desk_tools.get("/readers")
def team_readers() -> str:
    """Who has read my teams' tasks."""
    asked = forms.query(TeamLinesAddress)
    with database.reading() as session:
        lines = access_reports.of_teams(
            session, [team.key for team in me().scope], before=asked.before, covered=asked.covered
        )
        codes = access_reports.codes_of(session, [line.task_id for line in lines])
        return render_template("readers.html", task=None, lines=lines, codes=codes, page=access_reports.PAGE)


@desk_tools.get("/help")
def first_steps() -> str:
    """First steps, and all keys."""
    return render_template("help.html", keys=TABLES["keys_of_desk"])
