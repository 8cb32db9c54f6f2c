"""Undo on the pages: the line that offers it, and the route that does it."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, abort, flash, redirect, url_for
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ivr.callbacks import queries, undo
from ivr.callbacks.refused import Refused
from ivr.callbacks.undo import Undone
from ivr.domain import words
from ivr.domain.enums import TaskEventKind
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.desk import DoneAction
from ivr.platform import database
from ivr.web import sent_once, template_helpers
from ivr.web.actions import TaskAction
from ivr.web.authorisation import me

undoing = Blueprint("undoing", __name__, url_prefix="/desk")


def undoable(kind: TaskEventKind, action: TaskAction) -> TaskAction:
    """The action on one task, recorded so that its member can undo it."""

    def change(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        with undo.recorded(session, kind, [found], user, now):
            action(session, found, user, now)

    return change


def offered(session: Session, now: datetime, task_id: int | None = None) -> dict[str, object] | None:
    """What the reader has done last and can undo, for the line of a page; None where there is nothing."""
    action = undo.last(session, me(), now, task_id)
    if action is None:
        return None
    return {"id": action.id, "at": action.done_at, "said": _said(session, action)}


def _said(session: Session, action: DoneAction) -> str:
    done = words.UNDOABLE.of(action.kind, gettext)
    if len(action.tasks) > 1:
        number = len(action.tasks)
        return str(ngettext("%(num)d task %(done)s", "%(num)d tasks %(done)s", number, done=done))
    code = session.get_one(CallbackTask, action.tasks[0].task_id).receipt_code
    return str(gettext("Task %(code)s %(done)s", code=code, done=done))


@undoing.post("/undo/<int:action_id>")
def back(action_id: int) -> Response:
    """Undo one of one's own last actions."""
    now = utc_now()
    try:
        with database.writing() as session:
            action = session.get(DoneAction, action_id)
            if action is None or action.user_id != me().id:
                abort(404)
            page = _page(session, action)
            sent_once.require_first(session, page)
            undone = undo.take_back(session, action, me(), now)
            page = page if len(undone.task_ids) != 1 else url_for("desk.task", task_id=undone.task_ids[0])
    except Refused as refused:
        flash(template_helpers.refusal(refused), "warning")
        return redirect(page)
    _tell(undone)
    return redirect(page)


def _page(session: Session, action: DoneAction) -> str:
    """Where the reader goes on: the task, if it is one that they may still see."""
    only = action.tasks[0].task_id if len(action.tasks) == 1 else 0
    return url_for("desk.task", task_id=only) if queries.may_see(session, me(), only) else url_for("desk.queue")


def _tell(undone: Undone) -> None:
    number = len(undone.task_ids)
    if number:
        flash(
            ngettext(
                "Undone: the task is again as it was before.",
                "Undone: %(num)d tasks are again as they were before.",
                number,
            ),
            "success",
        )
    for code, refused in undone.left.items():
        flash(f"{code}: {template_helpers.refusal(refused)}", "warning")
