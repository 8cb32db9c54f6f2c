"""Scripted calls over HTTP, for `python -m ivr call`: their events are streamed as they happen."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator

from flask import Blueprint, Response, request

from ivr.audio.wav import read_wav
from ivr.local_carrier import attestation
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.rest_format import current_switch
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.local_carrier.softphone_api import forwarding, shown_number, time_header

pages = Blueprint("scripted_calls", __name__, url_prefix="/softphone")


@pages.post("/scripts")
def call() -> Response:
    """Place a scripted call. The conversation is answered as one JSON object a line, as it happens.

    The form has `script` (JSON with `from`, `forwarded_from`, `checked`, `at`, `keys`, `says`, `language`,
    `hangs_up`) and any number of WAV files `speech`, which are played before the texts of `says` are spoken.
    """
    script = json.loads(request.form.get("script", "{}"))
    try:
        sounds = [read_wav(file.read()) for file in request.files.getlist("speech")]
    except ValueError as error:
        return Response(str(error), 400)
    switch = current_switch()
    events: queue.Queue[dict[str, object] | None] = queue.Queue()
    caller = ScriptedCaller(
        keys=script.get("keys", []),
        sounds=[*sounds, *map(str, script.get("says", []))],
        language=str(script.get("language", "")),
        hangs_up=bool(script.get("hangs_up")),
        on_event=events.put,
    )

    shown = shown_number(script.get("from", ""))
    parameters = time_header(script.get("at", "")) | forwarding(str(script.get("forwarded_from", "")))
    parameters |= attestation.fields(str(script.get("checked", "")), shown, switch.subscription.number)

    def run() -> None:
        try:
            report = switch.call(
                ScriptedLine(caller),
                shown,
                parameters,
                lambda call_sid: events.put({"type": "dialled", "call_sid": call_sid}),
            )
            events.put({"type": "report", "errors": report.errors, "ended_by": report.ended_by})
        finally:
            events.put(None)

    threading.Thread(target=run, daemon=True).start()
    return Response(_lines(events), mimetype="application/x-ndjson")


def _lines(events: queue.Queue[dict[str, object] | None]) -> Iterator[str]:
    while (event := events.get()) is not None:
        yield json.dumps(event, ensure_ascii=False) + "\n"
