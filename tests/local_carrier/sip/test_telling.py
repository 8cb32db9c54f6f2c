"""What an exchange tells of itself reaches Prometheus by the metrics of its host."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace

import pytest
from flask import Flask
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from werkzeug.serving import make_server

from ivr.config import settings
from ivr.local_carrier.app import create_switch
from ivr.local_carrier.sip import telling
from ivr.reporting import exchange_gauges
from tests.local_carrier.sip.test_signalling import tag_of, waits
from tests.support.servers import QuietRequestHandler, free_port
from tests.support.telephones import HOST, RawPeer, description, desk, request
from tests.support.waiting import eventually


class _Exchange(Collector):
    def collect(self) -> list:
        return list(exchange_gauges.gauges())


def told() -> dict[tuple[str, ...], float]:
    """Each sample as Prometheus reads it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Exchange())
    text = generate_latest(registry).decode()
    return {
        (sample.name.removeprefix("hotline_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_calls_and_what_was_dropped_are_told(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("EXCHANGE_PORT", str(port))
    settings.settings.cache_clear()
    switch = create_switch(settings.settings())
    assert told() == {("exchange_up", "1"): 0.0}, "nothing else is known of one that is away"
    app = Flask(__name__)
    with desk(waits) as us, RawPeer(us.address) as peer:
        trunk = SimpleNamespace(registrations={"trunk": SimpleNamespace(state=SimpleNamespace(value="failed"))})
        telling.register(app, SimpleNamespace(station=us.station, trunk=trunk), switch)  # type: ignore[arg-type]
        server = make_server(HOST, port, app, threaded=True, request_handler=QuietRequestHandler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        peer.send(request("INVITE", "a", body=description(peer.port)))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        peer.send(request("ACK", "b", tag=tag))
        eventually(lambda: not us.station.agent.transactions._server)  # the acknowledgement has come
        of = us.station.peers.of
        monkeypatch.setattr(us.station.peers, "of", lambda host: None)
        peer.send(request("OPTIONS", "o"))
        eventually(lambda: us.station.peers.dropped["unknown peer"])
        monkeypatch.setattr(us.station.peers, "of", of)
        found = told()
        assert {name: found[name] for name in found if name[0] != "sip_late_milliseconds"} == {
            ("exchange_up", "1"): 1.0,
            ("exchange_stopping", "1"): 0.0,
            ("sip_calls_now", "1"): 1.0,
            ("sip_audio_ports", "1"): 1.0,
            ("sip_calls_total", "1", "taken"): 1.0,
            ("sip_calls_total", "1", "refused"): 0.0,
            ("sip_dropped_total", "1", "too many calls"): 0.0,
            ("sip_dropped_total", "1", "unknown peer"): 1.0,
            ("sip_registered", "1", "trunk"): 0.0,
        }
        peer.send(request("BYE", "c", tag=tag))
        server.shutdown()
        server.server_close()


def test_an_exchange_without_sip_is_up_and_a_host_without_one_tells_nothing(
    empty_database, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, app = free_port(), Flask(__name__)
    telling.register(app, None, create_switch(settings.settings()))
    server = make_server(HOST, port, app, threaded=True, request_handler=QuietRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("EXCHANGE_PORT", str(port))
    settings.settings.cache_clear()
    assert told() == {("exchange_up", "1"): 1.0}
    monkeypatch.setenv("EXCHANGES", json.dumps({1: f"http://{HOST}:{port}", 2: f"http://{HOST}:{free_port()}"}))
    settings.settings.cache_clear()
    assert told() == {("exchange_up", "1"): 1.0, ("exchange_up", "2"): 0.0}
    server.shutdown()
    server.server_close()
    monkeypatch.setattr(exchange_gauges, "settings", lambda: SimpleNamespace(has_exchange=False))
    assert told() == {}
