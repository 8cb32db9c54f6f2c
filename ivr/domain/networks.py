"""Where an internet address is, as far as tries are counted: one customer of a provider is one place."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address

#: Bits of an IPv6 address that name the network of a customer, who takes any address within it.
_CUSTOMER = 64


def place_of(address: str) -> str:
    """An address as it is counted: of IPv6 its network, and IPv4 whichever way it is written; what is none as it is."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((int(found), _CUSTOMER), strict=False))
