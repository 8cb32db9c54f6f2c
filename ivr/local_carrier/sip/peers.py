"""Whom the hotline answers over SIP: named peers only, within their limits. Everybody else gets no answer at all."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ivr.domain.enums import CallerIdIn, DialledFrom, NumberFrom

log = logging.getLogger(__name__)

#: A datagram longer than this is no message of a telephone.
LONGEST_MESSAGE = 16_384
#: Programs that look for telephone systems to abuse, by what they call themselves.
_SCANNERS = re.compile(
    rb"friendly-(?:scanner|request)|sipvicious|sip-?scan|sundayddr|sipsak|sipcli|pplsip|iwar|vaxsipuseragent"
    rb"|siparmyknife|smap\b|eyebeam-scan|gulp\b",
    re.IGNORECASE,
)
_SCANNED_HEADERS = re.compile(rb"^(?:user-agent|from|f|subject|s|contact|m)\s*:[^\r\n]*", re.IGNORECASE | re.MULTILINE)
#: Seconds after which the addresses of a host name are looked up again; those of one that was never found.
_LOOKED_UP_FOR, _SOUGHT_AGAIN = 300.0, 15.0


@dataclass(frozen=True)
class Peer:
    """Somebody whose calls are taken, or through whom the hotline calls."""

    name: str
    #: An IP address, a network (`10.1.0.0/16`), or a host name.
    address: str
    port: int = 5060
    username: str = ""
    password: str = field(default="", repr=False)
    number_from: NumberFrom = NumberFrom.P_ASSERTED_IDENTITY
    dialled_from: DialledFrom = DialledFrom.REQUEST_URI
    #: New calls a second, and how many may come at once.
    calls_a_second: int = 10
    burst: int = 30
    #: Whether the hotline calls through it, and registers there first.
    calls_out: bool = False
    registers: bool = False
    caller_id_in: CallerIdIn = CallerIdIn.FROM
    #: The host of its addresses, where it is not that of `address`.
    domain: str = ""

    @property
    def is_challenged(self) -> bool:
        """Whether its calls need the password. A trunk's is ours there: it never answers a challenge itself."""
        return bool(self.password) and not self.calls_out

    @property
    def host(self) -> str:
        """The host of addresses at this peer."""
        return self.domain or in_address(self.address)


def in_address(host: str) -> str:
    """A host as it is written in a SIP address."""
    return f"[{host}]" if ":" in host else host


@dataclass
class Bucket:
    """Lets a number of events pass a second, and as many as `burst` at once."""

    a_second: float
    burst: float
    now: Callable[[], float] = time.monotonic
    _left: float = field(init=False)
    _filled: float = field(init=False)

    def __post_init__(self) -> None:
        self._left, self._filled = self.burst, self.now()

    def takes(self) -> bool:
        """Whether one more may pass now."""
        now = self.now()
        self._left = min(self.burst, self._left + (now - self._filled) * self.a_second)
        self._filled = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Peers:
    """The named peers, and what was dropped of others."""

    def __init__(self, peers: Sequence[Peer], look_up: Callable[[str], set[str]] | None = None) -> None:
        self.peers = tuple(peers)
        #: Datagrams that got no answer, by reason.
        self.dropped: Counter[str] = Counter()
        self._look_up = look_up or _look_up
        self._networks = {
            peer.name: network for peer in self.peers if (network := network_of(peer.address)) is not None
        }
        #: Of several whose addresses fit, the one that names fewer of them is meant.
        self._nearest_first = sorted(self.peers, key=lambda peer: self._how_many(peer.name))
        self._addresses: dict[str, set[str]] = {}
        self._looked_up = -_LOOKED_UP_FOR
        self._messages = {peer.name: Bucket(peer.calls_a_second * 20, peer.burst * 20) for peer in self.peers}
        self._calls = {peer.name: Bucket(peer.calls_a_second, peer.burst) for peer in self.peers}
        #: The version of IP that is spoken: other addresses of a host name are none.
        self.version = 4

    def look_up(self) -> None:
        """Look the addresses of host names up, if that was long ago. It may block: not for the loop of the calls."""
        names = [peer for peer in self.peers if peer.name not in self._networks]
        unknown = [peer for peer in names if peer.name not in self._addresses]
        passed = time.monotonic() - self._looked_up
        if passed < (_SOUGHT_AGAIN if unknown else _LOOKED_UP_FOR):
            return
        self._looked_up = time.monotonic()
        for peer in unknown if passed < _LOOKED_UP_FOR else names:
            if found := self._look_up(peer.address):
                self._addresses[peer.name] = found

    def admit(self, data: bytes, host: str) -> Peer | None:
        """The peer that has sent a datagram; None if it is to get no answer."""
        peer = self.of(host)
        if peer is None:
            reason = "unknown peer"
        elif len(data) > LONGEST_MESSAGE:
            reason = "too long"
        elif not data.strip():
            reason = "keep-alive"
        elif any(_SCANNERS.search(line[0]) for line in _SCANNED_HEADERS.finditer(data[:4096])):
            reason = "scanner"
        elif not self._messages[peer.name].takes():
            reason = "too many messages"
        else:
            return peer
        if not self.dropped[reason] and reason != "keep-alive":
            log.warning("SIP: dropped what %s sent (%s); further ones are counted only", host, reason)
        self.dropped[reason] += 1
        return None

    def takes_call(self, peer: Peer) -> bool:
        """Whether a peer may bring one more call now."""
        taken = self._calls[peer.name].takes()
        self.dropped["too many calls"] += not taken
        return taken

    def of(self, host: str) -> Peer | None:
        """The peer at an address."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return None
        for peer in self._nearest_first:
            if network := self._networks.get(peer.name):
                if address in network:
                    return peer
            elif host in self._addresses.get(peer.name, ()):
                return peer
        return None

    def _how_many(self, name: str) -> int:
        network = self._networks.get(name)
        return network.num_addresses if network is not None else 1

    def reached_at(self, peer: Peer) -> tuple[str, int] | None:
        """Where requests to a peer are sent; None while its name is not known, or where it is a network."""
        network = self._networks.get(peer.name)
        if network is not None:
            is_one = network.num_addresses == 1 and network.version == self.version
            return (str(network.network_address), peer.port) if is_one else None
        every = self._addresses.get(peer.name, ())
        found = sorted(one for one in every if ipaddress.ip_address(one).version == self.version)
        return (found[0], peer.port) if found else None


def network_of(address: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network that an address names; None for a host name."""
    try:
        return ipaddress.ip_network(address, strict=False)
    except ValueError:
        return None


def _look_up(name: str) -> set[str]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        log.warning("SIP: the peer %s cannot be looked up: %s", name, error)
        return set()
    return {str(entry[4][0]) for entry in found}
