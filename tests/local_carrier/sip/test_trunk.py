"""Calls that the hotline places over SIP: failures, the next peer, log-ins and registrations."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ivr.domain.enums import CallerIdIn
from ivr.local_carrier.call import Ringing
from ivr.local_carrier.lines import Line
from ivr.local_carrier.sip.peers import Peer
from ivr.local_carrier.sip.scripted_phone import ScriptedPhone
from ivr.local_carrier.sip.sip_line import SipLine
from ivr.local_carrier.sip.trunk import Trunk
from tests.support.servers import free_port
from tests.support.telephones import HOST, OURS, RawPeer, description, desk, phone, request
from tests.support.waiting import eventually

OUTSIDE = "+4942155500123"


def waits(line: Line) -> None:
    while True:
        line.wait(1)


@contextmanager
def answers(reply: Callable[[str, int], str | None]) -> Iterator[tuple[int, list[str]]]:
    """A peer that answers each request with the lines that `reply` returns for it and for how many came before."""
    asked: list[str] = []
    with RawPeer((HOST, 9)) as peer:

        def serve() -> None:
            while True:
                try:
                    data, source = peer.socket.recvfrom(65_535)
                except OSError:
                    return
                text = data.decode()
                answer = reply(text, len(asked))
                asked.append(text)
                if answer is not None:
                    kept = [one for one in text.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", one)]
                    status, *more = answer.split("\n")
                    body = "\r\n".join([f"SIP/2.0 {status}", *kept, *more, "Content-Length: 0", "", ""])
                    peer.socket.sendto(body.encode(), source)

        threading.Thread(target=serve, daemon=True).start()
        yield peer.port, asked
        peer.socket.close()


def calling(*peers: Peer) -> ScriptedPhone:
    """A telephone that calls through these peers, in their order."""
    one = ScriptedPhone((HOST, 9), peer=peers[0])
    one.station.peers.__init__(peers)  # type: ignore[misc]
    one.trunk = Trunk(one.station, peers)
    one.station.wire.away_after = 0.7
    return one


def outside(name: str, port: int, **more: object) -> Peer:
    return Peer(name, HOST, port, calls_out=True, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (486, "busy"), (600, "busy"), (603, "busy"), (480, "no-answer"), (404, "failed"), (484, "failed"),
        (403, "failed"), (488, "failed"), (503, "failed"), (500, "failed"),
    ],
)  # fmt: skip
def test_each_failure_is_told_as_the_carrier_would(status: int, told: str) -> None:
    with answers(lambda text, _: f"{status} No" if text.startswith("INVITE") else None) as (port, asked):
        caller = calling(outside("trunk", port))
        answer = caller.dials(OUTSIDE)
        assert (answer, answer.sip) == (told, status)
        eventually(lambda: asked[-1].startswith("ACK"))  # refusals are acknowledged
        caller.close()


def test_the_next_peer_is_tried_when_one_is_away_or_cannot() -> None:
    with answers(lambda text, _: "503 Full" if text.startswith("INVITE") else None) as (port, asked), desk(waits) as us:
        caller = calling(outside("dead", free_port()), outside("full", port), outside("good", us.address[1]))
        line = caller.dials(OURS)
        assert isinstance(line, SipLine)
        assert sum(one.startswith("INVITE") for one in asked) == 1
        line.over("caller")
        eventually(us.is_idle)
        caller.close()


def test_a_busy_number_is_rung_through_one_peer_only() -> None:
    with answers(lambda text, _: "486 Busy" if text.startswith("INVITE") else None) as (port, _):
        caller = calling(outside("first", port), outside("second", free_port()))
        assert caller.dials(OUTSIDE) == "busy"
        caller.close()


def test_ringing_ends_after_its_time() -> None:
    def rings(text: str, _: int) -> str | None:
        return "180 Ringing" if text.startswith("INVITE") else "200 OK" if text.startswith("CANCEL") else None

    with answers(rings) as (port, asked):
        caller = calling(outside("trunk", port))
        began = time.monotonic()
        assert caller.dials(OUTSIDE, timeout=1) == "no-answer"
        assert time.monotonic() - began >= 1
        eventually(lambda: any(one.startswith("CANCEL") for one in asked))
        caller.close()


@pytest.mark.parametrize("right", [True, False])
def test_a_peer_with_a_password_is_challenged(right: bool) -> None:
    locked = Peer("pbx", HOST, username="pbx", password="correct horse")
    mine = Peer("hotline", HOST, 0, username="pbx", password="correct horse" if right else "wrong", calls_out=True)
    with desk(waits, locked) as us:
        caller = calling(Peer(**{**mine.__dict__, "port": us.address[1]}))
        answer = caller.dials(OURS)
        if isinstance(answer, SipLine):
            answer.over("caller")
        assert isinstance(answer, SipLine) == right
        assert len(us.taken) == right
        eventually(us.is_idle)
        caller.close()


def test_nobody_gets_past_the_password_as_if_they_were_in_a_call_already() -> None:
    """An INVITE of an unknown dialog is of no call (RFC 3261, 12.2.2)."""
    login = {"username": "pbx", "password": "correct horse"}  # pragma: allowlist secret
    with desk(waits, Peer("pbx", HOST, **login)) as us, RawPeer(us.address) as peer:
        peer.send(request("INVITE", "x", body=description(4000), tag="made-up"))
        (answer,) = peer.answers(5, until="481")
        assert answer.startswith("SIP/2.0 481"), answer
        assert not us.taken and us.is_idle()


def test_a_trunk_is_not_challenged_with_our_password_there() -> None:
    login = {"username": "kunde", "password": "geheim"}  # pragma: allowlist secret
    with desk(waits, Peer("trunk", HOST, calls_out=True, **login)) as us:
        caller = calling(outside("hotline", us.address[1]))
        line = caller.dials(OURS)
        assert isinstance(line, SipLine)
        line.over("caller")
        eventually(us.is_idle)
        caller.close()


def test_the_number_stands_where_the_peer_wants_it_also_behind_a_challenge() -> None:
    def challenges(text: str, _: int) -> str | None:
        if not text.startswith("INVITE"):
            return None
        return "404 No" if "uthorization:" in text else '407 Who\nProxy-Authenticate: Digest realm="r", nonce="n"'

    login = {"username": "kunde", "password": "geheim"}  # pragma: allowlist secret
    with answers(challenges) as (port, asked):
        caller = calling(outside("trunk", port, **login, caller_id_in=CallerIdIn.P_PREFERRED_IDENTITY))
        caller.trunk.call(OUTSIDE, Ringing("", OURS, 5))
        invites = [one for one in asked if one.startswith("INVITE")]
        assert len(invites) == 2
        for one in invites:
            assert f"P-Preferred-Identity: <sip:{OURS}@{HOST}>" in one
            assert f"From: <sip:kunde@{HOST}>" in one
        caller.close()


def test_a_registration_is_kept_and_taken_back() -> None:
    def registrar(text: str, count: int) -> str:
        if "uthorization:" not in text:
            return '401 Who\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'
        return "200 OK\nExpires: 1"

    with answers(registrar) as (port, asked):
        caller = calling(outside("trunk", port, username="kunde", password="geheim", registers=True))
        caller.trunk.start()
        eventually(lambda: len(asked) >= 6)  # refreshed before its second has passed, each time with a log-in
        caller.trunk.stop()
        eventually(lambda: "Expires: 0" in asked[-1] and "uthorization:" in asked[-1])
        caller.close()
    assert all(one.startswith("REGISTER") for one in asked)


def test_a_trunk_that_refuses_to_register_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.local_carrier.sip.trunk._AGAIN_AFTER", 0.2)
    with answers(lambda text, count: "403 No" if count < 2 else "200 OK\nExpires: 300") as (port, asked):
        caller = calling(outside("trunk", port, username="kunde", password="geheim", registers=True))
        caller.trunk.start()
        eventually(lambda: len(asked) >= 3)
        eventually(lambda: caller.trunk.registrations["trunk"].state.value == "registered")
        caller.close()


def test_an_answer_that_comes_with_the_end_of_the_ringing_is_hung_up() -> None:
    """Both cross on the way: the call is not left open at the other end."""
    description = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"

    def late(text: str, _: int) -> str | None:
        return "180 Ringing" if text.startswith("INVITE") else "200 OK" if text.startswith("BYE") else None

    with answers(late) as (port, asked), phone((HOST, port)) as caller:
        ended: list[object] = []
        threading.Thread(target=lambda: ended.append(caller.dials(OUTSIDE, timeout=0.5)), daemon=True).start()
        cancel = eventually(lambda: next((one for one in asked if one.startswith("CANCEL")), None))
        kept = [one for one in str(cancel).split("\r\n") if re.match(r"(Via|From|Call-ID):", one)]
        answer = ["SIP/2.0 200 OK", *kept, f"To: <sip:{OUTSIDE}@{HOST}>;tag=t", "CSeq: 1 INVITE",
                  "Content-Type: application/sdp", f"Contact: <sip:them@{HOST}:{port}>",
                  f"Content-Length: {len(description)}", "", description]  # fmt: skip
        with RawPeer((HOST, caller.station.wire.local_addr[1])) as peer:
            peer.send("\r\n".join(answer).encode())
        eventually(lambda: any(one.startswith("ACK") for one in asked))
        eventually(lambda: any(one.startswith(f"BYE sip:them@{HOST}:{port}") for one in asked))
        eventually(lambda: ended == ["no-answer"])
