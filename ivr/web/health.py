"""`/healthz`: this process lives. `/readyz`: what it needs is there, each named."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy import text

from ivr.platform import database, job_queue, spool

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """Alive."""
    return jsonify(status="alive")


@health.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Database, Redis and workers; 503 while one is missing."""
    checks = {"database": _database(), "redis": "down", "workers": "down"}
    try:
        alive = job_queue.workers_alive(job_queue.impatient())
        checks["redis"] = "ok"
        checks["workers"] = (
            "ok" if all(alive.values()) else "none for " + ", ".join(q for q, n in alive.items() if not n)
        )
    except Exception as error:  # the answer is the report
        checks["redis"] = type(error).__name__
    ready = all(state == "ok" for state in checks.values())
    return jsonify(ready=ready, **checks, spool=_spool()), 200 if ready else 503


def _spool() -> str:
    """Whether something waits on this host's disk for the database, or needs a person."""
    if spool.damaged():
        return "entries that cannot be replayed are in var/spool/damaged"
    return "waits for the database" if spool.waiting() else "empty"


def _database() -> str:
    try:
        with database.reading() as session:
            session.execute(text("SELECT 1 FROM calls LIMIT 1"))
    except Exception as error:
        return type(error).__name__
    return "ok"
