"""`/api/v1`: what a program may change: tasks are merged and split, and changes by receipt code decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from flask import Response, abort, g, request
from pydantic import BeforeValidator, Field
from spectree import Response as Answers
from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.callbacks import caller_news, code_changes, merging, queries, splitting
from ivr.callbacks.refused import Refused
from ivr.callbacks.task_locks import lock_task
from ivr.domain import words
from ivr.domain.digits import LARGEST_ID
from ivr.domain.enums import AccessAction, CallerProof, TokenScope
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.contacts import Contact
from ivr.platform import database
from ivr.web import openapi
from ivr.web.api import api, may_read_callers, problem
from ivr.web.api_models import Asked, Error, NoQuery, Task

__all__ = ["api"]
_WRONG = (Error, "what was wrong")
_ANSWERS = Answers(
    HTTP_200=(Task, "the task as it is now"),
    HTTP_400=_WRONG,
    HTTP_401=_WRONG,
    HTTP_403=_WRONG,
    HTTP_404=_WRONG,
    HTTP_409=(Error, "why it is not possible"),
    HTTP_429=_WRONG,
)
_ID = "<int(min=1, max=9007199254740991):id>"


def _whole(given: object) -> object:
    """A number without a fraction is an integer in JSON, however it is written (5.0)."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


class MergeBody(Asked):
    """Which task is merged into the one of the address."""

    other: Annotated[
        int,
        Field(strict=True, ge=1, le=LARGEST_ID, description="id of the task that is closed"),
        BeforeValidator(_whole),
    ]


class RejectBody(Asked):
    """What was read before a change is decided about."""

    seen: Annotated[str, Field(max_length=80, description="`seen` of the task as it was read")] = ""


class ConfirmBody(RejectBody):
    """How one knows that the caller has made a change."""

    proof: CallerProof


@api.post(f"/tasks/{_ID}/merge")
@openapi.spec.validate(resp=_ANSWERS, operation_id="mergeTasks")
def merge_tasks(id: int, query: NoQuery, json: MergeBody) -> Task | Response:
    """Merge another task of the same person into a task."""

    def change(session: Session) -> CallbackTask:
        task, other = _task(session, id), _task(session, json.other)
        merging.merge(session, task, other, None, utc_now())
        return task

    return _change(change)


@api.post(f"/tasks/{_ID}/undo-merge")
@openapi.spec.validate(resp=_ANSWERS, operation_id="undoMerge")
def undo_merge(id: int, query: NoQuery) -> Task | Response:
    """Take back that a task was merged into another one."""

    def change(session: Session) -> CallbackTask:
        task = _task(session, id)
        merging.undo(session, task, None, utc_now())
        return task

    return _change(change)


@api.post(f"/contacts/{_ID}/split")
@openapi.spec.validate(resp=_ANSWERS, operation_id="splitContact")
def split_contact(id: int, query: NoQuery) -> Task | Response:
    """Take a contact out of its task into a task of its own."""
    return _change(lambda session: splitting.split(session, _contact(session, id), None, utc_now()))


@api.post(f"/contacts/{_ID}/confirm")
@openapi.spec.validate(resp=_ANSWERS, operation_id="confirmChange")
def confirm_change(id: int, query: NoQuery, json: ConfirmBody) -> Task | Response:
    """Confirm what was changed or withdrawn by the receipt code of a contact."""

    def change(session: Session) -> CallbackTask:
        contact = _decided(session, id, json.seen)
        code_changes.confirm(session, contact, json.proof, None, utc_now())
        return contact.task

    return _change(change, reason=json.proof)


@api.post(f"/contacts/{_ID}/reject")
@openapi.spec.validate(resp=_ANSWERS, operation_id="rejectChange")
def reject_change(id: int, query: NoQuery, json: RejectBody) -> Task | Response:
    """Reject what was changed or withdrawn by the receipt code of a contact. A body may be left out."""

    def change(session: Session) -> CallbackTask:
        contact = _decided(session, id, json.seen)
        code_changes.refuse(session, contact, None, utc_now())
        return contact.task

    return _change(change)


def _decided(session: Session, contact_id: int, seen: str) -> Contact:
    """The contact whose change is decided; nothing has come to its task since it was read."""
    contact = _contact(session, contact_id)
    lock_task(session, contact.task_id)
    changes = [at for at in (contact.number_changed_at, contact.withdrawn_at) if at is not None]
    caller_news.require_seen(session, contact.task, None, seen, since=max(changes, default=None))
    return contact


def _task(session: Session, task_id: int) -> CallbackTask:
    return session.get(CallbackTask, task_id) or abort(404)


def _contact(session: Session, contact_id: int) -> Contact:
    return session.get(Contact, contact_id) or abort(404)


def _change(change: Callable[[Session], CallbackTask], reason: str = "") -> Task | Response:
    """Change something in one transaction, which is logged, and give the task as it is afterwards."""
    if TokenScope.CHANGES not in g.token.scopes:
        return problem(403, "a token with the scope `changes` is needed")
    by = Actor(g.token.name, "program", None, request.remote_addr or "")
    try:
        with database.writing() as session:
            changed = change(session)
            task_id, detail = changed.id, (request.endpoint or "").partition(".")[2]
            action = AccessAction.CHANGED_BY_PROGRAM
            access_log.append(session, by, action, utc_now(), task=changed, reason=reason, detail=detail)
    except Refused as refused:
        return problem(409, words.REFUSALS[refused.reason])
    with database.reading() as session:
        found, seen = queries.any_one(session, task_id) or abort(404), caller_news.mark(session, task_id)
        return Task.of(found, seen, callers=may_read_callers())
