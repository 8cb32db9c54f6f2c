"""Both ends of calls over SIP on this machine: a station whose calls a function takes, and telephones that ring it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ivr.audio.wav import Sound
from ivr.local_carrier.lines import HungUp, Line, Utterance
from ivr.local_carrier.sip.peers import Peer, Peers
from ivr.local_carrier.sip.scripted_phone import ScriptedPhone
from ivr.local_carrier.sip.station import Socket, Station
from tests.support.waiting import eventually

HOST = "127.0.0.1"
OURS = "+494211782666"
LOOPBACK = Peer("this machine", HOST, calls_a_second=200, burst=200)


@dataclass
class Taken:
    """A call that the station has handed over."""

    line: Line
    number: str
    fields: Mapping[str, str]
    dialled: str


@dataclass
class Desk:
    """A station, and what came in there."""

    does: Callable[[Line], object]
    peer: Peer = LOOPBACK
    more: tuple[Peer, ...] = ()
    taken: list[Taken] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    settings: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = Socket(HOST, 0, first_rtp=30_000, last_rtp=39_999, own_numbers=frozenset({OURS}), usual_number=OURS)
        where = replace(where, **self.settings)  # type: ignore[arg-type]
        self.station = Station(where, Peers([self.peer, *self.more]), self._take)

    def _take(self, line: Line, number: str, fields: Mapping[str, str], dialled: str) -> None:
        self.taken.append(Taken(line, number, fields, dialled))
        try:
            self.does(line)
            self.ended.append("us")
        except HungUp:
            self.ended.append("them")
        line.over("carrier")

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return HOST, self.station.wire.local_addr[1]

    def is_idle(self) -> bool:
        """Whether nothing is left of any call."""
        station = self.station
        return not (station.calls or len(station.ports) or station.pulse.ports or station.agent.active_calls)


@contextmanager
def desk(does: Callable[[Line], object], peer: Peer = LOOPBACK, *more: Peer, **settings: object) -> Iterator[Desk]:
    """A station that does this with each call."""
    one = Desk(does, peer, more, settings=settings)
    one.station.start()
    try:
        yield one
        eventually(one.is_idle)
    finally:
        one.station.stop()


@contextmanager
def phone(address: tuple[str, int], **settings: object) -> Iterator[ScriptedPhone]:
    """A telephone that calls an address."""
    one = ScriptedPhone(address, **settings)  # type: ignore[arg-type]
    try:
        yield one
        eventually(lambda: not one.station.calls and not len(one.station.ports))
    finally:
        one.close()


def utterance(sound: Sound) -> Utterance:
    """A prompt of this sound."""
    return Utterance("", "", lambda: sound)


def likeness(sent: NDArray[np.int16], heard: NDArray[np.int16]) -> float:
    """The correlation of what was heard with what was sent, at the place where both fit best."""
    edge = np.zeros(len(sent) // 4, np.int16)  # a first or last frame may be missing
    heard = np.concatenate([edge, heard, edge, np.zeros(max(0, len(sent) - len(heard)), np.int16)])
    a, b = sent.astype(np.float64), heard.astype(np.float64)
    length = 1 << (len(b) + len(a)).bit_length()
    shifts = np.fft.irfft(np.fft.rfft(b, length) * np.conj(np.fft.rfft(a, length)), length)[: len(b) - len(a) + 1]
    place = int(np.argmax(shifts))
    part = b[place : place + len(a)]
    return float(a @ part / max(1.0, np.sqrt((a @ a) * (part @ part))))


class RawPeer:
    """A UDP socket that sends what a test writes, and reads what comes back."""

    def __init__(self, address: tuple[str, int], host: str = HOST) -> None:
        self._address = address
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.port = self.socket.getsockname()[1]
        self.host = host

    def __enter__(self) -> RawPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, message: bytes | str) -> None:
        """Send a datagram; `{host}` and `{port}` stand for this socket."""
        if isinstance(message, str):
            text = message.strip("\n").replace("{host}", self.host).replace("{port}", str(self.port))
            message = text.replace("\n", "\r\n").encode()
        self.socket.sendto(message, self._address)

    def answers(self, seconds: float = 5.0, until: str = "") -> list[str]:
        """Datagrams that come; the first of which one contains `until` is the last."""
        found: list[str] = []
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                found.append(self.socket.recv(65_535).decode(errors="replace"))
            except TimeoutError:
                break
            if until and until in found[-1]:
                break
        return found


def request(method: str, branch: str, more: str = "", body: str = "", tag: str = "", call_id: str = "c1@here") -> str:
    """A request from a :class:`RawPeer`."""
    to = f";tag={tag}" if tag else ""
    number = {"INVITE": 1, "ACK": 1, "CANCEL": 1}.get(method, 2)
    head = f"""{method} sip:{OURS}@{HOST} SIP/2.0
Via: SIP/2.0/UDP {{host}}:{{port}};branch=z9hG4bK{branch};rport
From: <sip:+4915112345678@{{host}}>;tag=f1
To: <sip:{OURS}@{HOST}>{to}
Call-ID: {call_id}
CSeq: {number} {method}
Contact: <sip:caller@{{host}}:{{port}}>
Max-Forwards: 70
"""
    kind = "Content-Type: application/sdp\n" if body.startswith("v=0") else ""
    return head + more + kind + f"Content-Length: {len(body.replace(chr(10), chr(13) + chr(10)))}\n\n" + body


def description(port: int, direction: str = "sendrecv", laws: str = "8 0 101") -> str:
    """An offer of audio at a port."""
    return f"""v=0
o=- 1 1 IN IP4 {HOST}
s=-
c=IN IP4 {HOST}
t=0 0
m=audio {port} RTP/AVP {laws}
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a={direction}
"""
