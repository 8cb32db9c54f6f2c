"""What a thread sends to a client: given to the network as far as it takes it at once, kept for the loop otherwise."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from ivr.web.held_streams import Held, HeldStreams

#: Bytes of one answer that are kept in memory for a slow reader.
_MOST = 64 * 1024 * 1024
_PIECE = 256 * 1024
#: By which HTTP/1.1 says that an answer is over.
LAST_CHUNK = b"0\r\n\r\n"


class Outgoing:
    """Stands in for the socket in gunicorn's code. Nothing here waits; nothing more is read."""

    def __init__(self, network: socket.socket, streams: HeldStreams | None = None) -> None:
        self._network = network
        self._rest = bytearray()
        #: What holds the open streams of this process, and the stream that this answer has become the head of.
        self.streams = streams
        #: When the request was whole that is being answered (monotonic).
        self.whole_at = 0.0
        self.held: Held | None = None

    @property
    def pending(self) -> int:
        """Bytes that are not sent yet."""
        return len(self._rest)

    def flush(self) -> None:
        """Send what the network takes now.

        Raises:
            OSError: the connection is gone.
        """
        while self._rest:
            try:
                sent = self._network.send(memoryview(self._rest)[:_PIECE])
            except BlockingIOError:
                return
            del self._rest[:sent]

    def sendall(self, data: bytes) -> None:
        """Send everything, sooner or later.

        Raises:
            OSError: the connection is gone, or the answer is too long.
        """
        if self.held is not None and data == LAST_CHUNK:
            return  # gunicorn ends the head; the stream goes on
        if len(self._rest) + len(data) > _MOST:
            raise OSError(f"an answer of more than {_MOST} bytes is not kept for a slow reader")
        self._rest += data
        self.flush()

    def send(self, data: bytes) -> int:
        """Like :meth:`sendall`; gives the number of bytes."""
        self.sendall(data)
        return len(data)

    def sendfile(self, file: BinaryIO, offset: int = 0, count: int | None = None) -> int:
        """Send a part of a file."""
        file.seek(offset)
        left = count
        while left is None or left > 0:
            piece = file.read(_PIECE if left is None else min(_PIECE, left))
            if not piece:
                break
            self.sendall(piece)
            left = None if left is None else left - len(piece)
        return file.tell() - offset

    def recv(self, _size: int) -> bytes:
        """Nothing: the whole request has arrived already."""
        return b""

    def setblocking(self, _blocking: bool) -> None:
        """Stays as it is."""

    def gettimeout(self) -> float:
        """Never waits."""
        return 0.0

    def settimeout(self, _seconds: float | None) -> None:
        """Stays as it is."""

    def shutdown(self, _how: int) -> None:
        """The loop does it when everything is sent."""

    def close(self) -> None:
        """The loop does it when everything is sent."""

    def fileno(self) -> int:
        """The descriptor of the network's socket."""
        return self._network.fileno()
