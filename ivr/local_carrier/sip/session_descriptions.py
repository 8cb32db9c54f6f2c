"""Offers and answers of audio (SDP): G.711 in both laws, keys by RFC 4733, hold."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace

from aiosipua.sdp import SdpMessage, SdpNegotiationError, build_sdp, negotiate_sdp, parse_sdp

from ivr.local_carrier.sip.rtp_port import ALAW, NO_KEYS, ULAW

#: The payload type that keys get in our offers.
_KEYS = 101
_LAWS = {ULAW: "PCMU", ALAW: "PCMA"}
#: Audio that is not encrypted. Of several the first one counts.
_PLAIN = frozenset({"RTP/AVP", "RTP/AVPF"})
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


class NoCommonAudio(ValueError):
    """The other end offers nothing that the hotline speaks."""


@dataclass(frozen=True)
class Agreed:
    """What both ends have agreed on."""

    remote: tuple[str, int]
    law: int
    keys_as: int
    #: Whether the other end wants to hear us; it does not on hold.
    sends: bool


def offer(host: str, port: int) -> SdpMessage:
    """Both laws and keys, as the hotline calls."""
    session = build_sdp(host, port, ALAW, _LAWS[ALAW], dtmf_payload_type=_KEYS)
    media = session.media[0]
    media.formats.insert(1, str(ULAW))
    media.attributes["rtpmap"].insert(1, f"{ULAW} {_LAWS[ULAW]}/8000")
    return session


def answer(offered: SdpMessage, host: str, port: int) -> tuple[SdpMessage, Agreed]:
    """The answer to an offer, and what is agreed on with it.

    Raises:
        NoCommonAudio: neither law is offered, or no address to send to.
    """
    named, offered = offered, _of_plain_audio(offered)
    keys_as = _keys_of(offered)
    try:
        answered, law = negotiate_sdp(
            offered, host, port, supported_codecs=[ALAW, ULAW], dtmf_payload_type=max(0, keys_as)
        )
    except (ValueError, SdpNegotiationError) as error:
        raise NoCommonAudio(str(error)) from error
    for media, asked_for in zip(answered.media, named.media, strict=True):
        media.media = asked_for.media
        if "ptime" in media.attributes:
            media.attributes["ptime"] = ["20"]
    return answered, Agreed(_address(offered, host), law, keys_as, _hears(offered))


def agreed(answered: SdpMessage, host: str) -> Agreed:
    """What is agreed on by the answer to our offer of audio at `host`.

    Raises:
        NoCommonAudio: it takes neither law, or names no address.
    """
    answered = _of_plain_audio(answered)
    audio = answered.audio
    laws = [codec.payload_type for codec in audio.codecs if codec.payload_type in _LAWS] if audio else []
    if not laws:
        raise NoCommonAudio("the answer takes neither law")
    return Agreed(_address(answered, host), laws[0], _keys_of(answered), _hears(answered))


def read(text: str) -> SdpMessage:
    """A description as it was sent.

    Raises:
        NoCommonAudio: it is malformed.
    """
    try:
        return parse_sdp(text)
    except (ValueError, IndexError, KeyError) as error:
        raise NoCommonAudio(f"malformed: {error}") from error


def _of_plain_audio(session: SdpMessage) -> SdpMessage:
    """The same with the first audio that can be taken as its only one. A direction of the session is that of its audio.

    Audio that is encrypted is none: it would be noise for both ends.
    """
    taken = next((one for one in session.media if one.media == "audio" and one.port and one.proto in _PLAIN), None)
    of_all = {one: list[str]() for one in _DIRECTIONS if one in session.attributes}
    media = []
    for one in session.media:
        kind = one.media if one.media != "audio" or one is taken else "other"
        own = any(direction in one.attributes for direction in _DIRECTIONS)
        media.append(replace(one, media=kind, attributes=one.attributes if own else one.attributes | of_all))
    return replace(session, media=media)


def _keys_of(session: SdpMessage) -> int:
    for codec in session.audio.codecs if session.audio else ():
        if codec.encoding_name.lower() == "telephone-event" and codec.clock_rate in (0, 8000):
            return codec.payload_type
    return NO_KEYS


def _address(session: SdpMessage, ours: str) -> tuple[str, int]:
    address = session.rtp_address
    if address is None or not 0 < address[1] < 65536:
        raise NoCommonAudio("no address to send audio to")
    try:
        host = ipaddress.ip_address(address[0])
    except ValueError as error:
        raise NoCommonAudio("an address for audio that is none") from error
    if host.is_multicast:
        raise NoCommonAudio("audio to many is not sent")
    if host.version != ipaddress.ip_address(ours).version:
        raise NoCommonAudio("audio between IPv4 and IPv6 is not sent")
    return str(host), address[1]


def _hears(session: SdpMessage) -> bool:
    """Whether the other end wants audio now. An old way to hold a call is the address 0.0.0.0."""
    audio = session.audio
    if audio is None or audio.direction in ("sendonly", "inactive"):
        return False
    address = session.rtp_address
    return address is not None and not ipaddress.ip_address(address[0]).is_unspecified
