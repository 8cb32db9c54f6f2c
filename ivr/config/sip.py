"""Settings of the local carrier's lines over SIP."""

from __future__ import annotations

import ipaddress
import re
from functools import cached_property

from pydantic import Field, field_validator, model_validator

from ivr.config.carrier import Carrier
from ivr.domain.enums import CallerIdIn, CarrierName, DialledFrom, NumberFrom
from ivr.domain.setting_types import Strict

_STANDARD_PORT = 5060


def _check_place(address: str) -> None:
    if not re.fullmatch(r"[0-9.]+|.*[/:].*", address):
        return  # a host name
    try:
        ipaddress.ip_network(address, strict=False)
    except ValueError:
        raise ValueError(f"address: {address!r} is no IP address and no network such as 10.1.0.0/16") from None


class SipPeer(Strict):
    """Somebody whose calls are taken over SIP, or through whom the hotline calls: a telephone system or a trunk."""

    address: str = Field(
        min_length=1,
        max_length=253,
        description="IP address, network (`10.1.0.0/16`) or host name. Nobody else gets an answer.",
    )
    port: int = Field(_STANDARD_PORT, ge=1, le=65535, description="UDP port to which requests are sent.")
    domain: str = Field("", max_length=253, description="Host of addresses at the peer. Empty: `address`.")
    username: str = Field("", max_length=100, description="Name for digest, and of the registration.")
    password: str = Field(
        "",
        max_length=200,
        description="Password for digest. With `calls_out` it is the hotline's at that peer; else the peer's calls are "
        "challenged with it. Empty: the address alone counts. Set it as `SIP_PEERS__NAME__PASSWORD`, not in the file.",
    )
    number_from: NumberFrom = Field(
        NumberFrom.P_ASSERTED_IDENTITY,
        description="Header that names the caller's number. Without it `From` counts. `Privacy: id` withholds it.",
    )
    dialled_from: DialledFrom = Field(
        DialledFrom.REQUEST_URI,
        description="Where the number that was dialled stands; by its last digits, too. `diversion`: the first number "
        "of `Diversion` or `History-Info`.",
    )
    calls_a_second: int = Field(10, ge=1, le=1000, description="New calls a second; more get 503.")
    burst: int = Field(30, ge=1, le=1000, description="New calls that may come at once.")
    calls_out: bool = Field(
        False, description="Whether the hotline calls through it; several are tried in their order."
    )
    registers: bool = Field(False, description="Whether the hotline registers there as `username`.")
    caller_id_in: CallerIdIn = Field(
        CallerIdIn.FROM, description="Where the hotline's number stands in calls that it places."
    )

    @model_validator(mode="after")
    def _together(self) -> SipPeer:
        if bool(self.username) != bool(self.password):
            raise ValueError("username and password must be set together")
        _check_place(self.address)
        if (self.calls_out or self.registers) and "/" in self.address:
            raise ValueError("address: calls are sent to one address, not to a network")
        if self.registers and not (self.username and self.calls_out):
            raise ValueError("registers: needs username, password and calls_out")
        return self


class Sip(Carrier):
    """Telephones, telephone systems and trunks that reach the local carrier by SIP and RTP."""

    sip_address: str = Field(
        "",
        description="IP address of this host at which calls over SIP are taken (UDP). Empty: 127.0.0.1 in local mode, "
        "else none are taken. See docs/sip.md.",
    )
    sip_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="UDP port for SIP. Unset: 5060; in local mode the number of `exchange_port`.",
    )
    sip_told_as: str = Field(
        "", description="IP address that peers are told, where it is not `sip_address` (a fixed NAT)."
    )
    sip_rtp_ports: str = Field(
        "16384-17383",
        pattern=r"^\d{4,5}-\d{4,5}$",
        description="UDP ports for audio; a call needs one of every two.",
    )
    sip_plain_ok: bool = Field(
        False,
        description="Take calls at a public address though SIP and audio are not encrypted. Better: a private network "
        "or a session border controller.",
    )
    sip_most_calls: int = Field(60, ge=1, le=1000, description="Calls at once over SIP; more get 503.")
    sip_session_seconds: int = Field(
        1800, ge=90, le=86400, description="Seconds after which a call that nobody confirms is over (session timer)."
    )
    sip_peers: dict[str, SipPeer] = Field(
        default_factory=dict,
        description="Peers by their names, in the order in which outgoing calls try them. Local mode takes the calls "
        "of this machine besides.",
    )

    @field_validator("sip_address", "sip_told_as")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value:
            ipaddress.ip_address(value)
        return value

    @cached_property
    def sip_host(self) -> str:
        """The address at which calls over SIP are taken; empty where they are not."""
        return self.sip_address or ("127.0.0.1" if self.local else "")

    @cached_property
    def sip_udp_port(self) -> int:
        """The UDP port for SIP."""
        return self.sip_port or (self.exchange_port if self.local else _STANDARD_PORT)

    @cached_property
    def rtp_range(self) -> tuple[int, int]:
        """The first and the last port for audio; the first is even."""
        first, last = map(int, self.sip_rtp_ports.split("-"))
        return first + first % 2, last

    def check_sip(self) -> None:
        """See that calls are taken at an address that may be bound, with ports and peers.

        Raises:
            ValueError: naming the setting.
        """
        first, last = self.rtp_range
        if not 1024 <= first < last <= 65535:
            raise ValueError("sip_rtp_ports: the first port is below the last one, both from 1024 to 65535")
        if not self.sip_address:
            # Where exchanges are named, this host may have none.
            if self.carrier == CarrierName.LOCAL and not self.local and not self.exchanges:
                raise ValueError("sip_address: without a carrier calls come over SIP; name the address that takes them")
            return
        address = ipaddress.ip_address(self.sip_address)
        if address.is_unspecified:
            raise ValueError("sip_address: name one address of this host, not all of them")
        told = ipaddress.ip_address(self.sip_told_as or self.sip_address)
        if (address.is_global or told.is_global) and not self.sip_plain_ok:
            raise ValueError(
                "sip_address: SIP and audio are not encrypted, and this address is public. Use a private network or a "
                "session border controller, or set sip_plain_ok = true"
            )
        if not self.sip_peers and not self.local:
            raise ValueError("sip_peers: name the peers whose calls are taken")
