"""Settings of the local carrier's processes: one, or several for capacity and failure."""

from __future__ import annotations

import ipaddress
from functools import cached_property
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from ivr.config.installation import Installation

#: Two digits of an id name the exchange that has made it.
_MOST = 255
_STOPS_WITHIN = 60


class Exchanges(Installation):
    """The processes `exchange`, and where each is reached by the others."""

    exchange_port: int = Field(8001, ge=1, le=65535, description="Port of the local carrier (process `exchange`).")
    exchange_address: str = Field(
        "127.0.0.1",
        description="IP address of this host at which the process `exchange` is asked by the others. Never a public "
        "one; local mode takes 127.0.0.1 only.",
    )
    exchanges: dict[int, str] = Field(
        default_factory=dict,
        description='Several processes `exchange`: their addresses by number, such as `1 = "http://10.1.2.3:8001"`; '
        "the same on every host. A number stays with its exchange for ever: ids carry it. Empty: the one of this host. "
        "See docs/sip.md.",
    )
    exchange_number: int = Field(
        1, ge=1, le=_MOST, description="Which of the exchanges the process `exchange` of this host is."
    )
    exchange_stop_seconds: int | None = Field(
        None,
        ge=0,
        le=3600,
        description="Seconds for which an exchange that is stopped takes no new calls, and lets those in progress go "
        "on. Unset: 60; in local mode 0.",
    )

    @field_validator("exchange_address")
    @classmethod
    def _is_bound(cls, value: str) -> str:
        address = ipaddress.ip_address(value)
        if address.is_unspecified or address.is_global:
            raise ValueError("name one address of this host in a private network, not all of them and no public one")
        return value

    @field_validator("exchanges")
    @classmethod
    def _are_reached(cls, value: dict[int, str]) -> dict[int, str]:
        for number, url in value.items():
            if not 1 <= number <= _MOST:
                raise ValueError(f"{number} is no number from 1 to {_MOST}")
            _check_place(url)
        cleaned = {number: value[number].rstrip("/") for number in sorted(value)}
        if len(set(cleaned.values())) < len(cleaned):
            raise ValueError("two numbers have the same address")
        return cleaned

    @cached_property
    def exchange_url(self) -> str:
        """The address of this host's exchange; of the first one where this host's is not listed."""
        if not self.exchanges:
            return f"http://{_in_url(self.exchange_address)}:{self.exchange_port}"
        return self.exchanges.get(self.exchange_number) or next(iter(self.exchanges.values()))

    @cached_property
    def exchange_stops_within(self) -> int:
        """Seconds for which a stopping exchange waits for its calls."""
        usual = 0 if self.local else _STOPS_WITHIN
        return usual if self.exchange_stop_seconds is None else self.exchange_stop_seconds

    @cached_property
    def exchange_bind(self) -> str:
        """Where this host's exchange listens."""
        return f"{_in_url(self.exchange_address)}:{self.exchange_port}"

    @cached_property
    def exchange_directory(self) -> str:
        """The directory under `var_dir` of this host's exchange; two on one host share none."""
        return "exchange" if self.exchange_number == 1 else f"exchange-{self.exchange_number}"

    def check_exchanges(self, *, has_one: bool, has_base_url: bool) -> None:
        """See that several exchanges are named only where there are exchanges.

        Raises:
            ValueError: naming the setting.
        """
        if self.local and not ipaddress.ip_address(self.exchange_address).is_loopback:
            raise ValueError("exchange_address: in local mode whoever reaches the exchange can ring everybody")
        if self.exchanges and not has_one:
            raise ValueError('exchanges: only where there is no other carrier (carrier = "local")')
        if self.exchanges and has_base_url:
            raise ValueError("twilio_api_base_url: `exchanges` names where the exchanges are")


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _check_place(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"{url!r} is no address such as http://10.1.2.3:8001")
    try:
        is_public = ipaddress.ip_address(parts.hostname).is_global
    except ValueError:
        return  # a host name
    if is_public and parts.scheme == "http":
        raise ValueError(f"{url!r} is public and not encrypted: use a private network, or https")
