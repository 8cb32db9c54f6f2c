"""Several local carriers in this process, each with a number, an address and a directory of its own."""

from __future__ import annotations

import threading
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, make_server

from ivr.config import settings as configuration
from ivr.local_carrier.app import create_app, create_switch
from ivr.local_carrier.sip import telling
from ivr.local_carrier.switch import Switch
from tests.support.servers import QuietRequestHandler, free_port


class Exchanges:
    """Exchanges by their numbers. Each can go away, and comes back with what it has kept."""

    def __init__(self, numbers: tuple[int, ...] = (1, 2)) -> None:
        self.ports = {number: free_port() for number in numbers}
        self.switches: dict[int, Switch] = {}
        self._servers: dict[int, BaseWSGIServer] = {}

    @property
    def places(self) -> dict[int, str]:
        """What the setting says."""
        return {number: f"http://127.0.0.1:{port}" for number, port in self.ports.items()}

    def begin(self, number: int) -> Switch:
        """Start one."""
        settings = configuration.load(exchange_number=number, exchanges=self.places)
        switch = self.switches[number] = create_switch(settings)
        app = create_app(settings, switch)
        telling.register(app, None, switch)
        server = make_server("127.0.0.1", self.ports[number], app, threaded=True, request_handler=QuietRequestHandler)
        self._servers[number] = server
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return switch

    def goes_away(self, number: int) -> None:
        """Stop one: its address refuses connections."""
        server = self._servers.pop(number)
        server.shutdown()
        server.server_close()

    def directory(self, number: int) -> Path:
        """Where one keeps its calls and recordings."""
        return configuration.settings().var_dir / ("exchange" if number == 1 else f"exchange-{number}")

    def stop(self) -> None:
        """Stop all."""
        for number in tuple(self._servers):
            self.goes_away(number)
