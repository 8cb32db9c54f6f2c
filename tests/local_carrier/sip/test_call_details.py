"""Who calls, and which number was dialled, by the headers of a call."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiosipua.message import SipMessage, SipRequest

from ivr.domain.enums import DialledFrom, NumberFrom
from ivr.local_carrier.sip import call_details
from ivr.local_carrier.sip.peers import Bucket, Peer, Peers

PBX = Peer("pbx", "192.0.2.1")
OWN = frozenset({"+494211782666", "+494211782667"})


def invite(*headers: str, uri: str = "sip:+494211782666@hotline") -> SipRequest:
    text = "\r\n".join([f"INVITE {uri} SIP/2.0", "Via: SIP/2.0/UDP h;branch=z9hG4bKx", *headers, "", ""])
    message = SipMessage.parse(text)
    assert isinstance(message, SipRequest)
    return message


FROM = 'From: "Ada" <sip:0421555123@pbx>;tag=1'


@pytest.mark.parametrize(
    ("headers", "number_from", "number"),
    [
        ([FROM], "p-asserted-identity", "+49421555123"),
        ([FROM, "P-Asserted-Identity: <sip:+4915112345678@pbx>"], "p-asserted-identity", "+4915112345678"),
        ([FROM, "P-Asserted-Identity: <tel:+4915112345678>"], "p-asserted-identity", "+4915112345678"),
        ([FROM, "P-Asserted-Identity: <sip:+4915112345678@pbx>"], "from", "+49421555123"),
        ([FROM, "Remote-Party-ID: <sip:015112345678@pbx>;party=calling"], "remote-party-id", "+4915112345678"),
        ([FROM, "Remote-Party-ID: <sip:015112345678@pbx>;privacy=full"], "remote-party-id", "anonymous"),
        ([FROM, "P-Asserted-Identity: <sip:+4915112345678@pbx>", "Privacy: id"], "p-asserted-identity", "anonymous"),
        ([FROM, "Privacy: none"], "from", "+49421555123"),
        ([FROM, "Privacy: header;user"], "from", "anonymous"),
        (["From: <sip:anonymous@anonymous.invalid>;tag=1"], "from", "anonymous"),
        (["From: <sip:reception@pbx>;tag=1"], "from", "anonymous"),
        (["From: <sip:123@pbx>;tag=1"], "from", "123"),
        (["From: <sip:%2B49421555123@pbx>;tag=1"], "from", "+49421555123"),
        (["From: <sip:+49421555123:secret@pbx>;tag=1"], "from", "+49421555123"),
        (["From: <sip:421555123;phone-context=+49@pbx;user=phone>;tag=1"], "from", "+49421555123"),
        ([FROM, "P-Asserted-Identity: <tel:555123;phone-context=+49421>"], "p-asserted-identity", "+49421555123"),
    ],
)
def test_the_number_of_a_caller(headers: list[str], number_from: str, number: str) -> None:
    peer = replace(PBX, number_from=NumberFrom(number_from))
    assert call_details.caller(invite(*headers), peer) == number


@pytest.mark.parametrize(
    ("uri", "headers", "dialled_from", "number"),
    [
        ("sip:+494211782667@hotline", [], "request-uri", "+494211782667"),
        ("sip:2667@hotline", [], "request-uri", "+494211782667"),
        ("sip:hotline@hotline", [], "request-uri", "+494211782666"),
        ("sip:66@hotline", ["To: <sip:04211782667@x>"], "to", "+494211782667"),
        ("sip:x@hotline", ["Diversion: <sip:99@x>", "Diversion: <sip:04211782667@x>"], "diversion", "+494211782667"),
        (
            "sip:x@hotline",
            ["History-Info: <sip:+494211782667@x?Reason=SIP%3Bcause%3D302>;index=1, <sip:x@hotline>;index=1.1"],
            "diversion",
            "+494211782667",
        ),
    ],
)
def test_the_number_that_was_dialled(uri: str, headers: list[str], dialled_from: str, number: str) -> None:
    peer = replace(PBX, dialled_from=DialledFrom(dialled_from))
    assert call_details.dialled(invite(FROM, *headers, uri=uri), peer, OWN, "+494211782666") == number


def test_who_has_passed_a_call_on_last_is_told() -> None:
    assert call_details.forwarded_by(invite(FROM)) == ""
    passed = invite(FROM, "Diversion: <sip:0421555200@x>;reason=unconditional", "Diversion: <sip:0421555100@x>")
    assert call_details.forwarded_by(passed) == "+49421555200"


def test_peers_are_known_by_address_network_and_name() -> None:
    names = {"pbx.example": {"192.0.2.9"}}
    peers = Peers(
        [PBX, Peer("house", "10.1.0.0/16"), Peer("trunk", "pbx.example"), Peer("six", "2001:db8::1")],
        look_up=lambda name: names.get(name, set()),
    )
    assert peers.of("192.0.2.9") is None
    peers.look_up()
    found = {host: peer.name if (peer := peers.of(host)) else None for host in (
        "192.0.2.1", "192.0.2.2", "10.1.2.3", "10.2.0.1", "192.0.2.9", "2001:db8::1", "no address")}  # fmt: skip
    assert found == {"192.0.2.1": "pbx", "192.0.2.2": None, "10.1.2.3": "house", "10.2.0.1": None,
                     "192.0.2.9": "trunk", "2001:db8::1": "six", "no address": None}  # fmt: skip


def test_a_bucket_lets_a_burst_pass_and_then_its_rate() -> None:
    now = [0.0]
    bucket = Bucket(2, 3, now=lambda: now[0])
    assert [bucket.takes() for _ in range(4)] == [True, True, True, False]
    now[0] = 1.0
    assert [bucket.takes() for _ in range(3)] == [True, True, False]
