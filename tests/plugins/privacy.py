"""What the tests of deletion and erasure run against."""

from __future__ import annotations

import threading

import pytest
from werkzeug.serving import make_server

from ivr.config import settings as configuration
from ivr.launcher.run import _environment, _start_redis
from tests.support.environment import forget_settings
from tests.support.people import hire
from tests.support.servers import free_port


@pytest.fixture
def services(empty_database, monkeypatch):
    """Database, audio, a Redis, and a local carrier that keeps what it was told."""
    from ivr.local_carrier.app import create_app, create_switch

    monkeypatch.setenv("EXCHANGE_PORT", str(free_port()))
    forget_settings()
    settings = configuration.settings()
    settings.var_dir.mkdir(exist_ok=True)
    redis = _start_redis(settings, _environment(settings))
    switch = create_switch(settings)
    server = make_server("127.0.0.1", settings.exchange_port, create_app(settings, switch), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hire()
    yield switch
    server.shutdown()
    server.server_close()
    redis.kill()
