"""Carriers that misbehave."""

from __future__ import annotations

import threading

import pytest


@pytest.fixture
def strange_carrier(empty_database, monkeypatch: pytest.MonkeyPatch):
    """A carrier that answers every media request with what the test says."""
    from flask import Flask, Response
    from werkzeug.serving import make_server

    from ivr.carrier import client as carrier
    from ivr.config import settings as configuration

    answers: list[Response] = []
    app = Flask("carrier")

    @app.route("/<path:_>", methods=["GET", "DELETE"])
    def answer(_: str) -> Response:
        return answers.pop(0)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = configuration.load(twilio_api_base_url=f"http://127.0.0.1:{server.server_port}", twilio_timeout=1)
    monkeypatch.setattr(carrier, "settings", lambda: settings)
    yield answers
    server.shutdown()
    server.server_close()
