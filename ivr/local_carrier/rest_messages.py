"""REST: text messages. They are stored, and never sent."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, abort, jsonify, request

from ivr.local_carrier.rest_format import current_switch, error, message_json, page, refusal
from ivr.local_carrier.store import MessageRecord, new_sid

pages = Blueprint("messages", __name__)


@pages.get("/Messages.json")
def index() -> Response:
    """All text messages, newest first."""
    return page("messages", [message_json(item) for item in current_switch().store.messages()])


@pages.post("/Messages.json")
def create() -> tuple[Response, int] | Response:
    """Store a text message."""
    form = request.form
    if not form.get("To") or not form.get("From") or not form.get("Body"):
        return error(400, 21602, "To, From and Body are needed")
    if refused := refusal("texts", form["To"]):
        return refused
    message = MessageRecord(new_sid("SM"), form["From"], form["To"], form["Body"])
    current_switch().deliver(message, form.get("StatusCallback", ""))
    return jsonify(message_json(message)), 201


def create_by_json() -> tuple[Response, int] | Response:
    """Store a text message, in the manner of Telnyx."""
    given = request.get_json()
    if current_switch().store.refusals().of("texts", given["to"]) is not None:
        return jsonify(errors=[{"code": "40300", "title": "refused on request"}]), 400
    message = MessageRecord(str(uuid.uuid4()), given["from"], given["to"], given["text"])
    current_switch().deliver(message, given.get("webhook_url", ""))
    return jsonify(data={"id": message.sid, "record_type": "message"}), 200


@pages.get("/Messages/<sid>.json")
def show(sid: str) -> Response:
    """A text message."""
    return jsonify(message_json(current_switch().store.message(sid) or abort(404)))


@pages.delete("/Messages/<sid>.json")
def delete(sid: str) -> tuple[str, int]:
    """Delete a text message."""
    if not current_switch().store.delete_message(sid):
        abort(404)
    return "", 204
