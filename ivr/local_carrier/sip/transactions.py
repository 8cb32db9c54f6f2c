"""Transactions over UDP (RFC 3261, section 17), which the library leaves out.

It neither repeats requests nor knows repeated ones again, and it does not acknowledge refusals.

:class:`Wire` stands beneath the library's agents as their transport.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from aiosipua.headers import CSeq, parse_via, stringify_cseq, stringify_via
from aiosipua.message import SipMessage, SipRequest, SipResponse
from aiosipua.transport import SipTransport

from ivr.local_carrier.sip.bodies import unwrap
from ivr.local_carrier.sip.peers import Peer, Peers

log = logging.getLogger(__name__)

#: Seconds: the first repetition, the longest pause between two, and the end of a transaction (RFC 3261, 17.1.1.2).
T1, T2, TIMEOUT = 0.5, 4.0, 32.0
#: Seconds after which a peer that has said nothing at all to a call counts as away.
AWAY_AFTER = 4.0
_LONGEST_RINGING = 300.0
_Key = tuple[str, str, str]


@dataclass
class _Server:
    """A request that was received, and the answer to it."""

    peer: Peer
    answer: SipResponse | None = None
    acknowledged: bool = False
    ends: asyncio.TimerHandle | None = None
    repeats: asyncio.TimerHandle | None = None


@dataclass
class _Client:
    """A request that was sent, repeated until something is answered."""

    request: SipRequest
    address: tuple[str, int]
    pause: float = T1
    final: bool = False
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
    over: Callable[[], None] = lambda: None


@dataclass
class Wire(SipTransport):
    """A UDP socket whose messages are let in by :class:`Peers`, with transactions."""

    reliable: ClassVar[bool] = False

    peers: Peers = field(default_factory=lambda: Peers(()))
    #: Decides about a new request before an agent sees it; True if it has been answered.
    screen: Callable[[SipRequest, Peer], bool] = lambda request, peer: False
    #: Looks at an answer before an agent does; True if that was all.
    preview: Callable[[SipResponse], bool] = lambda response: False
    away_after: float = AWAY_AFTER
    _socket: asyncio.DatagramTransport | None = field(default=None, init=False, repr=False)
    _servers: dict[_Key, _Server] = field(default_factory=dict, init=False, repr=False)
    _clients: dict[tuple[str, str], _Client] = field(default_factory=dict, init=False, repr=False)

    async def start(self) -> None:
        """Bind the socket."""
        loop = asyncio.get_running_loop()
        self._socket, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=self.local_addr)
        self.local_addr = self._socket.get_extra_info("sockname")[:2]

    async def stop(self) -> None:
        """Close the socket and forget all transactions."""
        for client in self._clients.values():
            _stop(*client.timers)
        for server in self._servers.values():
            _stop(server.ends, server.repeats)
        self._clients.clear()
        self._servers.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def open_transactions(self) -> int:
        """Transactions that are remembered."""
        return len(self._servers) + len(self._clients)

    # -- received -------------------------------------------------------------------------------

    def receive(self, data: bytes, address: tuple[str, int]) -> None:
        """A datagram has come. What is malformed is dropped and counted; nothing that was sent may raise an error."""
        peer = self.peers.admit(data, address[0])
        if peer is None:
            return
        try:
            message = SipMessage.parse(data)
            unwrap(message)
            if isinstance(message, SipRequest):
                self._request(message, peer, address)
            else:
                self._response(message, address)
        except ValueError as error:
            self.peers.dropped["malformed"] += 1
            log.debug("SIP: malformed message of %s: %s", peer.name, error)
        except Exception:
            # Whatever somebody sends, the calls of the others go on.
            self.peers.dropped["failed"] += 1
            log.exception("SIP: a message of %s could not be handled", peer.name)

    def _request(self, request: SipRequest, peer: Peer, address: tuple[str, int]) -> None:
        vias = request.headers.get("via")
        cseq, caller, called = request.cseq, request.from_addr, request.to_addr
        call_id = request.call_id
        if not vias or cseq is None or caller is None or called is None or not call_id:
            raise ValueError("a header is missing that every request has")
        if cseq.method != request.method or not 0 <= cseq.seq < 2**31 or len(call_id) > 256:
            raise ValueError("CSeq or Call-ID are none")
        via = parse_via(vias[0])
        via.params["received"] = address[0]
        if "rport" in via.params:
            via.params["rport"] = str(address[1])
        request.headers.remove("Via")
        for value in (stringify_via(via), *vias[1:]):
            request.headers.append("Via", value)
        key = (via.branch or call_id + str(cseq.seq), f"{via.host}:{via.port}", request.method)
        if request.method == "ACK":
            self._acknowledged((*key[:2], "INVITE"))
        elif key in self._servers:
            self._repeat(key)
            return
        else:
            self._servers[key] = _Server(peer)
            self._end_later(key)
            if self.screen(request, peer):
                return
        if self.on_message is None:
            return
        try:
            self.on_message(request, address)
        except ValueError:
            if request.method != "ACK":
                self.send_reply(answer_to(request, 400, "Bad Request"))
            raise

    def _repeat(self, key: _Key) -> None:
        answer = self._servers[key].answer
        if answer is not None:
            super().send_reply(answer)

    def _acknowledged(self, key: _Key) -> None:
        if server := self._servers.get(key):
            server.acknowledged = True
            _stop(server.repeats)

    def _response(self, response: SipResponse, address: tuple[str, int]) -> None:
        cseq, vias = response.cseq, response.headers.get("via")
        if cseq is None or not vias or not 100 <= response.status_code <= 699:
            raise ValueError("no response")
        client = self._clients.get((parse_via(vias[0]).branch or "", cseq.method))
        if client is None:
            # A second 2xx to a call is acknowledged again by the agent; everything else that is late is dropped.
            if cseq.method == "INVITE" and 200 <= response.status_code < 300:
                self._tell(response, address)
            return
        if response.status_code < 200:
            self._rings((parse_via(vias[0]).branch or "", cseq.method))
        else:
            refused = cseq.method == "INVITE" and response.status_code >= 300
            if refused:
                self._acknowledge(client, response)
            if client.final and (refused or cseq.method != "INVITE"):
                return
            if not client.final:
                client.final = True
                _stop(*client.timers)
                self._forget_later((parse_via(vias[0]).branch or "", cseq.method))
        self._tell(response, address)

    def _tell(self, response: SipResponse, address: tuple[str, int]) -> None:
        if not self.preview(response) and self.on_message is not None:
            self.on_message(response, address)

    def _acknowledge(self, client: _Client, response: SipResponse) -> None:
        """The acknowledgement of a refusal belongs to the transaction (RFC 3261, 17.1.1.3)."""
        ack = SipRequest(method="ACK", uri=client.request.uri)
        ack.headers.append("Via", client.request.headers.get("via")[0])
        for name in ("From", "Call-ID", "Route"):
            for value in client.request.headers.get(name):
                ack.headers.append(name, value)
        ack.headers.set_single("To", response.headers.get_first("to") or "")
        sequence = client.request.cseq
        ack.headers.set_single("CSeq", stringify_cseq(CSeq(sequence.seq if sequence else 1, "ACK")))
        ack.headers.set_single("Max-Forwards", "70")
        self._put(bytes(ack), client.address)

    # -- sent -----------------------------------------------------------------------------------

    def send(self, message: SipRequest | SipResponse, addr: tuple[str, int]) -> None:
        """Send a message; a request is repeated until it is answered, a refusal until it is acknowledged."""
        if isinstance(message, SipResponse):
            self._remember(message)
        elif message.method != "ACK":
            self._begin(message, addr)
        self._put(bytes(message), addr)

    def _remember(self, response: SipResponse) -> None:
        via, cseq = parse_via(response.headers.get("via")[0]), response.cseq
        if cseq is None:
            return
        branch = via.branch or (response.call_id or "") + str(cseq.seq)
        key = (branch, f"{via.host}:{via.port}", cseq.method)
        server = self._servers.get(key)
        if server is None:
            return
        is_new = server.answer is not response
        server.answer = response
        if is_new and cseq.method == "INVITE" and response.status_code >= 300:
            self._repeat_later(key, T1, TIMEOUT)
        if response.status_code >= 200:
            self._end_later(key)

    def _repeat_later(self, key: _Key, pause: float, left: float) -> None:
        """Repeat a refusal until it is acknowledged (timer G)."""
        server = self._servers.get(key)
        if server is None or server.acknowledged or left <= 0:
            return

        def again() -> None:
            self._repeat(key)
            self._repeat_later(key, min(2 * pause, T2), left - pause)

        server.repeats = asyncio.get_running_loop().call_later(pause, again)

    def _begin(self, request: SipRequest, address: tuple[str, int]) -> None:
        branch = parse_via(request.headers.get("via")[0]).branch or ""
        key = (branch, request.method)
        client = self._clients[key] = _Client(request, address)
        loop = asyncio.get_running_loop()

        def again() -> None:
            self._put(bytes(request), address)
            client.pause = 2 * client.pause if request.method == "INVITE" else min(2 * client.pause, T2)
            client.timers[0] = loop.call_later(client.pause, again)

        def over() -> None:
            _stop(*client.timers)
            self._clients.pop(key, None)
            if not client.final:
                self._tell(answer_to(request, 408, "Request Timeout"), address)

        longest = self.away_after if request.method in ("INVITE", "REGISTER") else TIMEOUT
        client.timers = [loop.call_later(T1, again), loop.call_later(longest, over)]
        client.over = over

    def _rings(self, key: tuple[str, str]) -> None:
        """Something was answered: the request is not repeated any more, and may take its time."""
        client = self._clients[key]
        if not client.final:
            _stop(*client.timers)
            client.timers = [asyncio.get_running_loop().call_later(_LONGEST_RINGING, client.over)]

    def _put(self, data: bytes, address: tuple[str, int]) -> None:
        if self._socket is not None:
            self._socket.sendto(data, address)

    # -- forgotten ------------------------------------------------------------------------------

    def _end_later(self, key: _Key) -> None:
        """A request is known again for as long as it can be repeated; a call that rings, until it is answered."""
        server = self._servers[key]
        _stop(server.ends)

        def end() -> None:
            if key[2] == "INVITE" and server.answer is not None and server.answer.status_code < 200:
                self._end_later(key)
                return
            _stop(server.repeats)
            self._servers.pop(key, None)

        server.ends = asyncio.get_running_loop().call_later(TIMEOUT, end)

    def _forget_later(self, key: tuple[str, str]) -> None:
        client = self._clients[key]
        client.timers = [asyncio.get_running_loop().call_later(TIMEOUT, lambda: self._clients.pop(key, None))]


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._wire.receive(data, (str(addr[0]), int(addr[1])))

    def error_received(self, exc: Exception) -> None:
        log.debug("SIP: %s", exc)


def answer_to(request: SipRequest, status: int, reason: str) -> SipResponse:
    """An answer to a request that is in no dialogue."""
    response = SipResponse(status_code=status, reason_phrase=reason)
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        for value in request.headers.get(name):
            response.headers.append(name, value)
    return response


def _stop(*timers: asyncio.TimerHandle | None) -> None:
    for timer in timers:
        if timer is not None:
            timer.cancel()
