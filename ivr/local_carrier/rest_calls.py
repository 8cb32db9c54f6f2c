"""REST: calls; listing, placing, redirecting, ending and deleting them."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request

from ivr.local_carrier.call import CallSetup
from ivr.local_carrier.clients import is_client
from ivr.local_carrier.rest_format import (
    PHONE_NUMBER,
    call_json,
    created_at,
    current_switch,
    earliest,
    error,
    page,
    refusal,
    ringing_seconds,
    stopping,
    unknown_fields,
)

pages = Blueprint("calls", __name__)

_FIELDS = {
    "To", "From", "Url", "Method", "FallbackUrl", "FallbackMethod", "Timeout", "MachineDetection",
    "MachineDetectionTimeout", "MachineDetectionSilenceTimeout", "StatusCallback", "StatusCallbackMethod",
    "StatusCallbackEvent",
}  # fmt: skip


@pages.get("/Calls.json")
def index() -> Response:
    """The calls (of a status) since an instant, newest first."""
    since, status = earliest("StartTime>"), request.args.get("Status")
    calls = (item for item in current_switch().store.calls() if created_at(item) >= since)
    return page("calls", [call_json(item) for item in calls if status in (None, item.status)])


@pages.get("/Calls/<sid>.json")
def show(sid: str) -> Response:
    """A call."""
    return jsonify(call_json(current_switch().store.call(sid) or abort(404)))


@pages.post("/Calls.json")
def create() -> tuple[Response, int] | Response:
    """Place a call. It rings in the background."""
    form = request.form
    if refused := stopping() or unknown_fields(_FIELDS):
        return refused
    if not form.get("To") or not form.get("From") or not form.get("Url"):
        return error(400, 21201, "To, From and Url are needed")
    called_client = current_switch().dialect.has_clients and is_client(form["To"])
    if not called_client and not PHONE_NUMBER.fullmatch(form["To"]):
        return error(400, 21211, f"Invalid 'To' Phone Number: {form['To']}")
    if refused := refusal("calls", form["To"]):
        return refused
    # Carrier: "Possible Values: 2000-10000. Default: 5000" (milliseconds).
    if not 2000 <= form.get("MachineDetectionSilenceTimeout", 5000, int) <= 10_000:
        return error(400, 21201, "MachineDetectionSilenceTimeout is between 2000 and 10000")
    setup = CallSetup(
        form["Url"],
        form.get("FallbackUrl", ""),
        form.get("StatusCallback", ""),
        tuple(form.getlist("StatusCallbackEvent")),
    )
    detect = form.get("MachineDetection", "") in ("Enable", "DetectMessageEnd")
    record = current_switch().originate(form["To"], form["From"], setup, ringing_seconds(), detect_machine=detect)
    return jsonify(call_json(record)), 201


@pages.post("/Calls/<sid>.json")
def update(sid: str) -> Response:
    """Redirect a call to another document, or end it."""
    switch, form = current_switch(), request.form
    record, execution = switch.store.call(sid) or abort(404), switch.live(sid)
    if refused := unknown_fields({"Status", "Url", "Method"}):
        return refused
    ends = form.get("Status") in ("completed", "canceled")
    if execution is None:
        if ends and switch.cancel(sid):
            return jsonify(call_json(record))
        # Carrier: error 21220, "Call is not in-progress".
        return error(400, 21220, "Call is not in-progress. Cannot redirect.")
    if form.get("Url"):
        execution.redirect(form["Url"])
    elif ends:
        execution.complete()
    else:
        return error(400, 21218, "Url or Status=completed is needed")
    return jsonify(call_json(record))


@pages.delete("/Calls/<sid>.json")
def delete(sid: str) -> tuple[str, int] | Response:
    """Delete a call that is over."""
    switch = current_switch()
    if switch.live(sid) is not None:
        # Carrier: "Call resource cannot be deleted while the call is in progress" (error 20009).
        return error(409, 20009, "The call is in progress.")
    if not switch.store.delete_call(sid):
        abort(404)
    return "", 204
