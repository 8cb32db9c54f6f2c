"""The carrier's REST interface, as far as the house uses it: recordings and calls."""

from __future__ import annotations

import hmac
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request, send_file

from ivr.exchange.ledger import CallRecord, RecordingRecord
from ivr.exchange.switch import Switch


def blueprint(switch: Switch, token: str) -> Blueprint:
    """The interface under /2010-04-01/Accounts/{AccountSid}, with the account's id and token as basic auth."""
    account = switch.subscription.account_sid
    base = f"/2010-04-01/Accounts/{account}"
    pages = Blueprint("rest", __name__, url_prefix=base)
    ledger = switch.ledger

    @pages.before_request
    def authenticate() -> Response | None:
        given = request.authorization
        if given is None or given.username != account or not hmac.compare_digest(given.password or "", token):
            return _error(401, 20003, "Authenticate")
        return None

    @pages.errorhandler(404)
    def missing(_: object) -> Response:
        return _error(404, 20404, f"The requested resource {request.path} was not found")

    @pages.get("/Recordings.json")
    def recordings() -> Response:
        kept = ledger.recordings(request.args.get("CallSid"))
        return _page("recordings", [_recording(item, base) for item in kept])

    @pages.get("/Recordings/<sid>.json")
    def recording(sid: str) -> Response:
        return jsonify(_recording(ledger.recording(sid) or abort(404), base))

    @pages.get("/Recordings/<sid>.wav")
    def media(sid: str) -> Response:
        # Carrier: "The file may not exist yet."
        if ledger.recording(sid) is None or not ledger.audio_path(sid).exists():
            abort(404)
        return send_file(ledger.audio_path(sid).absolute(), mimetype="audio/x-wav")

    @pages.delete("/Recordings/<sid>.json")
    def delete(sid: str) -> tuple[str, int]:
        if not ledger.delete_recording(sid):
            abort(404)
        return "", 204

    @pages.get("/Calls.json")
    def calls() -> Response:
        return _page("calls", [_call(item, base) for item in ledger.calls()])

    @pages.get("/Calls/<sid>.json")
    def call(sid: str) -> Response:
        return jsonify(_call(ledger.call(sid) or abort(404), base))

    return pages


def _page(name: str, items: list[dict[str, Any]]) -> Response:
    size = min(max(request.args.get("PageSize", 50, int), 1), 1000)
    page = max(request.args.get("Page", 0, int), 0)
    part = items[page * size : (page + 1) * size]
    more = len(items) > (page + 1) * size
    return jsonify(
        {
            name: part,
            "page": page,
            "page_size": size,
            "uri": request.full_path,
            "first_page_uri": f"{request.path}?PageSize={size}&Page=0",
            "next_page_uri": f"{request.path}?PageSize={size}&Page={page + 1}" if more else None,
            "previous_page_uri": None,
            "start": page * size,
            "end": page * size + len(part) - 1,
        }
    )


def _recording(item: RecordingRecord, base: str) -> dict[str, Any]:
    return {
        "sid": item.sid,
        "account_sid": base.rpartition("/")[2],
        "call_sid": item.call_sid,
        "conference_sid": None,
        "status": item.status,
        "duration": str(item.duration),
        "channels": 1,
        "source": "RecordVerb",
        "error_code": None,
        "price": None,
        "price_unit": "EUR",
        "encryption_details": None,
        "api_version": "2010-04-01",
        "date_created": item.date_created,
        "date_updated": item.date_created,
        "start_time": item.date_created,
        "uri": f"{base}/Recordings/{item.sid}.json",
        "media_url": f"{base}/Recordings/{item.sid}",
        "subresource_uris": {},
    }


def _call(item: CallRecord, base: str) -> dict[str, Any]:
    return {
        "sid": item.sid,
        "account_sid": base.rpartition("/")[2],
        "parent_call_sid": item.parent_call_sid,
        "from": item.from_,
        "to": item.to,
        "status": item.status,
        "direction": item.direction,
        "duration": str(item.duration),
        "api_version": "2010-04-01",
        "date_created": item.date_created,
        "date_updated": item.date_created,
        "start_time": item.date_created,
        "end_time": None,
        "uri": f"{base}/Calls/{item.sid}.json",
        "subresource_uris": {},
    }


def _error(status: int, code: int, message: str) -> Response:
    response = jsonify(code=code, message=message, status=status, more_info="")
    response.status_code = status
    return response
