"""The interface of Telnyx beside TeXML: numbers, TeXML applications, messaging profiles. Written from its documents."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request

from ivr.local_carrier.rest_format import current_switch

_APPLICATION, _PROFILE = "1494404757140276705", "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def blueprint(authenticate: Callable[[], Response | None]) -> Blueprint:
    """The interface under /v2."""
    rest = Blueprint("telnyx", __name__, url_prefix="/v2")
    rest.before_request(authenticate)

    @rest.get("/phone_numbers")
    def numbers() -> Response:
        own = current_switch().subscription.number
        named = {"record_type": "phone_number", "phone_number": own, "status": "active"}
        wanted = request.args.get("filter[phone_number]", "")
        found = [{**named, "connection_id": _APPLICATION, "messaging_profile_id": _PROFILE}] if wanted in own else []
        return jsonify(data=found, meta={"total_results": len(found)})

    @rest.get(f"/texml_applications/{_APPLICATION}")
    def application() -> Response:
        subscription = current_switch().subscription
        urls = {"voice_url": subscription.voice_url, "voice_fallback_url": subscription.fallback_url}
        data = {"record_type": "texml_application", "id": _APPLICATION, "active": True, "voice_method": "post"}
        return jsonify(data={**data, **urls, "status_callback": subscription.status_url})

    @rest.get(f"/messaging_profiles/{_PROFILE}")
    def profile() -> Response:
        url = current_switch().subscription.text_url
        return jsonify(data={"record_type": "messaging_profile", "id": _PROFILE, "enabled": True, "webhook_url": url})

    return rest
