"""Softphones over HTTP: telephones in the browser, in real time.

A softphone is driven by short requests, so it passes through any web server. It asks for events with a long poll, and
posts keys and speech. Speech is raw 16-bit mono at the microphone's own sample rate.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import asdict, dataclass, field

import numpy as np
import phonenumbers
from flask import Blueprint, Response, abort, current_app, jsonify, request

from ivr.audio.wav import Samples, write_wav
from ivr.local_carrier import attestation
from ivr.local_carrier.rest_format import current_switch
from ivr.local_carrier.softphone_line import Softphone, SoftphoneLine
from ivr.local_carrier.store import Refusals

pages = Blueprint("softphone", __name__, url_prefix="/softphone")


@dataclass
class Softphones:
    """The softphones of an application: lines by call id, telephones by number."""

    lines: dict[str, SoftphoneLine] = field(default_factory=dict)
    phones: dict[str, Softphone[SoftphoneLine]] = field(default_factory=dict)


def _softphones() -> Softphones:
    softphones: Softphones = current_app.extensions["softphones"]
    return softphones


def _line(call_sid: str) -> SoftphoneLine:
    return _softphones().lines.get(call_sid) or abort(404)


def _phone(number: str) -> Softphone[SoftphoneLine]:
    return _softphones().phones.get(number) or abort(404)


@pages.post("/calls")
def dial() -> tuple[Response, int]:
    """Call the hotline. Answers with the call's id as soon as it has begun."""
    wanted, switch, lines = request.get_json(), current_switch(), _softphones().lines
    line = SoftphoneLine()
    started: queue.Queue[str] = queue.Queue()

    def on_start(call_sid: str) -> None:
        lines[call_sid] = line
        started.put(call_sid)

    from_ = shown_number(wanted.get("from", ""))
    parameters = time_header(wanted.get("at", "")) | forwarding(wanted.get("forwarded_from", ""))
    parameters |= attestation.fields(wanted.get("checked", ""), from_, switch.subscription.number)
    arguments = (line, from_, parameters, on_start, wanted.get("to", ""))
    threading.Thread(target=switch.call, args=arguments, daemon=True).start()
    return jsonify(call_sid=started.get(timeout=10)), 201


@pages.post("/phones/<number>")
def register(number: str) -> tuple[Response, int]:
    """Let a window be the telephone of a number (as people write it) as long as it asks for its calls."""
    try:
        parsed = phonenumbers.parse(number, "DE")
    except phonenumbers.NumberParseException:
        abort(400)
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    softphones = _softphones()
    softphones.phones[number] = Softphone(softphones.lines, SoftphoneLine)
    current_switch().telephones[number] = softphones.phones[number].ring
    return jsonify(number=number), 201


@pages.get("/refusals")
def refusals() -> Response:
    """What the carrier refuses on request."""
    return jsonify(asdict(current_switch().store.refusals()))


@pages.post("/refusals")
def refuse() -> Response:
    """Refuse from now on what the JSON says, and nothing else: `{"calls": {"+90": 21215}, "texts": {"*": 20503}}`.

    The tables are explained at :class:`ivr.local_carrier.store.Refusals`.
    """
    try:
        asked = Refusals.read(request.get_json())
    except ValueError as error:
        abort(400, str(error))
    current_switch().store.keep_refusals(asked)
    return refusals()


@pages.get("/phones/<number>/ringing")
def ringing(number: str) -> Response:
    """The ringing calls of a number. A long poll: it waits until they differ from those `known`."""
    return jsonify(calls=_phone(number).ringing(request.args.getlist("known")))


@pages.post("/phones/<number>/calls/<call_sid>")
def pick_up(number: str, call_sid: str) -> tuple[str, int]:
    """Answer a ringing call, or refuse it."""
    answer = bool(request.get_json().get("answer"))
    if not _phone(number).decide(call_sid, answer=answer):
        abort(404)
    return "", 204


@pages.get("/calls/<call_sid>/conversation")
def conversation(call_sid: str) -> Response:
    """The others' speech since the last request: raw 16-bit mono at 8 kHz."""
    return Response(_line(call_sid).conversation().astype("<i2").tobytes(), mimetype="application/octet-stream")


@pages.get("/calls/<call_sid>/events")
def events(call_sid: str) -> Response:
    """The events of a call from index `after` on. A long poll."""
    return jsonify(events=_line(call_sid).events_after(request.args.get("after", 0, int)))


@pages.post("/calls/<call_sid>/keys")
def press(call_sid: str) -> tuple[str, int]:
    """Press keys."""
    _line(call_sid).press(keys_of_request())
    return "", 204


@pages.post("/calls/<call_sid>/speech")
def say(call_sid: str) -> tuple[str, int]:
    """Speak: raw 16-bit mono at the sample rate `rate` (hertz)."""
    _line(call_sid).say(*speech_of_request())
    return "", 204


@pages.post("/calls/<call_sid>/hangup")
def hang_up(call_sid: str) -> tuple[str, int]:
    """Hang up."""
    _line(call_sid).hang_up()
    return "", 204


@pages.get("/calls/<call_sid>/audio/<name>.wav")
def audio(call_sid: str, name: str) -> Response:
    """The audio of a prompt that was played to the call."""
    return prompt(_line(call_sid), name)


def keys_of_request() -> str:
    """The keys that a request presses."""
    keys = str(request.get_json().get("keys", ""))
    if not keys or not set(keys) <= set("0123456789*#"):
        abort(400)
    return keys


def speech_of_request() -> tuple[Samples, int]:
    """The speech that a request brings, and its sample rate."""
    rate = request.args.get("rate", 0, int)
    if not 8000 <= rate <= 192000:
        abort(400)
    data = request.get_data()
    return np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.int16), rate


def prompt(line: SoftphoneLine, name: str) -> Response:
    """The audio of a prompt that was played to a line."""
    sound = line.audio.get(name) or abort(404)
    return Response(write_wav(sound), mimetype="audio/wav")


def shown_number(wanted: str) -> str:
    """The value that the carrier would send as From: the number, or `anonymous` if it is withheld."""
    return "anonymous" if wanted.strip().lower() in ("", "withheld", "anonymous") else wanted.strip()


def time_header(at: str) -> dict[str, str]:
    """The header that makes the hotline pretend another time ("open", "closed" or an instant in ISO form)."""
    return {"SipHeader_X-Hotline-At": at} if at and at != "clock" else {}


def forwarding(number: str) -> dict[str, str]:
    """The field that names who has passed a call on."""
    return {"ForwardedFrom": number} if number else {}
