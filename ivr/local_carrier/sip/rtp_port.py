"""The audio of one call: a UDP port that plays at 20 ms a frame, and hears the negotiated peer only."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import cast

from aiortp.dtmf import DTMF_EVENTS, DtmfEvent
from aiortp.packet import RtpPacket
from aiortp.sender import RtpSender
from aiortp.transport import RtpTransport
from aiortp.utils import uint16_add, uint16_gt

from ivr.audio.wav import RATE, Samples
from ivr.local_carrier.sip.g711 import A_LAW, MU_LAW

FRAME = RATE // 50
#: Payload types that are fixed: G.711 µ-law and A-law.
ULAW, ALAW = 0, 8
#: Where keys are sent by other means than RFC 4733.
NO_KEYS = -1
#: A frame of silence in each law.
_SILENT = {ULAW: bytes([MU_LAW.silence]) * FRAME, ALAW: bytes([A_LAW.silence]) * FRAME}
#: Frames that the tone of a key lasts, and the pause behind it.
_KEY_FRAMES, _KEY_PAUSE = 5, 3
_CODECS = {ULAW: MU_LAW, ALAW: A_LAW}

#: Seconds of silence after which the audio of a call may come from another port of its address.
_MOVED_AFTER = 2.0

#: What is told of a frame: its source, its timestamp, and its 16-bit samples.
OnFrame = Callable[[int, int, bytes], None]


class RtpPort(asyncio.DatagramProtocol):
    """One end of a call's audio. :meth:`tick` is called every 20 ms, in the thread of the loop."""

    def __init__(self) -> None:
        self.on_key: Callable[[str, int, int], None] = lambda key, ssrc, timestamp: None
        #: Told as long as a key lasts: its source, the timestamp of its beginning, its length in samples.
        self.on_tone: Callable[[int, int, int], None] = lambda ssrc, timestamp, samples: None
        #: Told of every frame, the late ones too, which their timestamps put in order; or of those in time only.
        self.on_frame: OnFrame | None = None
        self.on_voice: Callable[[bytes], None] | None = None
        self.on_played: Callable[[], None] = lambda: None
        #: Where frames come from while a conference is heard; None is silence.
        self.source: Callable[[], bytes | None] | None = None
        self.law, self.keys_as = ALAW, NO_KEYS
        self.remote: tuple[str, int] | None = None
        self.sends = True
        self.counts: Counter[str] = Counter()
        #: When the last packet came.
        self.heard_at = time.monotonic()
        self.local: tuple[str, int] = ("", 0)
        self._socket: asyncio.DatagramTransport | None = None
        self._sender: RtpSender | None = None
        self._latched: tuple[str, int] | None = None
        self._lock = threading.Lock()
        self._playing, self._at = b"", 0
        self._tones: deque[tuple[int, int, bool] | None] = deque()
        self._tone_began = 0
        self._ssrc: int | None = None
        self._sequence = 0
        self._pressed: tuple[int, int, bool, float] | None = None
        #: The source and the timestamp of the last keys: their packets may still come while the next one is told.
        self._told_keys: deque[tuple[int, int]] = deque(maxlen=16)

    # -- the socket -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The port is bound."""
        self._socket = cast(asyncio.DatagramTransport, transport)
        self.local = self._socket.get_extra_info("sockname")[:2]
        wire = RtpTransport(on_rtp=lambda data, addr: None, on_rtcp=lambda data, addr: None)
        wire.connection_made(transport)
        self._sender = RtpSender(wire, self.law, enable_history=False)
        self._sender.timestamp_increment = FRAME

    def connect(self, remote: tuple[str, int], law: int, keys_as: int, *, sends: bool) -> None:
        """Talk to this address from now on, as was negotiated."""
        if remote != self.remote:
            self._latched = None
        with self._lock:
            if law != self.law:  # what is being played was encoded before
                self._playing = _CODECS[law].encode(_CODECS[self.law].decode(self._playing))
            self.remote, self.law, self.keys_as, self.sends = remote, law, keys_as, sends

    def close(self) -> None:
        """Give the port back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # -- heard ----------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A packet has come; only those of the negotiated address count, from one port there at a time."""
        source = (addr[0], addr[1])
        if self.remote is None or source[0] != self.remote[0] or not self._is_heard(source):
            self.counts["foreign"] += 1
            return
        try:
            packet = RtpPacket.parse(data)
            if packet.payload_type == self.keys_as:
                self._hear_key(packet)
            elif packet.payload_type in _CODECS:
                self._hear(packet)
        except ValueError:
            self.counts["malformed"] += 1
            return
        self._latched = source
        self.heard_at = time.monotonic()
        self.counts["received"] += 1

    def _is_heard(self, source: tuple[str, int]) -> bool:
        """Whether this port sends the call's audio: the negotiated one, else the first; another once that is silent."""
        known = self._latched
        return source in (known or source, self.remote) or time.monotonic() - self.heard_at > _MOVED_AFTER

    def _hear(self, packet: RtpPacket) -> None:
        if not 1 <= len(packet.payload) <= 8 * FRAME:
            raise ValueError("no frame")
        if packet.ssrc != self._ssrc:
            self._ssrc, self._sequence = packet.ssrc, uint16_add(packet.sequence_number, -1)
        is_next = uint16_gt(packet.sequence_number, self._sequence)
        if is_next:
            self._sequence = packet.sequence_number
        if self.on_frame is not None or self.on_voice is not None:
            pcm = _CODECS[packet.payload_type].decode(packet.payload)
            if self.on_frame is not None:
                self.on_frame(packet.ssrc, packet.timestamp, pcm)
            if self.on_voice is not None and is_next:
                self.on_voice(pcm)

    def _hear_key(self, packet: RtpPacket) -> None:
        """A key counts from the first packet that tells it, whichever of them arrive."""
        event = DtmfEvent.parse(packet.payload)
        if uint16_gt(packet.sequence_number, self._sequence):
            self._sequence = packet.sequence_number
        if event.event > 11:  # flash, and the letters of old exchanges
            return
        now = time.monotonic()
        known = self._pressed
        goes_on = known is not None and (
            known[0] == packet.timestamp
            # Some telephones count the timestamp on within a key.
            or (known[1] == event.event and not known[2] and not packet.marker and now - known[3] < 0.1)
        )
        if not goes_on and (packet.ssrc, packet.timestamp) in self._told_keys:
            return
        began = known[0] if known and goes_on else packet.timestamp
        self._pressed = packet.timestamp, event.event, event.end or bool(known and goes_on and known[2]), now
        if not goes_on:
            self._told_keys.append((packet.ssrc, packet.timestamp))
            self.on_key(event.digit, packet.ssrc, packet.timestamp)
        self.on_tone(packet.ssrc, began, event.duration)

    # -- played ---------------------------------------------------------------------------------

    def play(self, samples: Samples) -> None:
        """Play a sound from its beginning; what was played before ends."""
        law, pcm = self.law, samples.astype("<i2").tobytes()
        encoded = _CODECS[law].encode(pcm)  # not within the lock: it takes long
        with self._lock:
            self._playing, self._at = encoded if law == self.law else _CODECS[self.law].encode(pcm), 0

    def stop(self) -> None:
        """Play nothing more."""
        with self._lock:
            self._playing, self._at = b"", 0

    def press(self, keys: str) -> None:
        """Send the tones of keys, one after the other; a `w` is half a second of silence."""
        tones: list[tuple[int, int, bool] | None] = []
        for key in keys:
            if key in "wW":
                tones += [None] * 25
            elif (event := DTMF_EVENTS.get(key)) is not None and self.keys_as != NO_KEYS:
                tones += [(event, frame, False) for frame in range(1, _KEY_FRAMES)]
                tones += [(event, _KEY_FRAMES, True), *[None] * _KEY_PAUSE]
        with self._lock:
            self._tones.extend(tones)

    @property
    def is_pressing(self) -> bool:
        """Whether tones of keys are still to be sent."""
        return bool(self._tones)

    def tick(self) -> None:
        """Send the next 20 ms."""
        sender = self._sender
        if self._socket is None or sender is None or self.remote is None:
            return
        with self._lock:
            tone = self._tones.popleft() if self._tones else ()
            frame = b"" if tone else self._playing[self._at : self._at + FRAME]
            self._at += len(frame)
            ended = bool(frame) and self._at >= len(self._playing)
            if ended:
                self._playing, self._at = b"", 0
            ended = ended or (tone != () and not self._tones)
        if tone:
            self._send_tone(sender, *tone)
        elif self.sends:
            self._send_frame(sender, frame)
        if ended:
            self.on_played()

    def _send_frame(self, sender: RtpSender, frame: bytes) -> None:
        silent = _SILENT[self.law]
        if not frame and self.source is not None and (pcm := self.source()) is not None:
            frame = _CODECS[self.law].encode(pcm)
        timestamp = sender.current_timestamp
        sender.send_raw(self.law, (frame + silent[len(frame) :]) if frame else silent, timestamp, addr=self.remote)
        sender.advance_timestamp()
        self.counts["sent"] += 1

    def _send_tone(self, sender: RtpSender, event: int, frame: int, end: bool) -> None:
        if frame == 1:
            self._tone_began = sender.current_timestamp
        payload = DtmfEvent(event, end, 10, frame * FRAME).serialize()
        for _ in range(3 if end else 1):  # the end is told three times, one of them may be lost
            sender.send_raw(self.keys_as, payload, self._tone_began, marker=int(frame == 1), addr=self.remote)
        sender.advance_timestamp()
