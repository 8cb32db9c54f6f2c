"""Connects the switch with the telephones outside: the station and its trunk, as the settings say."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from ivr.config.settings import Settings
from ivr.local_carrier.sip.peers import Peer, Peers
from ivr.local_carrier.sip.station import Socket, Station
from ivr.local_carrier.sip.trunk import Trunk
from ivr.local_carrier.switch import Switch

log = logging.getLogger(__name__)

#: The peer that local mode takes calls of besides: this machine.
_THIS_MACHINE = Peer("this machine", "127.0.0.0/8", calls_a_second=100, burst=200)


@dataclass
class Connection:
    """A switch that is reached over SIP."""

    station: Station
    trunk: Trunk

    def take_no_more(self) -> None:
        """Refuse new calls from now on, and take registrations back; calls in progress go on."""
        self.station.is_stopping = True
        self.trunk.stop()

    def stop(self) -> None:
        """Hang up, and take registrations back."""
        self.trunk.stop()
        self.station.stop()


def connect(settings: Settings, switch: Switch) -> Connection | None:
    """Take calls over SIP from now on; None where the settings name no address, or nobody has asked for it.

    Raises:
        OSError: the address that the settings name cannot be bound.
    """
    if not settings.sip_host:
        return None
    peers = peers_of(settings)
    first, last = settings.rtp_range
    socket = Socket(
        settings.sip_host,
        settings.sip_udp_port,
        settings.sip_told_as,
        first,
        last,
        settings.sip_session_seconds,
        settings.sip_most_calls,
        frozenset(settings.own_numbers),
        switch.subscription.number,
    )
    station = Station(
        socket, Peers(peers), lambda line, number, fields, dialled: switch.call(line, number, fields, to=dialled)
    )
    try:
        station.start()
    except OSError as error:
        if settings.sip_address or settings.sip_port:
            raise
        # Nobody has asked for it: the softphone and scripted calls work without.
        log.warning("SIP: no calls are taken at %s:%d: %s", socket.host, socket.port, error)
        return None
    trunk = Trunk(station, peers)
    trunk.start()
    if any(peer.calls_out for peer in peers):
        switch.outside = trunk.telephone
    return Connection(station, trunk)


def peers_of(settings: Settings) -> list[Peer]:
    """The peers that the settings name."""
    named = [Peer(name, **peer.model_dump()) for name, peer in settings.sip_peers.items()]
    return [*named, _THIS_MACHINE] if settings.local else named
