"""Three questions, each with a status of its own: does this process live, can it serve callers, is anything missing.

`/healthz` is for what restarts processes, `/readyz` for what sends calls, `/completez` for what wakes a person. The
last two say the same in their text.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, jsonify, request

from ivr.domain.parts import OK, Part
from ivr.web import readiness

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """Alive; and through how many proxies the question has come, which `ivr doctor` compares with the settings."""
    hops = [hop for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    return jsonify(status="alive", forwarded=len(hops))


@health.get("/readyz")
def readyz() -> tuple[Response, int]:
    """200 while this host can serve callers, 503 while it cannot; and each part, with what is missing of it.

    The database, Redis and the workers may be away: callers are served all the same. `complete` says whether nothing
    is missing; `notes` are parts of which callers and members notice nothing.
    """
    serves = readiness.serves_callers()
    return _answer(200 if serves else 503, serves, readiness.parts())


@health.get("/completez")
def completez() -> tuple[Response, int]:
    """200 while nothing is missing, 503 while somebody has to mend something; the text is that of `/readyz`."""
    parts = readiness.parts()
    return _answer(503 if any(part.is_wrong for part in parts) else 200, readiness.serves_callers(), parts)


def _answer(status: int, serves: bool, parts: Sequence[Part]) -> tuple[Response, int]:
    if request.accept_mimetypes.best_match(["application/json", "text/plain", "text/html"]) in (
        "text/plain",
        "text/html",
    ):
        return Response(_told(serves, parts), mimetype="text/plain"), status
    missing, notes = (
        [_described(part) for part in parts if part.state != OK and part.is_a_note is is_a_note]
        for is_a_note in (False, True)
    )
    states = {part.name.replace(" ", "_"): part.state for part in parts}
    return jsonify(ready=serves, complete=not missing, missing=missing, notes=notes, **states), status


def _described(part: Part) -> dict[str, str]:
    return {"part": part.name, "what": part.state, "remedy": part.remedy}


def _told(serves: bool, parts: Sequence[Part]) -> str:
    first = "This host serves callers." if serves else "This host cannot keep what callers ask for."
    lines = [f"{part.name}: {part.state}. {part.remedy}".rstrip(". ") + "." for part in parts if part.state != OK]
    return "\n".join([first, *(lines or ["Nothing is missing."])]) + "\n"
