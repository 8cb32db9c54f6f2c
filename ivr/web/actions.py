"""How a page changes something: one transaction, one sentence that says what came of it, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from flask import abort, flash, g, redirect, request, url_for
from flask import session as browser
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ivr.audit import break_glass
from ivr.callbacks import caller_news, collaboration, queries
from ivr.callbacks.refused import Refused
from ivr.callbacks.task_locks import lock_task
from ivr.contact_centre.agent_presence import NotNow
from ivr.domain.digits import whole_number
from ivr.domain.enums import Refusal
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform import database, database_faults
from ivr.web import forms, sent_once, template_helpers
from ivr.web.authorisation import me
from ivr.web.forms import F

#: A change of a task: in this session, of this task, by this user, at this instant (UTC).
TaskAction = Callable[[Session, CallbackTask, User, datetime], object]
#: A sentence about an exception, or what makes one of it.
Sentence = str | Callable[[Any], str]


class EndForm(forms.Form):
    """A form that ends the work on a task, or judges what its caller has said.

    `seen`: the mark of what its page has shown.
    """

    seen: str = ""


def marks_in(written: Iterable[str]) -> dict[int, str]:
    """The marks of several tasks in a form (`id:mark`); of two of one task the first."""
    found: dict[int, str] = {}
    for one in written:
        task_id, _, mark = one.partition(":")
        if (known := whole_number(task_id)) is not None:
            found.setdefault(known, mark)
    return found


def act(
    action: Callable[[Session], object],
    back: str,
    *,
    form: forms.Form | None = None,
    done: str | Callable[[], str],
    after: str = "",
    refusals: Mapping[type[Exception], Sentence] | None = None,
    alone: bool = False,
    once: bool = True,
    if_refused: Callable[[], object] | None = None,
) -> Response:
    """Run `action` in a transaction, say what came of it and redirect.

    A refusal leads `back`, where the fields of `form` show again what was typed; success leads to `after` (or `back`)
    and says `done`, which names what was done. `refusals` has the sentence for each exception of a lower package that
    is an answer and not a fault; two who write the same at one moment are a refusal of the second. `if_refused` runs
    after a refusal. `alone`: for live calls (:func:`ivr.platform.database.writing_alone`). The same form is done
    `once`; not where its answer alone shows what was made, and what is made anew replaces it.
    """
    sentences = refusals or {}
    answers: tuple[type[Exception], ...] = (Refused, NotNow, IntegrityError, *sentences)
    try:
        with (database.writing_alone if alone else database.writing)() as session:
            if once:
                sent_once.require_first(session, after or back)
            action(session)
    except answers as error:
        if isinstance(error, IntegrityError) and not database_faults.is_clash(error):
            raise
        flash(_sentence(error, sentences), "warning")
        g.not_saved = True
        if form is not None:
            forms.keep_typed(type(form))
        if if_refused is not None:
            if_refused()
        return redirect(back)
    flash(done() if callable(done) else done, "success")
    browser["saved"] = request.path  # the next page lets the browser drop its own copy
    return redirect(after or back)


def uncovered(action: TaskAction) -> TaskAction:
    """The action, refused to who may not see the caller's data."""

    def change(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        if break_glass.reason_for(session, found, user, now) is None:
            raise Refused(Refusal.COVERED)
        action(session, found, user, now)

    return change


def act_on_task(
    task_id: int,
    action: TaskAction,
    *,
    form: forms.Form | None = None,
    text: str = "",
    done: str | Callable[[CallbackTask], str],
    after: str = "",
    ends: EndForm | None = None,
    alone: bool = False,
) -> Response:
    """Change a task that the reader may see, say what is done and what is next, and show it again (or `after`).

    What could not be saved of `text` is kept as the draft of a note. `ends`: the form of an action after which nobody
    looks at the task for now, or that judges what was said; it is refused if something has come from the caller that
    its page has not shown.
    `alone`: as for :func:`act`.
    """
    said = [] if callable(done) else [done]

    def change(session: Session) -> None:
        found = queries.one(session, me(), task_id) or abort(404)
        if ends is not None:
            lock_task(session, task_id)
            caller_news.require_seen(session, found, me(), ends.seen)
        action(session, found, me(), utc_now())
        if callable(done):
            said[:] = [done(found)]

    page = url_for("desk.task", task_id=task_id)
    return act(
        change, page, form=form, done=lambda: said[0], after=after, if_refused=lambda: keep_draft(task_id, text),
        alone=alone,
    )  # fmt: skip


def task_form(model: type[F], task_id: int) -> F:
    """A form of a task's page; if it is wrong, its text is kept as the draft of a note.

    A task that the reader may not see is not there (404), whatever the form says.

    Raises:
        forms.Invalid: a field is wrong.
    """
    with database.reading() as session:
        if queries.one(session, me(), task_id) is None:
            sent_once.require_unknown(session, url_for("desk.queue"))  # handed over: it is another team's now
            abort(404)
    try:
        return forms.read(model, url_for("desk.task", task_id=task_id))
    except forms.Invalid:
        keep_draft(task_id, forms.sent().get("text", ""))
        raise


def keep_draft(task_id: int, text: str) -> None:
    """Keep words that could not be saved: they stand in the note's field again."""
    if text.strip():
        with database.writing() as session:
            if found := queries.one(session, me(), task_id):
                collaboration.keep_draft(session, found, me(), text, utc_now())


def _sentence(error: Exception, refusals: Mapping[type[Exception], Sentence]) -> str:
    for kind, sentence in refusals.items():
        if isinstance(error, kind):
            return sentence if isinstance(sentence, str) else sentence(error)
    if isinstance(error, IntegrityError):
        said: str = gettext(
            "Somebody else has entered or removed the same at this moment. Nothing was saved: please look at what is "
            "there now, and try again."
        )
        return said
    if isinstance(error, NotNow):
        error = Refused(error.reason)
    assert isinstance(error, Refused)  # noqa: S101 - nothing else is caught
    return template_helpers.refusal(error)
