"""REST: text messages. They are stored, and never sent."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, abort, jsonify, request

from ivr.domain.carrier_ids import of_exchange
from ivr.local_carrier.rest_format import current_switch, error, message_json, page, refusal, status_of_error
from ivr.local_carrier.store import MessageRecord

pages = Blueprint("messages", __name__)


@pages.get("/Messages.json")
def index() -> Response:
    """All text messages, newest first."""
    return page("messages", [message_json(item) for item in current_switch().store.messages()])


@pages.post("/Messages.json")
def create() -> tuple[Response, int] | Response:
    """Store a text message."""
    form = request.form
    sender = form.get("From") or form.get("MessagingServiceSid")
    if not form.get("To") or not sender or not form.get("Body"):
        return error(400, 21602, "To, From (or MessagingServiceSid) and Body are needed")
    if refused := refusal("texts", form["To"]) or _cannot_send(sender):
        return refused
    if form["To"] in current_switch().opted_out:
        return error(400, 21610, "Attempt to send to unsubscribed recipient")
    message = MessageRecord(of_exchange("SM", current_switch().exchange), sender, form["To"], form["Body"])
    current_switch().deliver(message, form.get("StatusCallback", ""))
    return jsonify(message_json(message)), 201


def _cannot_send(sender: str) -> Response | None:
    """Carrier: a number of the account must have the ability (21606), a service must be there and have senders."""
    switch = current_switch()
    account = switch.store.account
    if not switch.sends_texts:
        return error(400, 21606, "There is no carrier that sends text messages")
    if sender == switch.subscription.number and not account.sms:
        return error(400, 21606, f"The From phone number {sender} is not a valid, SMS-capable number")
    services = dict(account.services)
    if _is_service(sender) and sender not in services:
        return error(404, 20404, f"The requested resource {sender} was not found")
    if _is_service(sender) and not services[sender]:
        return error(400, 21703, "The Messaging Service does not have a phone number available")
    return None


def _is_service(sender: str) -> bool:
    """Whether a sender is the id of a messaging service."""
    return sender.startswith("MG") and len(sender) == 34


def create_by_json() -> tuple[Response, int] | Response:
    """Store a text message, in the manner of Telnyx."""
    given = request.get_json()
    if (code := current_switch().store.refusals().of("texts", given["to"])) is not None:
        return jsonify(errors=[{"code": str(code), "title": "refused on request"}]), status_of_error(code)
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
