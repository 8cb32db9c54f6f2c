"""Ports and request handlers of servers that run inside the test process."""

from __future__ import annotations

import itertools
import os
import socket

from werkzeug.serving import WSGIRequestHandler

#: Below the ports that the system gives to outgoing connections (32768 and up): none of them takes one meanwhile.
_FIRST, _OF_A_PROCESS = 12_000, 2_000
_given = itertools.cycle((os.getpid() + number) % _OF_A_PROCESS for number in range(_OF_A_PROCESS))


def free_port() -> int:
    """A TCP port that nobody listens on at this moment; no other process of this run of tests is given it."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 10
    for number in _given:
        port = _FIRST + process * _OF_A_PROCESS + number
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("the numbers of ports have no end")


class QuietRequestHandler(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass
