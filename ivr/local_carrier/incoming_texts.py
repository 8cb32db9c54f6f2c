"""Text messages to the hotline: they are stored, told to whom the number names, and their opt-outs are kept."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import Blueprint, Response, abort, jsonify, request

from ivr.domain.carrier_ids import of_exchange
from ivr.domain.enums import CarrierName
from ivr.local_carrier.rest_format import current_switch
from ivr.local_carrier.store import MessageRecord
from ivr.local_carrier.switch import Switch
from ivr.local_carrier.webhooks import WebhookFailed

pages = Blueprint("incoming_texts", __name__, url_prefix="/softphone")

#: Carrier: whoever sends one of these and nothing else gets no message any more, until they send one of the others.
_STOP = ("stop", "stopall", "unsubscribe", "cancel", "end", "quit")
_START = ("start", "unstop", "yes")


@dataclass(frozen=True)
class Told:
    """A message that came in: its id, and the status by which its webhook was answered (0: by nothing usable)."""

    sid: str
    status: int


def send(switch: Switch, from_: str, body: str, to: str = "", sid: str = "") -> Told:
    """Send a text message to the hotline. With the `sid` of another one it is told a second time."""
    to = to or switch.subscription.number
    dialect, account = switch.dialect, switch.store.account
    made = str(uuid.uuid4()) if dialect.name == CarrierName.TELNYX else of_exchange("SM", switch.exchange)
    sid = sid or made
    switch.store.keep_message(MessageRecord(sid, from_, to, body, "received", direction="inbound"))
    if (word := body.strip().lower()) in _STOP:
        switch.opted_out.add(from_)
    elif word in _START:
        switch.opted_out.discard(from_)
    url = account.service_url if account.services and not account.service_defers else switch.subscription.text_url
    if not url:
        return Told(sid, 0)
    form = {
        "AccountSid": switch.subscription.account_sid, "MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid,
        "From": from_, "To": to, "Body": body, "NumMedia": "0", "NumSegments": "1", "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
    }  # fmt: skip
    try:
        if dialect.text_received is not None:
            answer = switch.webhooks.post_json(url, dialect.text_received(sid, from_, to, body))
        else:
            answer = switch.webhooks.post(url, form)
    except WebhookFailed:
        return Told(sid, 0)
    return Told(sid, answer.status)


@pages.post("/texts")
def text() -> tuple[Response, int]:
    """Send a text message to the hotline: `{"from": "+4915112345678", "body": "Hallo"}`. The JSON may name `to`."""
    given = request.get_json()
    if not isinstance(given, dict) or not all(isinstance(given.get(name), str) for name in ("from", "body")):
        abort(400)
    told = send(current_switch(), given["from"], given["body"], str(given.get("to") or ""))
    return jsonify(message_sid=told.sid, answered=told.status), 201
