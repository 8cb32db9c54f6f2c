"""REST: what is at other hosts: regions of numbers, countries, messaging services, auth tokens, API keys."""

from __future__ import annotations

import json
from collections.abc import Callable

from flask import Blueprint, Response, abort, jsonify, request

from ivr.local_carrier.rest_format import current_switch, error

_COUNTRIES = "/v1/DialingPermissions/Countries"


def blueprint(authenticate: Callable[[], Response | None]) -> Blueprint:
    """The interfaces, each with the same log-in as that of the account."""
    rest = Blueprint("products", __name__)
    rest.before_request(authenticate)
    rest.add_url_rule("/v2/PhoneNumbers/<number>", view_func=region)
    rest.add_url_rule("/v2/PhoneNumbers/<number>", view_func=set_region, methods=["POST"])
    rest.add_url_rule(f"{_COUNTRIES}/<code>", view_func=country)
    rest.add_url_rule("/v1/DialingPermissions/BulkCountryUpdates", view_func=set_countries, methods=["POST"])
    rest.add_url_rule("/v1/AuthTokens/Promote", view_func=promote_token, methods=["POST"])
    rest.add_url_rule("/v1/Services/<sid>", view_func=service)
    rest.add_url_rule("/v1/Services/<sid>", view_func=set_service, methods=["POST"])
    rest.add_url_rule("/v1/Keys/<sid>", view_func=api_key)
    rest.add_url_rule("/v1/Services/<sid>/<kind>", view_func=senders)
    return rest


def region(number: str) -> Response:
    """The region in which calls to the number are processed."""
    if number != current_switch().subscription.number:
        return error(404, 20404, "no such number")
    return jsonify(phone_number=number, voice_region=current_switch().store.account.region, url=request.url)


def set_region(number: str) -> Response:
    """Choose that region."""
    store = current_switch().store
    store.account.region = request.form["VoiceRegion"]
    store.keep_account()
    return region(number)


def country(code: str) -> Response:
    """Whether ordinary numbers of a country may be called, and dear ones."""
    account = current_switch().store.account
    dear = code in account.dear_countries
    return jsonify(
        iso_code=code, low_risk_numbers_enabled=code not in account.closed_countries,
        high_risk_special_numbers_enabled=dear, high_risk_tollfraud_numbers_enabled=dear, url=request.url,
    )  # fmt: skip


def set_countries() -> tuple[Response, int]:
    """Allow, or forbid, countries: each is as the request says of it from then on."""
    store, wanted = current_switch().store, json.loads(request.form["UpdateRequest"])
    account, named = store.account, {one["iso_code"] for one in wanted}
    closed = {one["iso_code"] for one in wanted if one["low_risk_numbers_enabled"] != "true"}
    dear = {one["iso_code"] for one in wanted if one["high_risk_special_numbers_enabled"] == "true"}
    account.closed_countries = tuple(sorted(set(account.closed_countries) - named | closed))
    account.dear_countries = tuple(sorted(set(account.dear_countries) - named | dear))
    store.keep_account()
    return jsonify(update_count=len(wanted), update_request=request.form["UpdateRequest"]), 201


def promote_token() -> Response:
    """Make the secondary auth token the primary one. The former one is refused from then on."""
    switch = current_switch()
    if not switch.promote_token():
        return error(404, 20404, "there is no secondary token")
    return jsonify(account_sid=switch.subscription.account_sid, auth_token=switch.tokens.primary, url=request.url)


def service(sid: str) -> Response:
    """A messaging service."""
    _senders_of(sid)
    account = current_switch().store.account
    return jsonify(
        sid=sid, friendly_name="Hotline", inbound_request_url=account.service_url or None, inbound_method="POST",
        use_inbound_webhook_on_number=account.service_defers,
    )  # fmt: skip


def set_service(sid: str) -> Response:
    """Choose who is told of a message that comes in to a messaging service."""
    _senders_of(sid)
    store = current_switch().store
    store.account.service_url = request.form.get("InboundRequestUrl", store.account.service_url)
    defers = request.form.get("UseInboundWebhookOnNumber")
    store.account.service_defers = store.account.service_defers if defers is None else defers.lower() == "true"
    store.keep_account()
    return service(sid)


def api_key(sid: str) -> Response:
    """An API key; a restricted one has a policy."""
    for key, _, restricted in current_switch().store.account.api_keys:
        if key == sid:
            policy = {"allow": ["/twilio/voice/calls/read"]} if restricted else None
            return jsonify(sid=key, friendly_name="Browsers", date_created=None, date_updated=None, policy=policy)
    return error(404, 20404, f"The requested resource {request.path} was not found")


def senders(sid: str, kind: str) -> Response:
    """The numbers (`PhoneNumbers`) or names (`AlphaSenders`) of a messaging service."""
    name = {"PhoneNumbers": "phone_numbers", "AlphaSenders": "alpha_senders"}.get(kind) or abort(404)
    count = _senders_of(sid) if kind == "PhoneNumbers" else 0
    listed = [{"sid": f"PN{number:032}", "service_sid": sid} for number in range(count)]
    meta = {"key": name, "page": 0, "page_size": 50, "url": request.url, "next_page_url": None}
    return jsonify({name: listed, "meta": meta})


def _senders_of(sid: str) -> int:
    count = dict(current_switch().store.account.services).get(sid)
    return abort(404) if count is None else count
