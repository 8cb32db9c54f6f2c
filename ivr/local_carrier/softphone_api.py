"""Telephones over HTTP: the softphone's handset in real time, and scripted calls streamed as they happen.

A handset is driven by small requests, so it passes through any web server: events are asked for with a
long poll, keys and speech are posted. Speech comes as raw 16-bit mono samples at the microphone's own rate.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator

import numpy as np
import phonenumbers
from flask import Blueprint, Response, abort, jsonify, request

from ivr.audio.wav import read_wav, write_wav
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.local_carrier.softphone_line import Handset, HandsetLine
from ivr.local_carrier.switch import Switch


def blueprint(switch: Switch) -> Blueprint:
    """The handsets' HTTP interface, under /handset."""
    pages = Blueprint("handset", __name__, url_prefix="/handset")
    lines: dict[str, HandsetLine] = {}
    phones: dict[str, Handset] = {}

    def line_of(call_sid: str) -> HandsetLine:
        return lines.get(call_sid) or abort(404)

    @pages.post("/calls")
    def dial() -> tuple[Response, int]:
        wish = request.get_json()
        line = HandsetLine()
        started: queue.Queue[str] = queue.Queue()

        def began(call_sid: str) -> None:
            lines[call_sid] = line
            started.put(call_sid)

        def talk() -> None:
            switch.call(line, _shown_number(wish.get("from", "")), _hour(wish.get("at", "")), began, wish.get("to", ""))

        threading.Thread(target=talk, daemon=True).start()
        return jsonify(call_sid=started.get(timeout=10)), 201

    @pages.post("/phones/<number>")
    def plug_in(number: str) -> tuple[Response, int]:
        """A window becomes the telephone of a number (as people write it) until it asks for its calls no more."""
        try:
            parsed = phonenumbers.parse(number, "DE")
        except phonenumbers.NumberParseException:
            abort(400)
        number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        phones[number] = Handset(lines)
        switch.telephones[number] = phones[number].ring
        return jsonify(number=number), 201

    @pages.get("/phones/<number>/ringing")
    def ringing(number: str) -> Response:
        """The calls that ring there now; waits for one."""
        return jsonify(calls=(phones.get(number) or abort(404)).ringing(request.args.getlist("known")))

    @pages.post("/phones/<number>/calls/<call_sid>")
    def pick_up(number: str, call_sid: str) -> tuple[str, int]:
        """Answer a ringing call, or refuse it."""
        answer = bool(request.get_json().get("answer"))
        if not (phones.get(number) or abort(404)).decide(call_sid, answer=answer):
            abort(404)
        return "", 204

    @pages.get("/calls/<call_sid>/conversation")
    def conversation(call_sid: str) -> Response:
        """What the others have said since the last time: raw 16-bit mono samples at 8 kHz."""
        return Response(line_of(call_sid).conversation().astype("<i2").tobytes(), mimetype="application/octet-stream")

    @pages.get("/calls/<call_sid>/events")
    def events(call_sid: str) -> Response:
        after = request.args.get("after", 0, int)
        return jsonify(events=line_of(call_sid).events_after(after))

    @pages.post("/calls/<call_sid>/keys")
    def press(call_sid: str) -> tuple[str, int]:
        keys = str(request.get_json().get("keys", ""))
        if not keys or not set(keys) <= set("0123456789*#"):
            abort(400)
        line_of(call_sid).press(keys)
        return "", 204

    @pages.post("/calls/<call_sid>/speech")
    def say(call_sid: str) -> tuple[str, int]:
        rate = request.args.get("rate", 0, int)
        if not 8000 <= rate <= 192000:
            abort(400)
        data = request.get_data()
        line_of(call_sid).say(np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.int16), rate)
        return "", 204

    @pages.post("/calls/<call_sid>/hangup")
    def hang_up(call_sid: str) -> tuple[str, int]:
        line_of(call_sid).hang_up()
        return "", 204

    @pages.get("/calls/<call_sid>/audio/<name>.wav")
    def audio(call_sid: str, name: str) -> Response:
        sound = line_of(call_sid).audio.get(name) or abort(404)
        return Response(write_wav(sound), mimetype="audio/wav")

    @pages.post("/scripts")
    def script() -> Response:
        """A scripted call: the conversation comes back as one JSON object a line, as it happens."""
        wish = json.loads(request.form.get("script", "{}"))
        try:
            sounds = [read_wav(file.read()) for file in request.files.getlist("speech")]
        except ValueError as error:
            return Response(str(error), 400)
        told: queue.Queue[dict[str, object] | None] = queue.Queue()
        caller = ScriptedCaller(
            keys=wish.get("keys", []),
            sounds=sounds,
            hangs_up=bool(wish.get("hangs_up")),
            tell=told.put,
        )

        def talk() -> None:
            try:
                report = switch.call(
                    ScriptedLine(caller),
                    _shown_number(wish.get("from", "")),
                    _hour(wish.get("at", "")),
                    lambda call_sid: told.put({"type": "dialled", "call_sid": call_sid}),
                )
                told.put({"type": "report", "errors": report.errors, "ended_by": report.ended_by})
            finally:
                told.put(None)

        threading.Thread(target=talk, daemon=True).start()

        def stream() -> Iterator[str]:
            while (event := told.get()) is not None:
                yield json.dumps(event, ensure_ascii=False) + "\n"

        return Response(stream(), mimetype="application/x-ndjson")

    return pages


def _shown_number(wish: str) -> str:
    """What the carrier would send as From: the number, or `anonymous` where it is withheld."""
    return "anonymous" if wish.strip().lower() in ("", "withheld", "anonymous") else wish.strip()


def _hour(at: str) -> dict[str, str]:
    return {"SipHeader_X-Hotline-At": at} if at and at != "clock" else {}
