"""Carriers that misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ivr.local_carrier import twiml_executor
from ivr.local_carrier.twiml_parser import VOICE_LANGUAGES
from tests.support import conformance

if TYPE_CHECKING:
    from ivr.config.settings import Settings
    from ivr.domain.enums import CarrierName
    from tests.support.line_in_process import Line


@pytest.fixture(scope="session", autouse=True)
def documents_are_compared() -> Iterator[None]:
    """Every document that a local carrier of this process executes is compared with the carrier's own types."""
    parse = twiml_executor.parse

    def compared(document: bytes, voices: Mapping[str, str]) -> object:
        verbs = parse(document, voices)
        if voices is VOICE_LANGUAGES:  # other carriers have other voices
            conformance.compare_document(document)
        return verbs

    patch = pytest.MonkeyPatch()
    patch.setattr(twiml_executor, "parse", compared)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def all_is_as_the_carrier_describes_it(documents_are_compared: None) -> Iterator[None]:
    """Fail a test in which a document or a REST request was none of the carrier's."""
    yield
    faults, conformance.FAULTS[:] = sorted(set(conformance.FAULTS)), []
    assert faults == []


@pytest.fixture
def strange_carrier(empty_database, monkeypatch: pytest.MonkeyPatch):
    """A carrier that answers every request with what the test says."""
    from flask import Flask, Response
    from werkzeug.serving import make_server

    from ivr.carrier import client as carrier
    from ivr.config import settings as configuration

    answers: list[Response] = []
    app = Flask("carrier")

    @app.route("/<path:_>", methods=["GET", "POST", "DELETE"])
    def answer(_: str) -> Response:
        return answers.pop(0)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = configuration.load(twilio_api_base_url=f"http://127.0.0.1:{server.server_port}", twilio_timeout=1)
    monkeypatch.setattr(carrier, "settings", lambda: settings)
    yield answers
    server.shutdown()
    server.server_close()


@pytest.fixture
def exchange(empty_database, monkeypatch: pytest.MonkeyPatch):
    """The local carrier's REST interface, without a hotline behind it."""
    from werkzeug.serving import make_server

    from ivr.config import settings as configuration
    from ivr.local_carrier.app import create_app, create_switch
    from tests.support.servers import QuietRequestHandler

    switch = create_switch(configuration.settings())
    app = create_app(configuration.settings(), switch)
    conformance.watch(app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("TWILIO_API_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    configuration.settings.cache_clear()
    yield switch
    server.shutdown()
    server.server_close()


@pytest.fixture
def in_the_manner_of(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[CarrierName], Line]]:
    """The hotline in the manner of a carrier: `in_the_manner_of(CarrierName.TELNYX)`."""
    from werkzeug.serving import BaseWSGIServer, make_server

    from ivr.config.settings import settings
    from ivr.local_carrier.app import create_app as create_carrier
    from ivr.local_carrier.app import create_switch
    from ivr.web.app import create_app
    from tests.support.environment import forget_settings
    from tests.support.line_in_process import Line
    from tests.support.servers import QuietRequestHandler, free_port

    servers: list[BaseWSGIServer] = []

    def serve(port: int, application: object) -> None:
        server = make_server("127.0.0.1", port, application, threaded=True, request_handler=QuietRequestHandler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def begin(carrier: CarrierName) -> Line:
        port = free_port()
        other = next(one for one in iter(free_port, None) if one not in (port, port + 2))  # calls have the next but one
        for name, value in {"CARRIER": carrier, "PORT": str(port), "EXCHANGE_PORT": str(other)}.items():
            monkeypatch.setenv(name, value)
        forget_settings()
        switch = create_switch(settings())
        serve(settings().port, create_app())
        serve(settings().exchange_port, create_carrier(settings(), switch))
        return Line(settings(), switch)

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()
    forget_settings()


@pytest.fixture
def other():
    """Some other application behind the number."""
    from tests.support.other_application import OtherApplication

    application = OtherApplication()
    yield application
    application.close()


@pytest.fixture
def ring(other, tmp_path: Path):
    """Ring another application with a script; gives the report."""
    from ivr.local_carrier.call import Subscription
    from ivr.local_carrier.lines import ScriptedLine
    from ivr.local_carrier.scripted_caller import ScriptedCaller
    from ivr.local_carrier.store import Store
    from ivr.local_carrier.switch import Switch
    from ivr.local_carrier.webhooks import Webhooks

    subscription = Subscription("AC1", "+49421", f"{other.url}/in", f"{other.url}/fallback", f"{other.url}/status")
    switch = Switch(subscription, Store(tmp_path), Webhooks("secret"))

    def call(document: str, **script: object):
        other.documents["in"] = document
        return switch.call(ScriptedLine(ScriptedCaller(**script)), "+49151")

    call.switch = switch
    return call
