"""Answers a load balancer and a person: whether this host can serve callers, and what is missing.

`/healthz`: this process lives. `/readyz`: its status is for the balancer, its text for a person.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, jsonify, request

from ivr.web import readiness
from ivr.web.readiness import OK, Part

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """Alive."""
    return jsonify(status="alive")


@health.get("/readyz")
def readyz() -> tuple[Response, int]:
    """200 while this host can serve callers, 503 while it cannot; and each part, with what is missing of it.

    The database, Redis and the workers may be away: callers are served all the same. `complete` says whether nothing
    is missing; `notes` are parts of which callers and members notice nothing.
    """
    serves, parts = readiness.serves_callers(), readiness.parts()
    status = 200 if serves else 503
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
