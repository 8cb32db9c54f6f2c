"""REST: recordings and their audio."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, abort, jsonify, request

from ivr.local_carrier.rest_format import created_at, current_switch, earliest, page, recording_json

pages = Blueprint("recordings", __name__)


@pages.get("/Recordings.json")
def index() -> Response:
    """The recordings (of a call) since and until an instant, newest first."""
    since, until = earliest("DateCreated>"), earliest("DateCreated<", datetime.max.replace(tzinfo=UTC))
    recordings = current_switch().store.recordings(request.args.get("CallSid"))
    return page("recordings", [recording_json(item) for item in recordings if since <= created_at(item) <= until])


@pages.get("/Recordings/<sid>.json")
def show(sid: str) -> Response:
    """A recording."""
    return jsonify(recording_json(current_switch().store.recording(sid) or abort(404)))


@pages.get("/Recordings/<sid>.wav")
def media(sid: str) -> Response:
    """A recording's audio.

    Carrier: "The file may not exist yet."
    """
    store = current_switch().store
    if store.recording(sid) is None or not store.audio_path(sid).exists() or store.is_late(sid):
        abort(404)
    # Read whole: a client that goes away in between would leave the file open.
    return Response(store.audio_path(sid).read_bytes(), mimetype="audio/x-wav")


@pages.delete("/Recordings/<sid>.json")
def delete(sid: str) -> tuple[str, int]:
    """Delete a recording and its audio."""
    if not current_switch().store.delete_recording(sid):
        abort(404)
    return "", 204
