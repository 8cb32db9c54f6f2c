"""Messages within and around a call, as raw datagrams: repetitions, hold, keys by INFO, what gets no answer."""

from __future__ import annotations

import re

import pytest

from ivr.local_carrier.lines import HungUp, KeyEntry, Line
from ivr.local_carrier.sip.peers import Peer
from ivr.local_carrier.sip.rtp_port import NO_KEYS
from tests.support.telephones import HOST, OURS, RawPeer, description, desk, request
from tests.support.waiting import eventually


def waits(line: Line) -> None:
    while True:
        line.wait(1)


def tag_of(answer: str) -> str:
    found = re.search(r"^To:.*;tag=([\w.-]+)", answer, re.MULTILINE)
    assert found
    return found[1]


def statuses(answers: list[str]) -> list[str]:
    return [one.split()[1] for one in answers if one.startswith("SIP/2.0")]


def test_a_call_is_answered_once_however_often_it_is_repeated() -> None:
    with desk(waits) as us, RawPeer(us.address) as peer:
        for _ in range(3):
            peer.send(request("INVITE", "a", body=description(peer.port)))
        answers = peer.answers(until=" 200 ")
        tag = tag_of(answers[-1])
        peer.send(request("ACK", "b", tag=tag))
        assert len(us.taken) == 1
        peer.send(request("BYE", "c", tag=tag))
        assert statuses(peer.answers(until="BYE"))[-1] == "200"
        peer.send(request("BYE", "c", tag=tag))  # the answer was lost
        assert statuses(peer.answers(until="BYE"))[-1] == "200"
        eventually(lambda: us.ended == ["them"])


def test_keys_come_by_info_too() -> None:
    entries: list[KeyEntry] = []
    with desk(lambda line: entries.append(line.keys(2, "", 10))) as us, RawPeer(us.address) as peer:
        peer.send(request("INVITE", "a", body=description(peer.port, laws="8")))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        peer.send(request("ACK", "b", tag=tag))
        eventually(lambda: us.station.calls)
        assert [call.agreed.keys_as for call in us.station.calls.values() if call.agreed] == [NO_KEYS]
        for number, (kind, body) in enumerate(
            [("application/dtmf-relay", "Signal=5\nDuration=160\n"), ("application/dtmf", "#")]
        ):
            info = request("INFO", f"i{number}", f"Content-Type: {kind}\n", body, tag)
            peer.send(info.replace("CSeq: 2", f"CSeq: {2 + number}"))
            assert statuses(peer.answers(until="INFO"))[-1] == "200"
        bye = peer.answers(until="BYE sip:")[-1]
        assert bye.startswith("BYE sip:caller@")
    assert entries == [KeyEntry("5#")]


def test_a_call_on_hold_hears_nothing_and_goes_on_afterwards() -> None:
    with desk(waits) as us, RawPeer(us.address) as peer, RawPeer(us.address) as audio:
        peer.send(request("INVITE", "a", body=description(audio.port)))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        peer.send(request("ACK", "b", tag=tag))
        assert audio.answers(until="\ufffd"), "the call is heard"
        hold = request("INVITE", "h", body=description(audio.port, "sendonly"), tag=tag)
        peer.send(hold.replace("CSeq: 1", "CSeq: 2"))
        answer = peer.answers(until="CSeq: 2 INVITE")[-1]
        assert "a=recvonly" in answer
        peer.send(request("ACK", "ha", tag=tag).replace("CSeq: 1", "CSeq: 2"))
        audio.answers(0.3)  # what was under way
        assert not audio.answers(0.3), "nothing is sent to who holds the call"
        back = request("INVITE", "r", body=description(audio.port), tag=tag)
        peer.send(back.replace("CSeq: 1", "CSeq: 3"))
        assert "a=sendrecv" in peer.answers(until="CSeq: 3 INVITE")[-1]
        peer.send(request("ACK", "ra", tag=tag).replace("CSeq: 1", "CSeq: 3"))
        assert audio.answers(until="\ufffd"), "the call goes on"
        peer.send(request("BYE", "c", tag=tag).replace("CSeq: 2", "CSeq: 4"))


def test_a_call_without_an_offer_gets_ours() -> None:
    with desk(waits) as us, RawPeer(us.address) as peer, RawPeer(us.address) as audio:
        peer.send(request("INVITE", "a"))
        answer = peer.answers(until=" 200 ")[-1]
        assert "PCMA/8000" in answer
        assert "PCMU/8000" in answer
        assert "telephone-event/8000" in answer
        peer.send(request("ACK", "b", body=description(audio.port), tag=tag_of(answer)))
        assert audio.answers(until="\ufffd"), "audio goes where the acknowledgement says"
        peer.send(request("BYE", "c", tag=tag_of(answer)))


def test_what_has_no_audio_in_common_is_refused() -> None:
    with desk(waits) as us, RawPeer(us.address) as peer:
        peer.send(request("INVITE", "a", body=description(4000, laws="18 9")))
        assert statuses(peer.answers(until=" 488 "))[-1] == "488"
        peer.send(request("ACK", "a", tag="x"))
        assert not us.taken


def test_a_call_that_is_given_up_while_it_rings_ends() -> None:
    began: list[Line] = []

    def rings(line: Line) -> None:
        began.append(line)
        eventually(lambda: line._is_gone())
        raise HungUp

    with desk(rings) as us, RawPeer(us.address) as peer:
        peer.send(request("INVITE", "a", body=description(peer.port)))
        peer.answers(until=" 180 ")
        eventually(lambda: began)
        peer.send(request("CANCEL", "a"))
        assert {"200", "487"} <= set(statuses(peer.answers(until=" 487 ")))
        peer.send(request("ACK", "a", tag="x"))
        eventually(lambda: us.ended == ["them"])


def test_a_session_that_is_to_be_confirmed_too_often_is_refused() -> None:
    with desk(waits) as us, RawPeer(us.address) as peer:
        peer.send(request("INVITE", "a", "Session-Expires: 10\n", description(peer.port)))
        assert "min-se: 90" in peer.answers(until=" 422 ")[-1].lower()
        peer.send(request("ACK", "a", tag="x"))
        peer.send(
            request("INVITE", "b", "Session-Expires: 120;refresher=uac\nSupported: timer\n", description(peer.port))
        )
        answer = peer.answers(until=" 200 ")[-1]
        assert "Session-Expires: 120;refresher=uac" in answer
        peer.send(request("ACK", "c", tag=tag_of(answer)))
        peer.send(request("BYE", "d", tag=tag_of(answer)))


def test_whether_the_hotline_is_there_can_be_asked() -> None:
    with desk(waits) as us, RawPeer(us.address) as peer:
        peer.send(request("OPTIONS", "a"))
        assert "Allow: INVITE" in peer.answers(until=" 200 ")[-1]


def test_an_exchange_that_stops_takes_no_new_calls_and_keeps_those_that_go_on() -> None:
    """A telephone system that is told 503 brings its calls to another one."""
    with desk(waits) as us, RawPeer(us.address) as peer:
        peer.send(request("INVITE", "a", body=description(peer.port)))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        peer.send(request("ACK", "b", tag=tag))
        us.station.is_stopping = True
        peer.send(request("OPTIONS", "o", call_id="other@here"))
        assert statuses(peer.answers(until="OPTIONS"))[-1] == "503"
        peer.send(request("INVITE", "n", body=description(peer.port), call_id="new@here"))
        assert statuses(peer.answers(until=" 503 "))[-1] == "503"
        peer.send(request("OPTIONS", "w", tag=tag))
        assert statuses(peer.answers(until="OPTIONS"))[-1] == "200"
        assert len(us.taken) == 1
        peer.send(request("BYE", "c", tag=tag).replace("CSeq: 2", "CSeq: 3"))
        assert statuses(peer.answers(until="BYE"))[-1] == "200"
        eventually(lambda: us.ended == ["them"])


@pytest.mark.parametrize("method", ["OPTIONS", "INVITE", "REGISTER", "BYE", "SUBSCRIBE"])
def test_who_is_no_peer_gets_no_answer(method: str) -> None:
    with desk(waits, Peer("pbx", "192.0.2.7")) as us, RawPeer(us.address) as stranger:
        stranger.send(request(method, "a", body=description(4000)))
        assert stranger.answers(0.5) == []
        assert us.station.peers.dropped["unknown peer"] == 1


def test_a_scanner_gets_no_answer_even_from_a_peer() -> None:
    with desk(waits) as us, RawPeer(us.address) as peer:
        peer.send(request("OPTIONS", "a", "User-Agent: friendly-scanner\n"))
        assert peer.answers(0.5) == []
        assert us.station.peers.dropped["scanner"] == 1


def test_a_peer_that_brings_too_many_calls_is_told_to_wait() -> None:
    with desk(waits, Peer("pbx", HOST, calls_a_second=1, burst=2)) as us, RawPeer(us.address) as peer:
        for number in range(3):
            peer.send(request("INVITE", f"a{number}", body=description(4000, laws="18"), call_id=f"c{number}"))
            last = peer.answers(until=" 488 " if number < 2 else " 503 ")[-1]
            peer.send(request("ACK", f"a{number}", tag="x", call_id=f"c{number}"))
        assert "Retry-After" in last


def test_a_full_station_refuses_further_calls() -> None:
    with desk(waits, most_calls=1) as us, RawPeer(us.address) as peer:
        peer.send(request("INVITE", "a", body=description(peer.port)))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        peer.send(request("ACK", "b", tag=tag))
        peer.send(request("INVITE", "c", body=description(peer.port), call_id="c2@here"))
        assert "503" in statuses(peer.answers(until=" 503 "))
        peer.send(request("BYE", "d", tag=tag))


def test_audio_of_another_address_is_not_heard() -> None:
    with desk(waits) as us, RawPeer(us.address) as peer, RawPeer(us.address) as audio:
        peer.send(request("INVITE", "a", body=description(audio.port)))
        tag = tag_of(peer.answers(until=" 200 ")[-1])
        peer.send(request("ACK", "b", tag=tag))
        (call,) = us.station.calls.values()
        packet = bytes.fromhex("80080001000000000000abcd") + bytes(160)
        audio._address = call.port.local
        with RawPeer(call.port.local, "127.0.0.2") as stranger:
            stranger.send(packet)
            eventually(lambda: call.port.counts["foreign"] == 1)
        audio.send(packet)
        eventually(lambda: call.port.counts["received"] == 1)
        with RawPeer(call.port.local) as another:  # another port of the same address, later
            another.send(packet)
            eventually(lambda: call.port.counts["foreign"] == 2)
        peer.send(request("BYE", "c", tag=tag))
    assert us.taken[0].dialled == OURS
