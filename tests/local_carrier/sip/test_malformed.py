"""What somebody sends who means harm, or has a fault: nothing crashes, nothing is kept, calls go on."""

from __future__ import annotations

import logging
import random

import pytest

from ivr.local_carrier.lines import Line
from ivr.local_carrier.sip.peers import LONGEST_MESSAGE
from tests.support.telephones import HOST, OURS, RawPeer, description, desk, request
from tests.support.volume import volume
from tests.support.waiting import eventually

INVITE = request("INVITE", "x", body=description(4000))


def changed(old: str, new: str) -> str:
    assert old in INVITE
    return INVITE.replace(old, new, 1)


#: After the torture tests of RFC 4475, each made anew: what is tortuous but right, and what is wrong.
TORTURE = {
    "folded headers and odd spaces": changed("Max-Forwards: 70", "MaX-fOrWaRds   :  \n   70\nsubject:\n  long\n  one"),
    "compact headers": changed("From:", "f:").replace("To:", "t:").replace("Call-ID:", "i:").replace("Via:", "v:"),
    "escaped characters in addresses": changed(f"sip:{OURS}@{HOST} SIP", f"sip:%2B49%00%ff@{HOST} SIP"),
    "a branch that is only the cookie": changed("z9hG4bKx", "z9hG4bK"),
    "no branch": changed(";branch=z9hG4bKx", ""),
    "a method of characters that are allowed": INVITE.replace("INVITE", "!interesting-Method0123456789_*+`.%~"),
    "a method that nobody knows": INVITE.replace("INVITE", "NEWMETHOD"),
    "a very long header": changed("Max-Forwards: 70", "X-Long: " + "a" * 8000 + "\nMax-Forwards: 70"),
    "a long list of parameters": changed(";tag=f1", ";tag=f1" + ";p=1" * 1500),
    "very many headers": changed("Max-Forwards: 70", "\n".join(["X: 1"] * 1200)),
    "another scheme": changed(f"sip:{OURS}@{HOST} SIP", "nobodyKnowsThisScheme:totallyopaquecontent SIP"),
    "no length": INVITE.replace("Content-Length: ", "X-Length: "),
    "a length below zero": changed("Content-Length: ", "Content-Length: -"),
    "a length beyond the body": changed("Content-Length: ", "Content-Length: 9"),
    "a length of no number": changed("Content-Length: ", "Content-Length: nine"),
    "a sequence number that is too large": changed("CSeq: 1 ", "CSeq: 36893488147419103232 "),
    "a sequence number of no number": changed("CSeq: 1 ", "CSeq: one "),
    "another method in CSeq": changed("CSeq: 1 INVITE", "CSeq: 1 OPTIONS"),
    "no CSeq": changed("CSeq: 1 INVITE\n", ""),
    "no Call-ID": changed("Call-ID: c1@here\n", ""),
    "no From": changed("From: ", "X-From: "),
    "no To": changed("To: ", "X-To: "),
    "no Via": changed("Via: ", "X-Via: "),
    "two of each": INVITE.replace("Max-Forwards", "From: <sip:b@c>;tag=2\nTo: <sip:d@e>\nCSeq: 5 BYE\nMax-Forwards"),
    "quotes that never end": changed("From: <", 'From: "Mr. J. User <'),
    "brackets that never end": changed(f"<sip:{OURS}@{HOST}>", f"<sip:{OURS}@{HOST}"),
    "a date of nonsense": changed("Max-Forwards: 70", "Date: Fri, 01 Jan 2010 16:00:00 EST\nExpires: 0 0l@company.com"),
    "a version of tomorrow": changed("SIP/2.0\n", "SIP/7.0\n"),
    "spaces in the request line": changed(f"sip:{OURS}@{HOST} SIP/2.0", f"sip:{OURS}@{HOST};  lr  SIP/2.0"),
    "no request line": INVITE.partition("\n")[2],
    "only spaces": " \n \n",
    "only zeros": "\0" * 200,
    "a response to nothing": "SIP/2.0 200 OK\n" + INVITE.partition("\n")[2],
    "a response of a huge status": "SIP/2.0 4294967301 better not break the receiver\n" + INVITE.partition("\n")[2],
    "a response of no status": "SIP/2.0\n" + INVITE.partition("\n")[2],
    "a description of another kind": changed("application/sdp", "application/unknown"),
    "a description without audio": INVITE.partition("m=audio")[0],
    "audio to everybody": INVITE.replace(f"IN IP4 {HOST}\nt=", "IN IP4 224.0.0.1\nt="),
    "audio at port 0": changed("m=audio 4000", "m=audio 0"),
    "audio at no port": changed("m=audio 4000", "m=audio none"),
    "an own tag without a call": INVITE.replace(f"To: <sip:{OURS}@{HOST}>", f"To: <sip:{OURS}@{HOST}>;tag=nobody"),
    "required extensions": changed("Max-Forwards: 70", "Require: nothingSupportsThis\nProxy-Require: noProxiesEither"),
    "an empty ACK": request("ACK", "y", tag="nobody"),
    "a CANCEL of nothing": request("CANCEL", "y"),
    "a BYE to nothing": request("BYE", "y", tag="nobody"),
    "a log-in of nonsense": changed("Max-Forwards: 70", 'Authorization: Digest username="x, uri=, nonce=\nX: 7'),
}  # fmt: skip


def hangs_up(line: Line) -> None:
    line.wait(0)


def is_well(us: object, address: tuple[str, int]) -> bool:
    """Whether the station still answers."""
    with RawPeer(address) as peer:
        peer.send(request("OPTIONS", "well"))
        return bool(peer.answers(until=" 200 "))


@pytest.mark.parametrize("name", TORTURE)
def test_a_tortuous_message_does_no_harm(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), desk(hangs_up) as us, RawPeer(us.address) as peer:
        peer.send(TORTURE[name])
        assert is_well(us, us.address)
    assert not caplog.records, caplog.text


def test_a_message_that_is_too_long_gets_no_answer() -> None:
    with desk(hangs_up) as us, RawPeer(us.address) as peer:
        peer.send(INVITE.replace("Max-Forwards", "X: " + "a" * LONGEST_MESSAGE + "\nMax-Forwards"))
        assert peer.answers(0.3) == []
        assert us.station.peers.dropped["too long"] == 1


@pytest.mark.soak
def test_random_damage_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(11)
    messages = [one.encode() for one in TORTURE.values() if "{host}" in one]
    with caplog.at_level(logging.ERROR), desk(hangs_up) as us, RawPeer(us.address) as peer:
        us.station.peers.takes_call = lambda peer: True  # type: ignore[method-assign]
        us.station.peers._messages = {us.peer.name: type(us.station.peers._messages[us.peer.name])(1e9, 1e9)}
        receive = us.station.wire.receive
        for number in range(volume(test=500, soak=10_000)):
            data = bytearray(
                chance.choice(messages).replace(b"{host}", HOST.encode()).replace(b"{port}", str(peer.port).encode())
            )
            for _ in range(chance.randrange(1, 12)):
                at = chance.randrange(len(data))
                match chance.randrange(4):
                    case 0:
                        data[at] = chance.randrange(256)
                    case 1:
                        del data[at : at + chance.randrange(40)]
                    case 2:
                        data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(20)))
                    case _:
                        data[at:at] = data[at : at + chance.randrange(200)]
            us.station.do(lambda data=bytes(data): receive(data, (HOST, peer.port)))
            if number % 50 == 0:
                assert is_well(us, us.address)
        for call in list(us.station.calls.values()):
            us.station.do(call.line.hang_up)
        eventually(us.is_idle)
    assert not us.station.peers.dropped["failed"]
    assert not caplog.records, caplog.text[:2000]


def test_random_audio_does_no_harm() -> None:
    chance = random.Random(12)
    heard: list[int] = []

    def listens(line: Line) -> None:
        heard.append(len(line.record(30, "#", 30, beep=False).samples))

    with desk(listens) as us, RawPeer(us.address) as peer, RawPeer(us.address) as audio:
        peer.send(request("INVITE", "a", body=description(audio.port)))
        answer = peer.answers(until=" 200 ")[-1]
        tag = answer.partition("\r\nTo:")[2].partition("tag=")[2].partition("\r\n")[0]
        peer.send(request("ACK", "b", tag=tag))
        (call,) = us.station.calls.values()
        for number in range(1000):
            data = bytearray(bytes.fromhex("8008") + number.to_bytes(2) + bytes(4) + b"abcd" + bytes(160))
            for _ in range(chance.randrange(4)):
                data[chance.randrange(14)] = chance.randrange(256)
            data = data[: chance.randrange(len(data) + 1)]
            us.station.do(lambda data=bytes(data): call.port.datagram_received(data, (HOST, audio.port)))
        eventually(lambda: sum(call.port.counts[one] for one in ("received", "malformed")) == 1000)
        peer.send(request("BYE", "c", tag=tag))
        eventually(lambda: heard)
    assert heard[0] < 60 * 8000, "a leap in time makes no endless recording"
