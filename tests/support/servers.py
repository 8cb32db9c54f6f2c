"""Ports and request handlers of servers that run inside the test process."""

from __future__ import annotations

import socket

from werkzeug.serving import WSGIRequestHandler


def free_port() -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class QuietRequestHandler(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass
