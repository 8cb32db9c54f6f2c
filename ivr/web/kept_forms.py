"""Forms that arrive when their sender is no longer logged in: kept, and offered again after the log-in.

Whose form it was tells the token in it (against forged requests), which is signed and names the user. So it is offered
to nobody else, whoever logs in at the same desk next. It works without JavaScript and for every form alike.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, flash, g, redirect, render_template, request, session
from flask import url_for as address_of
from flask_babel import gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import kept_forms, login_sessions
from ivr.callbacks import queries
from ivr.domain.digits import whole_number
from ivr.domain.permissions import permission_of
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.platform import database
from ivr.web import form_tokens, forms, uploads
from ivr.web.addresses import asked_by_the_page, own_address
from ivr.web.form_fields import Secret
from ivr.web.words import TABLES

log = logging.getLogger(__name__)
kept = Blueprint("kept", __name__, url_prefix="/kept")

_TOKEN = "csrf_token"  # noqa: S105 - the name of a field
#: Fields that nobody has typed.
MECHANICAL = {_TOKEN, "kept", "seen", "shown", "next", "view"}
#: Forms in which nothing is lost: log-in, one's own password, a search, what a page sends by itself.
_NEVER = ("login", "account", "kept", "softphone", "browser_telephone", "desk.search", "desk_tools.palette")


def sign(user: User) -> None:
    """Let the tokens of forms name the user from now on. Pages that were open before stay valid for the same user."""
    ending = f".{user.id}"
    former = str(g.pop("former_token", ""))
    session[_TOKEN] = former if former.endswith(ending) else secrets.token_hex(20) + ending


def remember_token() -> None:
    """Note the token of the session that ends, so that :func:`sign` can go on with it."""
    g.former_token = session.get(_TOKEN, "")


def _named_in_token() -> int | None:
    """The id of the user whom the form's signed token names; None without such a token."""
    serializer = URLSafeTimedSerializer(current_app.config["WTF_CSRF_SECRET_KEY"], salt="wtf-csrf-token")
    with suppress(BadData, TypeError, ValueError):
        raw = serializer.loads(form_tokens.signed(forms.sent().get(_TOKEN, "")))
        return int(str(raw).rpartition(".")[2]) if "." in str(raw) else None
    return None


def _owner() -> int | None:
    """The id of the user on whose page the form was; None where that is not known."""
    if forms.sent().get(_TOKEN):  # the log-in of the browser need not be that of the form's author
        return _named_in_token()
    with database.reading() as db:
        return login_sessions.holder(db, str(session.get("_user_id", "")))


def keep() -> str:
    """Keep the form of this request for its owner, if it is one in which something was typed.

    Returns the page that it was on; empty where it is not known. Never raises because of the database: then the form is
    not kept, and the page says so.
    """
    page, fields, files = _page(), _typed_fields(), _files()
    fields.pop("kept", None)
    if fields:
        _tell(done=_keep(page, fields, files))
    if files:
        names = ", ".join(files.values())
        flash(
            gettext("Please choose again after the log-in, because files are not kept: %(names)s", names=names),
            "warning",
        )
    return page


def _keep(page: str, fields: Mapping[str, Sequence[str]], files: Mapping[str, str]) -> bool:
    try:
        owner = _owner()
        with database.writing() as db:
            user = db.get(User, owner) if owner is not None else None
            if user is None or not user.active:
                return False
            return kept_forms.keep(db, user.id, _path(), page, fields, utc_now(), files)
    except SQLAlchemyError:
        return False


def _tell(*, done: bool) -> None:
    if done:
        flash(gettext("Your log-in had ended. What you have typed is kept; you can send it after the log-in."), "info")
        return
    log.warning("a form of %s could not be kept", request.endpoint)
    said = gettext(
        "Your log-in had ended, and what you have typed could not be kept. Please go back in the browser and copy it "
        "before you log in."
    )
    flash(said, "danger")


def _typed_fields() -> dict[str, list[str]]:
    """The fields of this request's form without secrets; none where nobody has typed anything that could be lost."""
    if not _is_typed():
        return {}
    never = {_TOKEN} | _secrets()
    fields = {name: values for name, values in forms.sent_fields().items() if name not in never}
    typed = [one for name, values in fields.items() if name not in MECHANICAL for one in values if one.strip()]
    return fields if typed else {}


def _is_typed() -> bool:
    """Whether this request is a form that somebody has filled in, and no search, log-in, or request of a page."""
    permission = permission_of(request.endpoint or "")
    polled = permission is not None and permission.polled
    excluded = any(request.endpoint == name or (request.endpoint or "").startswith(f"{name}.") for name in _NEVER)
    return request.method == "POST" and not polled and not excluded


def _files() -> dict[str, str]:
    return uploads.names() if _is_typed() else {}


def typed_here() -> tuple[dict[str, list[str]], dict[str, str]]:
    """What the sender of this request has typed, and its files; nothing of what another page than ours has sent."""
    if request.method == "POST":
        with suppress(ValueError, HTTPException):  # of a wrong token; of a form that is too long to be read
            form_tokens.check(forms.sent().get(_TOKEN, ""))
            return _typed_fields(), _files()
    return {}, {}


def to_send_again() -> dict[str, Any]:
    """For a page that says that something has failed: what its reader has typed, to be sent again, and the way back."""
    fields, files = typed_here()
    return {"fields": fields, "files": files, "mechanical": MECHANICAL, "path": _path(), "page": _page()}


def _path() -> str:
    return request.full_path.rstrip("?")


def _page() -> str:
    """The page that a form was on: where the browser came from, else the page of the same address, else none."""
    parts = urlsplit(request.referrer or "")
    here = parts.netloc in (request.host, "") and bool(parts.path)
    candidates = [f"{parts.path}?{parts.query}" if parts.query else parts.path] if here else []
    candidates += [request.path, request.path.rpartition("/")[0], request.path.rpartition("/")[0] + "/"]
    return next((one for one in candidates if can_be_opened(one)), "")


def can_be_opened(target: str) -> bool:
    """Whether an address of ours shows a page, and is not only where a form is sent to."""
    if not own_address(target):
        return False
    adapter = current_app.url_map.bind("localhost")
    with suppress(HTTPException):
        endpoint, _ = adapter.match(urlsplit(target).path, method="GET")
        return not str(endpoint).startswith(("static", "login."))
    return False


def _secrets() -> set[str]:
    """Names of fields that are never kept."""
    found, todo = set[str](), list(forms.Form.__subclasses__())
    while todo:
        model = todo.pop()
        todo += model.__subclasses__()
        for name, about in model.model_fields.items():
            if any(isinstance(one, Secret) for one in about.metadata):
                found.add(name)
    return found


def waiting() -> int:
    """How many forms are kept for the reader."""
    if not current_user.is_authenticated:
        return 0
    with database.reading() as db:
        return kept_forms.count(db, current_user.user.id, utc_now())


def _count_before_the_view() -> None:
    """Count before a page's view opens its session: a page holds one connection at a time."""
    if request.method == "GET" and not asked_by_the_page():
        with suppress(SQLAlchemyError):
            g.forms_kept = waiting()


def _counted() -> int:
    return int(g.get("forms_kept", 0))


@kept.get("/")
def page() -> str:
    """What one has typed and could not send."""
    with database.reading() as db:
        found = kept_forms.of_user(db, current_user.user.id, utc_now())
        said = {one.id: _of_ticked_tasks(db, one) for one in found if one.path == address_of("desk_tools.selected")}
    return render_template("kept.html", kept=found, mechanical=MECHANICAL, said=said)


def _of_ticked_tasks(db: Session, form: kept_forms.Form) -> list[str]:
    """What was to be done with ticked tasks, in words: the form has ids."""
    values = {name: "".join(form.fields.get(name, ())) for name in ("action", "to", "outcome")}
    ids = [one for one in map(whole_number, form.fields.get("task", ())) if one is not None]
    codes = ", ".join(task.receipt_code for task in queries.some(db, current_user.user, ids))
    if values["action"] == "assign":
        to = db.get(User, whole_number(values["to"]) or 0)
        done = f"{gettext('Assign to')}: {to.name if to else '–'}"
    elif values["action"] == "close":
        done = f"{gettext('Close the task')}: {TABLES['outcomes'].get(values['outcome'], '–')}"
    else:
        done = str(gettext("Export (CSV)"))
    return [done, f"{gettext('With the ticked tasks')}: {codes}"]


@kept.post("/<int:form_id>/discard")
def discard(form_id: int) -> AnyResponse:
    """Discard it."""
    with database.writing() as db:
        kept_forms.drop(db, current_user.user.id, form_id)
    return redirect(address_of("kept.page"))


def _sent_again(answer: Response) -> Response:
    """A kept form goes when the server has what was in it: not before, and not if it was refused."""
    if request.method != "POST" or answer.status_code >= 400 or g.get("not_saved") or _was_refused():
        return answer
    form_id = whole_number(forms.sent().get("kept", ""))
    if form_id is None or not current_user.is_authenticated:
        return answer
    try:
        with database.writing() as db:
            kept_forms.drop(db, current_user.user.id, form_id)
    except SQLAlchemyError:
        log.warning("a kept form that was sent again could not be deleted")
    return answer


def _was_refused() -> bool:
    """Whether the next page says why nothing was done, and of nothing that was."""
    told = {category for category, _ in session.get("_flashes", ())}
    return bool(told & {"warning", "danger"}) and "success" not in told


def _wrong_token(error: CSRFError) -> AnyResponse | tuple[str, int]:
    """The form is of another log-in. Its owner gets it back; anybody else learns nothing of it."""
    g.not_saved = True
    if request.path.startswith(("/api/", "/voice/")):
        return str(error.description), 400
    owner = _named_in_token()
    where = keep() if owner is not None else ""
    if owner is not None and not current_user.is_authenticated:
        return redirect(address_of("login.page", next=where or None))
    if owner is not None and owner == current_user.user.id:
        return redirect(address_of("kept.page"))
    return render_template("error.html", code=400), 400


def install(app: Flask) -> None:
    """Answer forms with the token of another log-in, and let every page tell what is kept."""
    app.register_error_handler(CSRFError, _wrong_token)
    app.before_request(_count_before_the_view)
    app.after_request(_sent_again)
    app.jinja_env.globals["forms_kept"] = _counted
