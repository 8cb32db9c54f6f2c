"""The ports for audio: a range that a firewall lets through."""

from __future__ import annotations

import asyncio
import random

from ivr.local_carrier.sip.pulse import Pulse
from ivr.local_carrier.sip.rtp_port import RtpPort


class Ports:
    """Opens and closes ports for audio at one address, used only in the loop of the station."""

    def __init__(self, host: str, first: int, last: int, pulse: Pulse) -> None:
        self._host, self._first, self._last, self._pulse = host, first, last, pulse
        self._used: set[int] = set()

    def __len__(self) -> int:
        return len(self._used)

    async def open(self) -> RtpPort:
        """A port for a call's audio.

        Raises:
            OSError: none is free.
        """
        loop = asyncio.get_running_loop()
        free = [port for port in range(self._first, self._last, 2) if port not in self._used]
        begin = random.randrange(len(free)) if free else 0  # noqa: S311 - spreads them, hides nothing
        for port in free[begin:] + free[:begin]:
            self._used.add(port)
            try:
                _, opened = await loop.create_datagram_endpoint(RtpPort, local_addr=(self._host, port))
            except OSError:  # another program has it
                self._used.discard(port)
                continue
            return opened
        raise OSError("all ports for audio are in use")

    def close(self, port: RtpPort) -> None:
        """Give a port back."""
        self._pulse.ports.discard(port)
        self._used.discard(port.local[1])
        port.close()
