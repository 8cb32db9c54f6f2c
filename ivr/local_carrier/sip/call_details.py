"""What the headers of a SIP call say: who calls, which number was dialled, who has passed the call on."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from aiosipua.header_codec import parse_address, parse_uri
from aiosipua.message import SipRequest

from ivr.domain import digits, phone_numbers
from ivr.domain.enums import DialledFrom, NumberFrom
from ivr.local_carrier.sip.peers import Peer

#: What the carrier sends as From where a number is withheld.
WITHHELD = "anonymous"
#: The port of a SIP address that names none.
_USUAL_PORT = 5060
_TELEPHONE = re.compile(r"\s*tel:([^;>]+)", re.IGNORECASE)
_USER = re.compile(r"\bsips?:([^@<>]*)@", re.IGNORECASE)
#: The country or the place in which a number without one is dialled (RFC 3966).
_CONTEXT = re.compile(r";phone-context=(\+\d+)", re.IGNORECASE)
_HEADERS = {
    NumberFrom.P_ASSERTED_IDENTITY: "p-asserted-identity",
    NumberFrom.REMOTE_PARTY_ID: "remote-party-id",
    NumberFrom.FROM: "from",
}

#: Extensions that a request may require: session timers (RFC 4028) and acknowledged provisional answers (RFC 3262).
_EXTENSIONS = {"timer", "100rel"}


def required(request: SipRequest) -> set[str]:
    """The extensions that a request requires, in small letters."""
    return {name.strip().lower() for value in request.headers.get("require") for name in value.split(",")} - {""}


def required_unknown(request: SipRequest) -> list[str]:
    """Those that are not known here. ACK and CANCEL are never refused for them (RFC 3261, 8.2.2.3)."""
    return [] if request.method in ("ACK", "CANCEL") else sorted(required(request) - _EXTENSIONS)


def caller(invite: SipRequest, peer: Peer) -> str:
    """The number that a call shows, in E.164 where it can be; :data:`WITHHELD` where it is to be kept back.

    A number that the peer is trusted for stands in a header of its own; `From` alone is what anybody may write. Where
    that header is missing, `From` counts.
    """
    if _is_private(invite):
        return WITHHELD
    header = _HEADERS[peer.number_from]
    values = invite.headers.get(header)
    if header == "remote-party-id" and values and "privacy=off" not in values[0] and "privacy=" in values[0]:
        return WITHHELD
    for value in (*values, *invite.headers.get("from")):
        if number := _number(value):
            return number
    return WITHHELD


def _is_private(invite: SipRequest) -> bool:
    """Whether the caller's number is to be withheld (RFC 3323, RFC 3325)."""
    asked = {part.strip().lower() for value in invite.headers.get("privacy") for part in value.split(";")}
    if asked & {"id", "user", "header", "full"}:
        return True
    sender = invite.from_addr
    return sender is not None and sender.uri.host.lower().endswith("anonymous.invalid")


def dialled(invite: SipRequest, peer: Peer, own: frozenset[str], usual: str) -> str:
    """The number of the hotline that was dialled; the `usual` one where none of its `own` is named.

    Telephone systems name it by its last digits often: these count where exactly one number ends so.
    """
    named = {
        DialledFrom.REQUEST_URI: [invite.uri],
        DialledFrom.TO: invite.headers.get("to"),
        DialledFrom.DIVERSION: _diversions(invite)[-1:],
    }[peer.dialled_from]
    for value in named:
        number = _number(value)
        if number in own:
            return number
        last = number.lstrip("+0")
        ending = [one for one in own if len(last) >= 2 and one.endswith(last)]
        if len(ending) == 1:
            return ending[0]
    return usual


def forwarded_by(invite: SipRequest) -> str:
    """The number that has passed the call on last; empty if nobody has."""
    return next((number for value in _diversions(invite) if (number := _number(value))), "")


def listens_at(invite: SipRequest, source: tuple[str, int], is_theirs: Callable[[str], bool]) -> tuple[str, int]:
    """Where requests within a call are sent: to where it came from, if its system listens there (RFC 3581).

    Others send from any port, and name where they listen in the last proxy's address, or in their own.
    """
    vias = invite.via
    if vias and "rport" in vias[0].params:
        return source
    for named in (*invite.headers.get("record-route")[:1], *invite.headers.get("contact")[:1]):
        try:
            uri = parse_address(named).uri
        except ValueError:
            return source
        host = uri.host.strip("[]")
        return (host, uri.port or _USUAL_PORT) if is_theirs(host) else source
    return source


def _diversions(invite: SipRequest) -> list[str]:
    """Who has passed the call on, the last one first (RFC 5806, or RFC 7044 as newer systems write it)."""
    if diversions := invite.headers.get("diversion"):
        return diversions
    history = [part for value in invite.headers.get("history-info") for part in value.split(",")]
    # The last entry is where the call goes now; those that were passed on have a cause.
    return [entry for entry in reversed(history) if "cause" in entry.lower()]


def _number(value: str) -> str:
    """The number of an address; empty where it names none."""
    if found := _TELEPHONE.match(value.partition("<")[2] or value):  # which the library takes for a host
        return _dialled_in(found[1], value)
    try:
        uri = parse_address(value).uri if "<" in value else parse_uri(value.partition(">")[0])
    except ValueError:
        return ""
    written = uri.user or ""
    if not written and (found := _USER.search(value)):  # parameters of the user, which the library takes for the rest
        written = found[1]
    return _dialled_in(unquote(re.split("[;:]", written)[0]), value)


def _dialled_in(written: str, address: str) -> str:
    """A number as it is dialled, in the place that its address names, if it is one without a country."""
    context = _CONTEXT.search(address)
    if context and digits.is_digits(written) and not written.startswith("0"):
        written = context[1] + written
    return phone_numbers.dialable(written) or phone_numbers.plain(written)


def own_headers(invite: SipRequest) -> dict[str, str]:
    """The headers that begin with `X-`, as the carrier names those of a SIP trunk in its webhooks."""
    return {
        f"SipHeader_{name}": values[0][:200]
        for name, values in invite.headers.items()
        if name.lower().startswith("x-") and values
    }
