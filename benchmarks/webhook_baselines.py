"""The two servers the webhooks are compared with. Nothing of ours is imported here.

    BASELINE_DATABASE=… BASELINE_TOKEN=… BASELINE_KEY=… gunicorn "benchmarks.webhook_baselines:least()"

`bare` returns a constant document. `least` does the least that honest work needs: it validates the signature, unseals a
state, reads one row, writes one and commits.
"""

from __future__ import annotations

import json
import os
from typing import Any

from cryptography.fernet import Fernet
from flask import Flask, Response, abort, request
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, event, insert, select
from twilio.request_validator import RequestValidator

DOCUMENT = '<?xml version="1.0" encoding="UTF-8"?><Response><Say language="de-DE">Willkommen.</Say></Response>'

_metadata = MetaData()
CALLS = Table(
    "calls",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("call_sid", String(64), unique=True, nullable=False),
    Column("from_number", String(20)),
    Column("step", String(40)),
)


def bare() -> Flask:
    """Flask alone."""
    app = Flask(__name__)

    @app.post("/voice/<name>")
    def constant(name: str) -> Response:
        return Response(DOCUMENT, mimetype="text/xml")

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app


def create_table(database: str) -> None:
    """Make the table of :func:`least`, before its processes start: two that make it at once fail on PostgreSQL."""
    engine = create_engine(database)
    _metadata.create_all(engine)
    engine.dispose()


def least() -> Flask:
    """The least that honest work needs."""
    app = Flask(__name__)
    engine = create_engine(os.environ["BASELINE_DATABASE"], pool_size=10, max_overflow=20)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    validator = RequestValidator(os.environ["BASELINE_TOKEN"])
    fernet = Fernet(os.environ["BASELINE_KEY"])
    base = os.environ["BASELINE_URL"]

    @app.post("/voice/<name>")
    def turn(name: str) -> Response:
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(base + request.environ["RAW_URI"], request.form, signature):
            abort(403)
        state = json.loads(fernet.decrypt(request.args["state"]))
        call_sid = request.form["CallSid"]
        with engine.begin() as connection:
            known = connection.execute(select(CALLS.c.step).where(CALLS.c.call_sid == call_sid)).first()
            if known is None:
                values = {"call_sid": call_sid, "from_number": request.form["From"], "step": state["step"]}
                connection.execute(insert(CALLS).values(values))
        return Response(DOCUMENT, mimetype="text/xml")

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app


def _prepare(connection: Any, _record: object) -> None:
    # What a call's first row needs: it outlives the process. (Ours is written so, too.)
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")
