"""The carrier's part in the benchmark of the webhooks: a process that sends prepared requests and times the answers.

It does as little as possible between two requests, because it takes its share of the processors from the servers.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

#: Seconds without any answer after which a server is given up.
_SILENCE = 30.0


@dataclass(frozen=True)
class Answers:
    """What came back, in the order of the requests: status, body, and seconds from sending to the last byte; and the
    seconds that all of them took together."""

    seconds: float
    statuses: list[int]
    bodies: list[bytes]
    latencies: list[float]


class _Connection:
    """A kept connection with one request under way."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.number = -1
        self.sent_at = 0.0
        self.received = bytearray()
        self._open()

    def _open(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, number: int, request: bytes) -> None:
        self.number = number
        self.received.clear()
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> tuple[int, bytes] | None:
        """Status and body once the answer is complete."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError(f"the server closed the connection in the middle of request {self.number}")
        self.received += piece
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return None
        start = head.lower().index(b"content-length:") + len(b"content-length:")
        length = int(head[start:].split(b"\r\n", 1)[0])
        if len(body) < length:
            return None
        return int(head[9:12]), bytes(body)


def send_all(port: int, requests: Sequence[bytes], connections: int) -> Answers:
    """Send every request once, over so many connections at a time.

    Raises:
        ConnectionError, TimeoutError: the server did not answer one of them.
    """
    statuses, bodies, latencies = [0] * len(requests), [b""] * len(requests), [0.0] * len(requests)
    with selectors.DefaultSelector() as selector:
        kept = [_Connection(port) for _ in range(min(connections, len(requests)))]
        for connection in kept:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        left, upcoming = len(requests), iter(range(len(kept), len(requests)))
        began = time.perf_counter()
        for number, connection in enumerate(kept):
            connection.send(number, requests[number])
        while left:
            ready = selector.select(_SILENCE)
            if not ready:
                raise TimeoutError("no answer")
            for key, _ in ready:
                connection = key.data
                answer = connection.receive()
                if answer is None:
                    continue
                number = connection.number
                latencies[number] = time.perf_counter() - connection.sent_at
                statuses[number], bodies[number] = answer
                left -= 1
                if (number := next(upcoming, -1)) >= 0:
                    connection.send(number, requests[number])
        seconds = time.perf_counter() - began
        for connection in kept:
            connection.socket.close()
    return Answers(seconds, statuses, bodies, latencies)
