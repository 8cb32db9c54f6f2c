"""REST: conferences and their participants."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request

from ivr.local_carrier.call import CallSetup
from ivr.local_carrier.conferences import Conference
from ivr.local_carrier.rest_format import (
    PHONE_NUMBER,
    conference_json,
    current_switch,
    error,
    page,
    participant_json,
    ringing_seconds,
    unknown_fields,
)
from ivr.local_carrier.twiml_parser import Verb

pages = Blueprint("conferences", __name__)

_PARTICIPANT_FIELDS = {
    "To", "From", "Timeout", "EndConferenceOnExit", "StatusCallback", "StatusCallbackMethod", "StatusCallbackEvent",
}  # fmt: skip


def _conference(sid: str) -> Conference:
    return current_switch().conferences.one(sid) or abort(404)


@pages.get("/Conferences.json")
def index() -> Response:
    """The conferences of a name and status, newest first."""
    name, status = request.args.get("FriendlyName"), request.args.get("Status")
    found = [conference_json(item) for item in current_switch().conferences.all() if name in (None, item.name)]
    return page("conferences", [item for item in found if status in (None, item["status"])])


@pages.get("/Conferences/<sid>.json")
def show(sid: str) -> Response:
    """A conference."""
    return jsonify(conference_json(_conference(sid)))


@pages.post("/Conferences/<sid>.json")
def update(sid: str) -> Response:
    """End a conference, and the calls in it."""
    conference = _conference(sid)
    if set(request.form) != {"Status"} or request.form["Status"] != "completed":
        return error(400, 20001, "the local carrier knows Status=completed only")
    # Carrier: a conference that is ended by REST hangs up its participants.
    for execution in filter(None, map(current_switch().live, list(conference.participants))):
        execution.complete()
    conference.end()
    return jsonify(conference_json(conference))


@pages.get("/Conferences/<sid>/Participants.json")
def participants(sid: str) -> Response:
    """The participants of a conference."""
    conference = _conference(sid)
    found = list(conference.participants.values())
    return page("participants", [participant_json(item, conference) for item in found])


@pages.get("/Conferences/<sid>/Participants/<call_sid>.json")
def participant(sid: str, call_sid: str) -> Response:
    """A participant of a conference."""
    conference = _conference(sid)
    return jsonify(participant_json(conference.participants.get(call_sid) or abort(404), conference))


@pages.post("/Conferences/<sid>/Participants.json")
def add_participant(sid: str) -> tuple[Response, int] | Response:
    """Call a number and let it join. Carrier: a conference may be named, and begins then if it does not exist."""
    form = request.form
    conference = current_switch().conferences.one(sid)
    if refused := unknown_fields(_PARTICIPANT_FIELDS):
        return refused
    if not form.get("From") or not PHONE_NUMBER.fullmatch(form.get("To", "")):
        return error(400, 21211, f"Invalid 'To' Phone Number: {form.get('To', '')}")
    attributes = {"endConferenceOnExit": form.get("EndConferenceOnExit", "false")}
    verb = Verb("Conference", attributes, conference.name if conference else sid, ())
    setup = CallSetup(
        "",
        "",
        form.get("StatusCallback", ""),
        tuple(form.getlist("StatusCallbackEvent")),
        document=(Verb("Dial", {}, "", (verb,)),),
    )
    record = current_switch().originate(form["To"], form["From"], setup, ringing_seconds())
    return jsonify(
        account_sid=current_switch().subscription.account_sid,
        call_sid=record.sid,
        conference_sid=conference.sid if conference else None,
        status=record.status,
        muted=False,
        hold=False,
    ), 201


@pages.delete("/Conferences/<sid>/Participants/<call_sid>.json")
def remove_participant(sid: str, call_sid: str) -> tuple[str, int]:
    """Remove a participant. The call goes on with its document."""
    conference = _conference(sid)
    conference.remove(conference.participants.get(call_sid) or abort(404))
    return "", 204
