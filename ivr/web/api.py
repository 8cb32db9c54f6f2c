"""`/api/v1`: callback tasks as JSON for other programs, with a bearer token."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, g, jsonify, request, url_for
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from ivr.accounts import api_tokens
from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.callbacks import queries
from ivr.domain.timestamps import iso, utc_now
from ivr.models.accounts import ApiToken
from ivr.models.callbacks import AppointmentWish, CallbackTask, PostalOrder
from ivr.models.voicebox import Transcript, VoiceboxMessage
from ivr.platform import database
from ivr.web import openapi

#: Tries to write down that a program reads, and seconds between them.
_TRIES, _PAUSE = 5, 1.1
#: That a token is used is written down at most so often.
_USED_EVERY = timedelta(minutes=1)

api = Blueprint("api", __name__, url_prefix="/api/v1")


@api.before_request
def _token_only() -> Response | None:
    if request.endpoint == "api.document":
        return None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    with database.reading() as session:
        known = api_tokens.token_of(session, token.strip(), utc_now()) if scheme.lower() == "bearer" else None
    if known is not None and "tasks" in known.scopes:
        g.token = known
        if known.last_used_at is None or known.last_used_at < utc_now() - _USED_EVERY:
            with suppress(SQLAlchemyError), database.noting() as connection:
                connection.execute(update(ApiToken).where(ApiToken.id == known.id).values(last_used_at=utc_now()))
        return None
    response = _problem(401, "a valid bearer token with the scope `tasks` is needed")
    response.headers["WWW-Authenticate"] = 'Bearer realm="hotline"'
    return response


@api.get("/openapi.json")
def document() -> Response:
    """The description of this interface."""
    return jsonify(openapi.DOCUMENT)


@api.get("/tasks")
def tasks() -> Response:
    """A page of tasks by id; `next` leads to the following one."""
    if unknown := set(request.args) - {"limit", "after_id", "state", "call_sid"}:
        return _problem(400, f"there is no parameter {sorted(unknown)[0][:40]!r}")
    limit, after_id = _number("limit", 1000), _number("after_id", 0)
    state = request.args.get("state")
    if not 1 <= limit <= 1000 or not 0 <= after_id <= 2147483647 or state not in (None, "open", "claimed", "closed"):
        return _problem(400, "limit is 1 to 1000, after_id not negative, state one of open, claimed, closed")
    call_sid = request.args.get("call_sid")
    if call_sid is not None and not re.fullmatch(openapi.CALL_SID, call_sid):
        return _problem(400, "call_sid is the carrier's id of a call")
    with database.reading() as session:
        found = queries.page(session, after_id=after_id, limit=limit, state=state, call_sid=call_sid)
    following = None
    if len(found) == limit:
        following = url_for("api.tasks", limit=limit, after_id=found[-1].id, state=state, call_sid=call_sid)
    _note(found)
    return jsonify(tasks=[represent(task, callers=_callers()) for task in found], next=following)


@api.get("/tasks/<int:task_id>")
def task(task_id: int) -> Response:
    """One task."""
    if request.args:
        return _problem(400, "a task takes no parameters")
    with database.reading() as session:
        found = queries.any_one(session, task_id) or abort(404)
    _note([found])
    return jsonify(represent(found, callers=_callers()))


def _callers() -> bool:
    return "callers" in g.token.scopes


def _note(tasks: Sequence[CallbackTask]) -> None:
    """What a program reads of callers is written down, before it gets it."""
    if _callers() and tasks:
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


def _number(name: str, default: int) -> int:
    """A whole number from the query; -1, which no parameter takes, for anything else."""
    given = request.args.get(name, str(default))
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 12 else -1


@api.errorhandler(404)
def _missing(_: object) -> Response:
    return _problem(404, "there is no such task")


def _problem(status: int, reason: str) -> Response:
    response = jsonify(error=reason)
    response.status_code = status
    return response


def represent(task: CallbackTask, *, callers: bool) -> dict[str, Any]:
    """A task as the OpenAPI document describes it; `callers`: with what is the caller's own. Of who has asked that
    their data is not used, it is left out."""
    callers = callers and task.restricted_at is None
    return {
        "id": task.id,
        "kind": task.kind,
        "state": task.state,
        "team": task.team.key,
        "language": task.language,
        "concern": task.concern,
        "urgency": task.urgency,
        "emergency_kind": task.emergency_kind,
        "urgency_words": (task.urgency_words or []) if callers else [],
        "office": task.office,
        "age_group": task.age_group,
        "availability": task.availability,
        "callback_number": task.callback_number if callers else None,
        "receipt_code": task.receipt_code,
        "call_sid": task.call.call_sid,
        "first_contact_at": iso(task.first_contact_at),
        "due_at": iso(task.due_at),
        "first_attempt_at": iso(task.first_attempt_at),
        "breached_at": iso(task.breached_at),
        "next_attempt_at": iso(task.next_attempt_at),
        "letter_proposed_at": iso(task.letter_proposed_at),
        "needs_interpreter": task.needs_interpreter,
        "claimed_at": iso(task.claimed_at),
        "closed_at": iso(task.closed_at),
        "outcome": task.outcome,
        "calls": [contact.call.call_sid for contact in task.contacts],
        "messages": [_message(message, callers) for message in task.messages],
        "postal_order": _postal_order(task.postal_order, callers),
        "appointment_wish": _appointment_wish(task.appointment_wish, callers),
    }


def _postal_order(order: PostalOrder | None, callers: bool) -> dict[str, Any] | None:
    return {"forms": order.forms, "customer_number": order.customer_number if callers else None} if order else None


def _appointment_wish(wish: AppointmentWish | None, callers: bool) -> dict[str, Any] | None:
    if wish is None:
        return None
    return {
        "mode": wish.mode,
        "reason": wish.reason,
        "companion": wish.companion,
        "impairment": wish.impairment,
        "large_room": wish.large_room,
        "priority_groups": list(wish.priority_groups),
        "appointment_at": iso(wish.appointment_at),
        "place": wish.place if callers else None,
        "refusal_reason": wish.refusal_reason,
    }


def _message(message: VoiceboxMessage, callers: bool) -> dict[str, Any]:
    recording = message.recording
    return {
        "recording_sid": recording.recording_sid if recording else None,
        "recorded_seconds": recording.recorded_seconds if recording else None,
        "recording_state": recording.state if recording else None,
        "transcript": _transcript(recording.transcript if recording else None, callers),
    }


def _transcript(transcript: Transcript | None, callers: bool) -> dict[str, Any]:
    # Until the audio has arrived there is no row yet: to the reader that is "pending" as well.
    if transcript is None:
        return {"state": "pending", "reason": None, "text": None, "confidence": None, "words": []}
    return {
        "state": transcript.state,
        "reason": transcript.reason,
        "text": transcript.text if callers else None,
        "confidence": transcript.confidence,
        "words": (transcript.words or []) if callers else [],
    }
