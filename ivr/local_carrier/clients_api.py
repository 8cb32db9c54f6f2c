"""Clients over HTTP: a browser registers under an identity, is rung, and talks, by short requests and long polls.

Who a browser is tells its pass (:mod:`ivr.domain.client_passes`); without one nothing is told and nothing changes. The
addresses are those that the browser asks the web process for, so that a proxy can send them straight here.
"""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, abort, g, jsonify, request

from ivr.domain import client_passes
from ivr.local_carrier.clients import Client, ClientLine, address_of, is_identity
from ivr.local_carrier.rest_format import current_switch
from ivr.local_carrier.softphone_api import keys_of_request, prompt, speech_of_request

pages = Blueprint("clients", __name__, url_prefix="/desk/telephone/exchange")


@pages.before_request
def only_with_a_pass() -> None:
    """Refuse who has no pass of ours (401)."""
    given = request.authorization
    token = given.token if given is not None and given.type == "bearer" else None
    g.identity = client_passes.identity_in(current_switch().tokens.valid, token or "", datetime.now(UTC))
    if not g.identity:
        abort(401)


def _client() -> Client:
    registered = current_switch().clients.get(address_of(g.identity))
    return registered or abort(404)


def _line(call_sid: str) -> ClientLine:
    return _client().lines.get(call_sid) or abort(404)


@pages.post("/register")
def register() -> tuple[Response, int]:
    """Register. Carrier: browsers that register under the same identity all ring; who answers first has the call."""
    switch, identity = current_switch(), g.identity
    if not switch.dialect.has_clients or not is_identity(identity):
        abort(400)
    client = switch.clients.setdefault(address_of(identity), Client())
    switch.telephones[address_of(identity)] = client.ring
    client.ringing([], patience=0)
    return jsonify(in_call=client.in_call()), 201


@pages.post("/gone")
def leave() -> tuple[str, int]:
    """End the registration; calls go on."""
    _client().leave()
    return "", 204


@pages.get("/ringing")
def ringing() -> Response:
    """The ringing calls. A long poll: it waits until they differ from those `known`."""
    return jsonify(calls=_client().ringing(request.args.getlist("known")))


@pages.post("/calls/<call_sid>")
def pick_up(call_sid: str) -> tuple[str, int]:
    """Answer a ringing call, or refuse it."""
    if not _client().decide(call_sid, answer=bool(request.get_json().get("answer"))):
        abort(404)
    return "", 204


@pages.get("/calls/<call_sid>/events")
def events(call_sid: str) -> Response:
    """The events of a call from index `after` on. A long poll."""
    return jsonify(events=_line(call_sid).events_after(request.args.get("after", 0, int)))


@pages.post("/calls/<call_sid>/audio")
def audio(call_sid: str) -> Response:
    """Speak, and hear what the others have said meanwhile: raw 16-bit mono, at `rate` and at 8 kHz."""
    line = _line(call_sid)
    samples, rate = speech_of_request()
    if len(samples):
        line.say(samples, rate)
    return Response(line.conversation().astype("<i2").tobytes(), mimetype="application/octet-stream")


@pages.post("/calls/<call_sid>/keys")
def press(call_sid: str) -> tuple[str, int]:
    """Press keys."""
    _line(call_sid).press(keys_of_request())
    return "", 204


@pages.post("/calls/<call_sid>/hangup")
def hang_up(call_sid: str) -> tuple[str, int]:
    """Hang up."""
    _line(call_sid).hang_up()
    return "", 204


@pages.post("/calls/<call_sid>/away")
def away(call_sid: str) -> tuple[str, int]:
    """The page goes. The call goes on if it is back within some seconds."""
    _line(call_sid).leave()
    return "", 204


@pages.get("/calls/<call_sid>/prompts/<name>.wav")
def prompts(call_sid: str, name: str) -> Response:
    """The audio of a prompt that was played to the call."""
    return prompt(_line(call_sid), name)
