"""`/api/v1`: callback tasks as JSON for other programs, with a bearer token."""

from __future__ import annotations

import inspect
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from flask import Blueprint, Response, abort, current_app, g, jsonify, request, url_for
from spectree import Response as Answers
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from ivr.accounts import api_tokens
from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.callbacks import caller_news, queries
from ivr.domain.enums import TokenScope
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import ApiToken
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.web import openapi
from ivr.web.api_models import Error, NoQuery, Task, TaskPage, TaskQuery

#: Tries to write down that a program reads, and seconds between them.
_TRIES, _PAUSE = 5, 1.1
#: That a token is used is written down at most so often.
_USED_EVERY = timedelta(minutes=1)

_WRONG = (Error, "what was wrong")

#: The scope that is enough for what stands under these addresses.
_ALONE = {
    "notices": TokenScope.NOTICES, "directory": TokenScope.DIRECTORY, "interpreters": TokenScope.DIRECTORY,
}  # fmt: skip

api = Blueprint("api", __name__, url_prefix="/api/v1")


@api.before_request
def _token_only() -> Response | None:
    if request.endpoint == "api.document":
        return None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    with database.reading() as session:
        known = api_tokens.token_of(session, token.strip(), utc_now()) if scheme.lower() == "bearer" else None
    if known is not None and _opens_something(known):
        g.token = known
        if known.last_used_at is None or known.last_used_at < utc_now() - _USED_EVERY:
            with suppress(SQLAlchemyError), database.noting() as connection:
                connection.execute(update(ApiToken).where(ApiToken.id == known.id).values(last_used_at=utc_now()))
        return None
    needed = (
        "a valid bearer token with the scope `tasks` is needed, or with that of the address: `notices`, `directory`"
    )
    response = problem(401, needed)
    response.headers["WWW-Authenticate"] = 'Bearer realm="hotline"'
    return response


def _opens_something(token: ApiToken) -> bool:
    """Whether a token may ask at this address: every one with `tasks`, and one with the scope of the address alone."""
    area = request.path.removeprefix(f"{api.url_prefix}/").partition("/")[0]
    return TokenScope.TASKS in token.scopes or _ALONE.get(area) in token.scopes


@api.before_request
def _object_only() -> Response | None:
    """Refuse what is no JSON object: read as if nothing had been sent, it would do what was not asked for."""
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or "json" not in inspect.signature(view).parameters:
        return None
    is_form = request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")
    if not is_form and not request.get_data():
        return None
    try:
        body = None if is_form else request.get_json(silent=True)
    except RecursionError:
        body = None
    if isinstance(body, dict):
        return None
    return problem(400, "the body must be a JSON object (Content-Type: application/json)")


@api.get("/openapi.json")
def document() -> Response:
    """The description of this interface."""
    return jsonify(openapi.document())


@api.get("/tasks")
@openapi.spec.validate(
    resp=Answers(HTTP_200=(TaskPage, "a page of tasks"), HTTP_400=_WRONG, HTTP_401=_WRONG, HTTP_429=_WRONG),
    operation_id="listTasks",
)
def tasks(query: TaskQuery) -> TaskPage:
    """Callback tasks of all teams, by id."""
    asked = query.model_dump(mode="json")
    with database.reading() as session:
        listed = queries.page(session, **asked)
        seen = caller_news.marks(session, [one.id for one in listed.tasks])
    following, ids = None, [*(one.id for one in listed.tasks), *listed.unreadable]
    if len(ids) == query.limit:
        following = url_for("api.tasks", **{**asked, "after_id": max(ids)})
    _note(listed.tasks)
    found = [Task.of(one, seen[one.id], callers=may_read_callers()) for one in listed.tasks]
    return TaskPage(tasks=found, next=following, unreadable=list(listed.unreadable))


@api.get("/tasks/<int(min=0, max=9007199254740991):id>")
@openapi.spec.validate(
    resp=Answers(HTTP_200=(Task, "the task"), HTTP_400=_WRONG, HTTP_401=_WRONG, HTTP_404=_WRONG, HTTP_429=_WRONG),
    operation_id="getTask",
)
def task(id: int, query: NoQuery) -> Task:
    """One callback task."""
    with database.reading() as session:
        found = queries.any_one(session, id) or abort(404)
        seen = caller_news.mark(session, id)
    _note([found])
    return Task.of(found, seen, callers=may_read_callers())


def may_read_callers() -> bool:
    """Whether this request's token opens numbers, words and messages of callers."""
    return "callers" in g.token.scopes


def _note(tasks: Sequence[CallbackTask]) -> None:
    """What a program reads of callers is written down, before it gets it."""
    if may_read_callers() and tasks:
        by = Actor(g.token.name, "program", None, request.remote_addr or "")
        for tries_left in reversed(range(_TRIES)):
            try:
                with database.writing() as session:
                    if len(tasks) == 1:
                        access_log.append(session, by, "export", utc_now(), task=tasks[0])
                    for detail in access_log.ranges([task.id for task in tasks]) if len(tasks) > 1 else ():
                        access_log.append(session, by, "export", utc_now(), detail=detail)
                return
            except SQLAlchemyError:  # workers write a great deal: a program has time
                if not tries_left:
                    raise
                time.sleep(_PAUSE)


@api.errorhandler(404)
def _missing(_: object) -> Response:
    return problem(404, "there is no such task")


def problem(status: int, reason: str) -> Response:
    """An answer that says what was wrong."""
    response = jsonify(error=reason)
    response.status_code = status
    return response
