"""REST: the account's telephone number and its webhooks."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request

from ivr.local_carrier.rest_format import current_switch, error, number_json, page, unknown_fields

pages = Blueprint("numbers", __name__)

#: The webhooks of a number: field of the carrier's form -> attribute of the subscription.
_WEBHOOKS = {
    "VoiceUrl": "voice_url", "VoiceFallbackUrl": "fallback_url", "StatusCallback": "status_url", "SmsUrl": "text_url",
}  # fmt: skip
_METHODS = ("VoiceMethod", "VoiceFallbackMethod", "StatusCallbackMethod", "SmsMethod")


@pages.get("/IncomingPhoneNumbers.json")
def index() -> Response:
    """The numbers that contain the digits of PhoneNumber."""
    subscription = current_switch().subscription
    wanted = request.args.get("PhoneNumber", "")
    found = [subscription] if wanted in subscription.number else []
    return page("incoming_phone_numbers", [number_json(item) for item in found])


@pages.get("/IncomingPhoneNumbers/<sid>.json")
def show(sid: str) -> Response:
    """The number and its webhooks."""
    subscription = current_switch().subscription
    if sid != subscription.number_sid:
        abort(404)
    return jsonify(number_json(subscription))


@pages.post("/IncomingPhoneNumbers/<sid>.json")
def update(sid: str) -> Response:
    """Change the number's webhooks."""
    subscription = current_switch().subscription
    if sid != subscription.number_sid:
        abort(404)
    if refused := unknown_fields({*_WEBHOOKS, *_METHODS}):
        return refused
    if any(request.form.get(method, "POST") != "POST" for method in _METHODS):
        return error(400, 21403, "the local carrier sends webhooks by POST only")
    for field, value in request.form.items():
        if field in _WEBHOOKS:
            setattr(subscription, _WEBHOOKS[field], value)
    current_switch().store.keep_number(subscription)
    return jsonify(number_json(subscription))
