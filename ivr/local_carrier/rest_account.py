"""REST: the account, verified numbers, what was spent, and why calls failed."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request

from ivr.local_carrier.rest_format import account_url, current_switch, page

pages = Blueprint("account", __name__)


def show_account() -> Response:
    """The account. It is served at the account's own path, so it is not one of `pages`."""
    account = current_switch().store.account
    return jsonify(
        sid=current_switch().subscription.account_sid, status=account.status, type=account.type, uri=account_url(),
        friendly_name="Hotline", owner_account_sid=current_switch().subscription.account_sid, auth_token=None,
        subresource_uris={},
    )  # fmt: skip


@pages.get("/OutgoingCallerIds.json")
def caller_ids() -> Response:
    """The numbers that were verified."""
    verified = current_switch().store.account.verified_numbers
    return page("outgoing_caller_ids", [{"sid": f"PN{number[1:]:0>32}", "phone_number": number} for number in verified])


@pages.get("/Keys/<sid>.json")
def api_key(sid: str) -> Response:
    """An API key, in the manner of regions that have no restricted ones."""
    if sid not in [key for key, _, _ in current_switch().store.account.api_keys]:
        abort(404)
    return jsonify(sid=sid, friendly_name="Browsers", date_created=None, date_updated=None)


@pages.get("/Balance.json")
def balance() -> Response:
    """What is left of the account's money."""
    switch = current_switch()
    return jsonify(account_sid=switch.subscription.account_sid, balance=switch.store.account.balance, currency="EUR")


@pages.get("/Usage/Records.json")
def usage() -> Response:
    """What was spent: a made-up price for each call and message, in the category that is asked for."""
    store, category = current_switch().store, request.args.get("Category", "")
    directions = {"calls-inbound": "inbound", "calls-outbound": "outbound-api"}
    calls = sum(call.direction == directions.get(category) for call in store.calls())
    sent = [one for one in store.messages() if one.direction != "inbound"]
    count = len(sent) if category == "sms-outbound" else calls
    price = count * (0.075 if category == "sms-outbound" else 0.05)
    if category == "totalprice":
        calls, texts = len(list(store.calls())), len(sent)
        count, price = calls + texts, calls * 0.05 + texts * 0.075
    record = {"category": category, "count": str(count), "price": f"{price:.3f}", "price_unit": "eur"}
    return page("usage_records", [record])


@pages.get("/Calls/<sid>/Notifications.json")
def notifications(sid: str) -> Response:
    """The errors of a call."""
    call = current_switch().store.call(sid) or abort(404)
    listed = [
        {"sid": f"NO{number:032}", "call_sid": sid, "error_code": error.split()[0], "log": "0", "message_text": error}
        for number, error in enumerate(call.errors)
    ]
    return page("notifications", listed)
