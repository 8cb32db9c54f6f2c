"""Clients with a very slow network, or with bad intentions."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

#: What a slow client has sent of its request so far.
HALF_HEAD = b"GET /login HTTP/1.1\r\nHost: hotline\r\nX-Slow: "
HALF_BODY = (
    b"POST /voice/incoming HTTP/1.1\r\nHost: hotline\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 4000\r\n\r\nCallSid=CA"
)
ONE_BYTE = b"G"
#: A large file, of which nothing is read.
LARGE_ANSWER = b"GET /voice/music/%s.wav HTTP/1.1\r\nHost: hotline\r\n\r\n"


@contextmanager
def slow_clients(port: int, *beginnings: bytes, times: int, tls: bool = False) -> Iterator[list[socket.socket]]:
    """Connections that have sent a beginning and then stay silent; `times` of each."""
    with ExitStack() as stack:
        opened = []
        for beginning in beginnings * times:
            connection = socket.socket()
            stack.callback(connection.close)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.settimeout(10)
            connection.connect(("127.0.0.1", port))
            if tls:
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                connection = context.wrap_socket(connection)
                stack.callback(connection.close)
            with suppress(OSError):  # it was thrown out already
                connection.sendall(beginning)
            opened.append(connection)
        yield opened
