"""Whether our address can be reached from the internet, as far as the address itself tells."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

#: Seldom wrong in the DNS, always wrong in a setting: names that only this machine or this network knows.
_ONLY_HERE = ("localhost", ".local", ".internal", ".lan", ".intern", ".localdomain")


def faults(url: str) -> Iterator[str]:
    """What stands in the way of the carrier at an address, each as a sentence."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        yield f"{url} is not HTTPS: calls and their answers could be read on the way."
    if host == "localhost" or host.endswith(_ONLY_HERE):
        yield f"{host} is a name that nobody on the internet knows."
        return
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):  # not there, or no name at all, such as one with an empty part
        yield f"{host} is not in the DNS."
        return
    if closed := sorted(one for one in found if not ipaddress.ip_address(one.partition("%")[0]).is_global):
        yield f"{host} is {', '.join(closed)}, which nobody on the internet reaches."
