"""Telephones and networks that behave in ways the standards allow, or nearly: calls are heard, held and ended right."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from ivr.audio.wav import Samples
from ivr.local_carrier.lines import HungUp, KeyEntry, Line, RecordedSpeech
from ivr.local_carrier.sip.calls import Call
from ivr.local_carrier.sip.g711 import A_LAW, MU_LAW
from ivr.local_carrier.sip.peers import Peer, Peers
from ivr.local_carrier.sip.rtp_port import ALAW, ULAW
from ivr.local_carrier.sip.scripted_phone import ScriptedPhone
from ivr.local_carrier.sip.sip_line import SipLine
from ivr.local_carrier.sip.station import Socket, Station
from tests.local_carrier.sip.test_signalling import statuses, tag_of, waits
from tests.local_carrier.sip.test_trunk import OUTSIDE, calling, outside
from tests.support.speech import human_speech
from tests.support.telephones import HOST, OURS, Desk, RawPeer, description, desk, likeness, request, utterance
from tests.support.waiting import eventually

SPEECH = human_speech(2.0)
LAWS = {ULAW: MU_LAW, ALAW: A_LAW}


def plays(line: Line) -> None:
    line.hear(utterance(SPEECH), interruptible=False)


def offered(*media: str, session: str = "") -> str:
    return f"v=0\no=- 1 1 IN IP4 {HOST}\ns=-\nc=IN IP4 {HOST}\nt=0 0\n{session}" + "".join(media)


def hears(audio: RawPeer, seconds: float) -> Samples:
    """What a telephone's socket hears, decoded by the law that each packet names."""
    heard, until = b"", time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        audio.socket.settimeout(left)
        try:
            packet = audio.socket.recv(2000)
        except TimeoutError:
            break
        heard += LAWS[packet[1] & 127].decode(packet[12:])
    return np.frombuffer(heard, "<i2")


def call_of(us: Desk) -> Call:
    (call,) = eventually(lambda: list(us.station.calls.values()))
    eventually(lambda: call.port.remote)
    return call


def within(message: str, number: int) -> str:
    """A request with this sequence number."""
    return re.sub(r"CSeq: \d+", f"CSeq: {number}", message)


def packet(number: int, timestamp: int, payload: bytes, kind: int = ALAW, first: bool = False) -> bytes:
    head = bytes([0x80, kind | (0x80 if first else 0)]) + number.to_bytes(2, "big")
    return head + (timestamp % 2**32).to_bytes(4, "big") + bytes([0, 0, 0, 7]) + payload


# -- descriptions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "INFO"])
def test_what_requires_an_extension_that_is_not_known_is_refused_by_its_name(method: str) -> None:
    with desk(plays) as us, RawPeer(us.address) as peer:
        more = "Require: timer, Replaces\nRequire: gruu\n"
        peer.send(request(method, "a", more, description(peer.port) if method == "INVITE" else ""))
        answer = peer.answers(until="SIP/2.0 4")[-1]
        assert answer.startswith("SIP/2.0 420 ")
        assert "Unsupported: gruu, replaces" in answer
        peer.send(request("OPTIONS", "b", call_id="c2@here"))
        assert statuses(peer.answers(until=" 200 ")) == ["200"]
        assert us.station.calls == {}


def test_who_requires_that_ringing_is_acknowledged_is_answered_without_ringing() -> None:
    with desk(plays) as us, RawPeer(us.address) as peer:
        peer.send(request("INVITE", "a", "Require: 100rel\n", description(peer.port)))
        answers = peer.answers(until=" 200 ")
        assert set(statuses(answers)) <= {"100", "200"}
        peer.send(request("ACK", "b", "Require: nothing-we-know\n", tag=tag_of(answers[-1])))
        call_of(us)
        peer.send(request("BYE", "c", tag=tag_of(answers[-1])))
        assert statuses(peer.answers(until="BYE"))[-1] == "200"


def test_a_hold_that_is_said_of_the_whole_session_is_one() -> None:
    with desk(waits) as us, RawPeer(us.address) as peer, RawPeer(us.address) as audio:
        peer.send(request("INVITE", "a", body=offered(f"m=audio {audio.port} RTP/AVP 8\n", session="a=sendonly\n")))
        answer = peer.answers(until=" 200 ")[-1]
        assert "a=recvonly" in answer
        peer.send(request("ACK", "b", tag=tag_of(answer)))
        call_of(us)
        assert not audio.answers(0.3)
        peer.send(request("BYE", "c", tag=tag_of(answer)))


@pytest.mark.parametrize("kind", ["application/sdp; charset=UTF-8", "Application/SDP", "multipart/mixed; boundary=x"])
def test_a_description_is_found_however_it_is_sent(kind: str) -> None:
    with desk(waits) as us, RawPeer(us.address) as peer, RawPeer(us.address) as audio:
        body = description(audio.port)
        if "boundary" in kind:
            body = f"--x\nContent-Type: application/isup\n\n0x01\n--x\nContent-Type: application/sdp\n\n{body}--x--\n"
        peer.send(request("INVITE", "a", f"Content-Type: {kind}\n", body))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        peer.send(request("ACK", "b", tag=tag))
        assert audio.answers(until="\ufffd"), "the call is heard"
        peer.send(request("BYE", "c", tag=tag))


ENCRYPTED = "m=audio 4000 RTP/SAVP 8\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewky\n"


@pytest.mark.parametrize(
    "media",
    [
        ENCRYPTED,
        "m=audio 4000 UDP/TLS/RTP/SAVPF 8\na=setup:actpass\n",
        "m=audio 4000 RTP/AVP 8\nc=IN IP6 2001:db8::1\n",
        "m=audio 4000 RTP/AVP 13\n",
        "m=image 4000 udptl t38\n",
    ],
)
def test_audio_that_nobody_would_understand_is_refused(media: str) -> None:
    with desk(waits) as us, RawPeer(us.address) as peer:
        peer.send(request("INVITE", "a", body=offered(media)))
        assert statuses(peer.answers(until=" 488 "))[-1] == "488"
        peer.send(request("ACK", "a", tag="x"))
        assert not us.taken


@pytest.mark.parametrize(
    "before", [ENCRYPTED, "m=audio 0 RTP/AVP 8\n", "m=video 4002 RTP/AVP 96\na=rtpmap:96 H264/90000\n"]
)
def test_of_several_media_the_plain_audio_is_taken(before: str) -> None:
    with desk(waits) as us, RawPeer(us.address) as peer, RawPeer(us.address) as audio:
        peer.send(request("INVITE", "a", body=offered(before, f"m=audio {audio.port} RTP/AVP 8\n")))
        answer = peer.answers(until=" 200 ")[-1]
        first, second = re.findall(r"^m=.*", answer, re.MULTILINE)
        assert first.split()[:2] == [before.split()[0], "0"], "answered in its place"
        assert second.split()[0] == "m=audio" and second.split()[1] != "0"
        peer.send(request("ACK", "b", tag=tag_of(answer)))
        assert audio.answers(until="\ufffd")
        peer.send(request("BYE", "c", tag=tag_of(answer)))


def test_a_prompt_goes_on_in_the_law_that_is_agreed_on_meanwhile() -> None:
    with desk(plays) as us, RawPeer(us.address) as peer, RawPeer(us.address) as audio:
        peer.send(request("INVITE", "a", body=description(audio.port, laws="8 0 101")))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        peer.send(request("ACK", "b", tag=tag))
        heard = hears(audio, 0.5)
        peer.send(within(request("INVITE", "h", body=description(audio.port, laws="0 101"), tag=tag), 2))
        peer.answers(until="CSeq: 2 INVITE")
        peer.send(within(request("ACK", "ha", tag=tag), 2))
        heard = np.concatenate([heard, hears(audio, 2.5)])
        assert likeness(SPEECH.samples, heard) >= 0.98


def test_a_prompt_that_waits_for_a_late_answer_is_played_in_its_law() -> None:
    with desk(plays) as us, RawPeer(us.address) as peer, RawPeer(us.address) as audio:
        peer.send(request("INVITE", "a"))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        time.sleep(0.3)
        peer.send(request("ACK", "b", body=description(audio.port, laws="0 101"), tag=tag))
        assert likeness(SPEECH.samples, hears(audio, 3.0)) >= 0.98


# -- keys -------------------------------------------------------------------------------------------


def info(number: int, kind: str, body: str, tag: str) -> str:
    return within(request("INFO", f"i{number}", f"Content-Type: {kind}\n", body, tag), 2 + number)


def test_keys_by_info_are_read_in_all_the_ways_they_are_written() -> None:
    entries: list[KeyEntry] = []
    with desk(lambda line: entries.append(line.keys(5, "", 10))) as us, RawPeer(us.address) as peer:
        peer.send(request("INVITE", "a", body=description(peer.port, laws="8")))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        peer.send(request("ACK", "b", tag=tag))
        call_of(us)
        written = [
            ("application/dtmf-relay", "Signal=10\nDuration=160\n"), ("application/dtmf-relay", "Signal= 11\n"),
            ("application/dtmf-relay", "Signal=16\n"), ("application/dtmf", "10"), ("application/dtmf", "7"),
            ("application/dtmf-relay; charset=utf-8", "Signal=*\n"),
        ]  # fmt: skip
        for number, (kind, body) in enumerate(written):
            peer.send(info(number, kind, body, tag))
            peer.answers(until="INFO")
        peer.answers(until="BYE sip:")
    assert entries == [KeyEntry("*#*7*")]


def test_a_key_counts_once_that_is_told_twice_or_late() -> None:
    def key(number: int, timestamp: int, event: int, length: int, end: bool = False, first: bool = False) -> bytes:
        payload = bytes([event, 0x8A if end else 10]) + length.to_bytes(2, "big")
        return packet(number, timestamp, payload, 101, first)

    entries: list[KeyEntry] = []
    with (
        desk(lambda line: entries.append(line.keys(3, "", 10))) as us,
        RawPeer(us.address) as peer,
        RawPeer(us.address) as audio,
    ):
        peer.send(request("INVITE", "a", body=description(audio.port)))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        peer.send(request("ACK", "b", tag=tag))
        call = call_of(us)
        audio._address = call.port.local
        for one in [key(1, 1000, 1, 160, first=True), key(2, 1000, 1, 480, end=True)]:
            audio.send(one)
        eventually(lambda: call.port.counts["received"] == 2)
        peer.send(info(0, "application/dtmf-relay", "Signal=1\nDuration=160\n", tag))  # a telephone that tells both
        peer.answers(until="INFO")
        late = key(3, 1000, 1, 480, end=True)
        for one in [key(5, 3000, 2, 160, first=True), late, key(6, 3000, 2, 320), late, key(7, 3000, 2, 480, end=True)]:
            audio.send(one)
        audio.send(key(8, 5000, 2, 160, first=True))
        peer.answers(until="BYE sip:")
    assert entries == [KeyEntry("122")]


# -- audio ------------------------------------------------------------------------------------------


def test_who_was_heard_first_does_not_keep_the_negotiated_port_away() -> None:
    """What a telephone system still sends of a call before may come from another port."""
    speech: list[RecordedSpeech] = []

    def records(line: Line) -> None:
        speech.append(line.record(30, "#", 3, beep=False))

    with desk(records) as us, RawPeer(us.address) as peer, RawPeer(us.address) as audio, RawPeer(us.address) as stray:
        peer.send(request("INVITE", "a", body=description(audio.port)))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        peer.send(request("ACK", "b", tag=tag))
        call = call_of(us)
        audio._address = stray._address = call.port.local
        time.sleep(0.2)
        stray.send(packet(9, 9, b"\xd5" * 160))
        eventually(lambda: call.port.counts["received"])
        encoded = A_LAW.encode(SPEECH.samples.astype("<i2").tobytes())
        for at in range(0, len(encoded), 160):
            audio.send(packet(100 + at // 160, 8000 + at, encoded[at : at + 160]))
            time.sleep(0.02)
        peer.answers(15, until="BYE sip:")
    assert likeness(SPEECH.samples, speech[0].samples) >= 0.98


@pytest.mark.parametrize(("status", "goes_on"), [("200 OK", True), ("405 No", True), ("481 None", False)])
def test_a_telephone_that_sends_nothing_is_asked_before_its_call_is_ended(
    status: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many send nothing, or one packet of comfort noise, while nobody speaks."""
    monkeypatch.setattr("ivr.local_carrier.sip.station._WATCHED_EVERY", 0.1)
    with desk(waits) as us, RawPeer(us.address) as peer, RawPeer(us.address) as audio:
        us.station.calls.silent_for = 0.3
        peer.send(request("INVITE", "a", body=description(audio.port)))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        peer.send(request("ACK", "b", tag=tag))
        asked = peer.answers(until="OPTIONS sip:")[-1]
        assert f"tag={tag}" in asked, "within the call"
        us.station.calls.silent_for = 60
        kept = [one for one in asked.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", one)]
        peer.send("\r\n".join([f"SIP/2.0 {status}", *kept, "Content-Length: 0", "", ""]).encode())
        if goes_on:
            call = call_of(us)
            eventually(lambda: time.monotonic() - call.port.heard_at < 0.3)
            assert not us.ended
            peer.send(within(request("BYE", "c", tag=tag), 3))
        eventually(lambda: us.ended == ["them"])


# -- signalling -------------------------------------------------------------------------------------


def test_calls_that_are_refused_before_they_ring_leave_nothing() -> None:
    with desk(waits) as us, RawPeer(us.address) as peer:
        broken = description(peer.port).replace("m=audio", "m=audio x")
        for name, more, body in [("m", "", broken), ("n", "Session-Expires: 10\n", description(peer.port))]:
            peer.send(request("INVITE", name, more, body, call_id=name))
            assert statuses(peer.answers(until="SIP/2.0 4"))[-1] in ("400", "422")
            peer.send(request("ACK", name, tag="x", call_id=name))
        eventually(lambda: not us.station.agent.transactions._server)


@pytest.mark.parametrize(("supported", "timed"), [("", False), ("Supported: 100rel, timer\n", True)])
def test_who_cannot_confirm_a_session_is_not_expected_to(supported: str, timed: bool) -> None:
    """It would be hung up after half an hour, in the middle of a conversation."""
    with desk(waits) as us, RawPeer(us.address) as peer:
        peer.send(request("INVITE", "a", f"Allow: INVITE, ACK, BYE, CANCEL\n{supported}", description(peer.port)))
        answer = peer.answers(until=" 200 ")[-1]
        assert ("Session-Expires" in answer) == timed
        peer.send(request("ACK", "b", tag=tag_of(answer)))
        peer.send(request("BYE", "c", tag=tag_of(answer)))


@pytest.mark.parametrize("method", ["OPTIONS", "REFER", "SUBSCRIBE", "MESSAGE"])
def test_an_answer_within_a_call_has_the_tag_of_the_call_and_no_other(method: str) -> None:
    with desk(waits) as us, RawPeer(us.address) as peer:
        peer.send(request("INVITE", "a", body=description(peer.port)))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        peer.send(request("ACK", "b", tag=tag))
        peer.send(request(method, "x", tag=tag))
        answer = peer.answers(until=f"2 {method}")[-1]
        assert re.findall(r"tag=([\w.-]+)", re.findall(r"^To:.*", answer, re.MULTILINE)[0]) == [tag]
        peer.send(within(request("BYE", "c", tag=tag), 3))


class Gateway(RawPeer):
    """A telephone system that the hotline calls through: it answers by a test's word."""

    def gets(self, method: str, seconds: float = 5.0) -> str:
        """The next request of a method; empty if none comes."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data, self._address = self.socket.recvfrom(65_535)
            except TimeoutError:
                break
            if data.startswith(method.encode()):
                return data.decode()
        return ""

    def says(self, asked: str, status: str, tag: str, body: str = "") -> None:
        kept = [one for one in asked.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", one)]
        kept = [f"{one};tag={tag}" if one.startswith("To:") and "tag=" not in one else one for one in kept]
        kind = ["Content-Type: application/sdp"] if body else []
        contact = f"Contact: <sip:{tag}@{HOST}:{self.port}>"
        lines = [f"SIP/2.0 {status}", *kept, contact, *kind, "", body.replace("\n", "\r\n")]
        self.send("\r\n".join(lines).encode())


def calls_out(gateway: Gateway, does: Callable[[ScriptedPhone, list[object]], None], *others: Peer) -> None:
    caller, ended = calling(outside("gateway", gateway.port), *others), list[object]()
    thread = threading.Thread(target=lambda: ended.append(caller.dials(OUTSIDE, timeout=10)), daemon=True)
    thread.start()
    try:
        does(caller, ended)
    finally:
        caller.close()
        thread.join(10)


def test_of_several_telephones_that_ring_the_first_answer_has_the_call() -> None:
    """A forking proxy lets each of them answer with a tag of its own (RFC 3261, 13.2.2.4)."""
    with Gateway((HOST, 9)) as gateway:

        def fork(caller: ScriptedPhone, ended: list[object]) -> None:
            invite = gateway.gets("INVITE")
            gateway.says(invite, "180 Ringing", "first")
            gateway.says(invite, "200 OK", "second", description(gateway.port))
            assert "tag=second" in gateway.gets("ACK sip:second@")
            gateway.says(invite, "200 OK", "third", description(gateway.port))
            assert "tag=third" in gateway.gets("ACK sip:third@"), "who answers too late is told so"
            bye = gateway.gets("BYE sip:third@")
            assert "tag=third" in bye
            gateway.says(bye, "200 OK", "third")
            line = eventually(lambda: ended)[0]
            assert isinstance(line, SipLine)
            line.over("caller")
            assert "tag=second" in gateway.gets("BYE sip:second@"), "the call goes on, and ends, with who has it"

        calls_out(gateway, fork)


def test_a_call_that_was_placed_is_held_by_an_update_too() -> None:
    with Gateway((HOST, 9)) as gateway:

        def holds(caller: ScriptedPhone, ended: list[object]) -> None:
            invite = gateway.gets("INVITE")
            gateway.says(invite, "200 OK", "them", description(gateway.port))
            gateway.gets("ACK")
            line = eventually(lambda: ended)[0]
            assert isinstance(line, SipLine)
            eventually(lambda: caller.station.calls)
            ours, call_id = (str(re.findall(rf"{name}: (.*)\r", invite)[0]) for name in ("From", "Call-ID"))
            update = request("UPDATE", "u", body=description(gateway.port, "sendonly"), call_id=call_id)
            update = re.sub(r"From: .*", f"From: <sip:{OUTSIDE}@{HOST}>;tag=them", update)
            gateway.send(re.sub(r"To: .*", f"To: {ours}", update))
            answer = gateway.gets("SIP/2.0")
            assert answer.startswith("SIP/2.0 200") and "a=recvonly" in answer
            assert not line.port.sends
            line.over("caller")

        calls_out(gateway, holds)


def test_a_number_that_has_rung_is_not_rung_again_through_the_next_peer() -> None:
    """A proxy says 408 when nobody answers; a peer that is away says nothing at all."""
    with Gateway((HOST, 9)) as gateway, Gateway((HOST, 9)) as other:

        def rings(caller: ScriptedPhone, ended: list[object]) -> None:
            invite = gateway.gets("INVITE")
            gateway.says(invite, "180 Ringing", "them")
            gateway.says(invite, "408 Request Timeout", "them")
            assert eventually(lambda: ended) == ["no-answer"]
            assert not other.gets("INVITE", 0.3)

        calls_out(gateway, rings, outside("other", other.port))


def test_a_system_that_sends_from_any_port_is_hung_up_where_it_listens() -> None:
    with desk(plays) as us, RawPeer(us.address) as peer, RawPeer(us.address) as sender:
        invite = request("INVITE", "a", body=description(peer.port, laws="8")).replace(";rport", "")
        sender.send(invite.replace("{port}", str(peer.port)))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        sender.send(request("ACK", "b", tag=tag).replace(";rport", "").replace("{port}", str(peer.port)))
        assert peer.answers(until="BYE sip:")[-1].startswith("BYE sip:caller@")


# -- addresses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "reached"), [(4, "203.0.113.9"), (6, "2001:db8::5")])
def test_of_the_addresses_of_a_name_those_count_that_can_be_sent_to(version: int, reached: str) -> None:
    trunk = Peer("trunk", "sip.trunk.example", calls_out=True)
    peers = Peers([trunk], lambda name: {"2001:db8::5", "203.0.113.9"})
    peers.look_up()
    peers.version = version
    assert peers.reached_at(trunk) == (reached, 5060)


def test_a_telephone_system_is_itself_and_not_the_network_around_it() -> None:
    """The network may be trusted for less: without a password, or with another header."""
    around, system = Peer("around", "192.0.2.0/24"), Peer("system", "192.0.2.7", username="a", password="b")
    peers = Peers([around, system])
    assert peers.of("192.0.2.7") is system
    assert peers.of("192.0.2.8") is around


def test_a_name_that_was_not_found_at_the_start_is_sought_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name server of a host that has just started is often not there yet."""
    now, found = [1000.0], [set[str](), {"203.0.113.9"}]
    monkeypatch.setattr("ivr.local_carrier.sip.peers.time.monotonic", lambda: now[0])
    asked: list[str] = []
    peers = Peers([Peer("trunk", "sip.trunk.example")], lambda name: asked.append(name) or found[len(asked) - 1])
    peers.look_up()
    assert peers.of("203.0.113.9") is None
    now[0] += 5
    peers.look_up()
    assert len(asked) == 1, "not at each look"
    now[0] += 15
    peers.look_up()
    assert peers.of("203.0.113.9") is not None
    now[0] += 20
    peers.look_up()
    assert len(asked) == 2, "one that is known is looked up seldom"


def test_calls_come_and_go_over_ipv6() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as free:
        try:
            free.bind(("::1", 0))
        except OSError:
            pytest.fail("this machine has no IPv6 address of its own")
    taken: list[str] = []

    def takes(line: Line, number: str, fields: object, dialled: str) -> None:
        taken.append(dialled)
        try:
            waits(line)
        except HungUp:
            line.over("caller")

    where = Socket("::1", 0, first_rtp=30_000, last_rtp=39_999, own_numbers=frozenset({OURS}), usual_number=OURS)
    station = Station(where, Peers([Peer("this machine", "::1")]), takes)  # type: ignore[arg-type]
    station.start()
    caller = ScriptedPhone(("::1", station.wire.local_addr[1]), host="::1")
    try:
        assert caller.peer.host == "[::1]"
        line = caller.dials(OURS)
        assert isinstance(line, SipLine)
        eventually(lambda: line.port.counts["received"] > 5)
        line.over("caller")
        eventually(lambda: not station.calls)
        assert taken == [OURS]
    finally:
        caller.close()
        station.stop()
