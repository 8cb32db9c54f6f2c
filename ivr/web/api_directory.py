"""`/api/v1`: the directory and the pools of interpreters, for a house that keeps its numbers elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Response, g, request
from pydantic import BaseModel
from spectree import Response as Answers
from sqlalchemy.orm import Session

from ivr.audit.access_log import Actor
from ivr.callbacks.refused import Refused
from ivr.contact_centre import directory, engaged_numbers, interpreter_pool
from ivr.domain import words
from ivr.domain.enums import Refusal, TokenScope
from ivr.domain.timestamps import utc_now
from ivr.models.directory import DirectoryEntry as EntryRow
from ivr.platform import database
from ivr.web import openapi
from ivr.web.api import problem
from ivr.web.api_directory_models import (
    Directory,
    DirectoryBody,
    DirectoryEntry,
    DirectoryQuery,
    Interpreter,
    Interpreters,
    PoolQuery,
)
from ivr.web.api_models import Error, NoQuery
from ivr.web.api_notice_previews import api

__all__ = ["api"]
_Asked = ParamSpec("_Asked")
_Said = TypeVar("_Said")
_ID = "<int(min=1, max=9007199254740991):id>"
_WRONG = (Error, "what was wrong")


def _answers(model: type[BaseModel], what: str, *, changes: bool = False) -> Answers:
    refused = {"HTTP_404": _WRONG, "HTTP_409": (Error, "why it is not possible")} if changes else {}
    return Answers(
        HTTP_200=(model, what), HTTP_400=_WRONG, HTTP_401=_WRONG, HTTP_403=_WRONG, HTTP_429=_WRONG, **refused
    )


def _with_scope(view: Callable[_Asked, _Said]) -> Callable[_Asked, _Said | Response]:
    """Refuse a token that may not, before what it sends is looked at."""

    @wraps(view)
    def checked(*args: _Asked.args, **named: _Asked.kwargs) -> _Said | Response:
        if TokenScope.DIRECTORY not in g.token.scopes:
            return problem(403, "a token with the scope `directory` is needed")
        return view(*args, **named)

    return checked


@api.get("/directory")
@_with_scope
@openapi.spec.validate(resp=_answers(Directory, "the entries"), operation_id="listDirectory")
def list_directory(query: DirectoryQuery) -> Directory:
    """Numbers of offices, partners and interpreters, and whether somebody answers there now."""
    with database.reading() as session:
        found = directory.entries(session, query.words)
        return Directory(entries=[DirectoryEntry.of(one, utc_now()) for one in found])


@api.post("/directory")
@_with_scope
@openapi.spec.validate(
    resp=_answers(DirectoryEntry, "the entry", changes=True), operation_id="addDirectoryEntry"
)  # fmt: skip
def add_directory_entry(query: NoQuery, json: DirectoryBody) -> DirectoryEntry | Response:
    """Add an entry. A number stands in the directory once."""
    return _change(lambda session, by: directory.add(session, json.listed(), None, by, utc_now()))


@api.post(f"/directory/{_ID}")
@_with_scope
@openapi.spec.validate(
    resp=_answers(DirectoryEntry, "the entry as it is now", changes=True), operation_id="changeDirectoryEntry"
)
def change_directory_entry(id: int, query: NoQuery, json: DirectoryBody) -> DirectoryEntry | Response:
    """Let an entry say all of this, in place of what it said before."""
    return _change(lambda session, by: directory.change(session, id, json.listed(), None, by, utc_now()))


@api.post(f"/directory/{_ID}/end")
@_with_scope
@openapi.spec.validate(
    resp=_answers(DirectoryEntry, "the entry that is ended", changes=True), operation_id="endDirectoryEntry"
)
def end_directory_entry(id: int, query: NoQuery) -> DirectoryEntry | Response:
    """End an entry: nobody is rung at its number any more."""

    def change(session: Session, by: Actor) -> EntryRow:
        ended = directory.one(session, id)
        directory.end(session, id, by, utc_now())
        return ended

    return _change(change)


@api.get("/interpreters")
@_with_scope
@openapi.spec.validate(resp=_answers(Interpreters, "the pool"), operation_id="listInterpreters")
def list_interpreters(query: PoolQuery) -> Interpreters:
    """Who interprets, in the order in which they are rung: of the settings and of the directory."""
    now = utc_now()
    with database.reading() as session:
        pool, engaged = interpreter_pool.everybody(session), engaged_numbers.everywhere(session, now)
    wanted = [one for one in pool if query.language is None or query.language in one.languages]
    return Interpreters(interpreters=[Interpreter.of(one, now, engaged=one.number in engaged) for one in wanted])


def _change(change: Callable[[Session, Actor], EntryRow]) -> DirectoryEntry | Response:
    """Change the directory in one transaction, whose line in the access log names the program."""
    by = Actor(g.token.name, "program", None, request.remote_addr or "")
    try:
        with database.writing_alone() as session:
            return DirectoryEntry.of(change(session, by), utc_now())
    except Refused as refusal:
        missing = refusal.reason == Refusal.NOT_LISTED
        return problem(404 if missing else 409, words.REFUSALS[refusal.reason])
