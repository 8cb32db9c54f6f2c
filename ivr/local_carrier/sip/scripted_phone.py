"""A telephone that calls over real SIP and RTP and follows a script, as `python -m ivr call --sip` and tests do.

It hears nothing but audio: a question has been asked when the hotline has spoken and is silent, and speech is wanted
when it has sounded its tone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ivr.audio import synthesis
from ivr.audio.wav import RATE, Sound, at_telephone_rate
from ivr.local_carrier.call import Ringing
from ivr.local_carrier.lines import LOUDEST_SILENCE, HungUp, Utterance
from ivr.local_carrier.scripted_caller import EARLY
from ivr.local_carrier.sip.peers import Peer, Peers
from ivr.local_carrier.sip.sip_line import BEEP_HERTZ, BEEP_SECONDS, SipLine
from ivr.local_carrier.sip.station import Socket, Station
from ivr.local_carrier.sip.trunk import Trunk

#: Seconds of silence after which a question counts as asked.
_ASKED_AFTER = 1.5
_LOOK = 0.02
_FRAME = RATE // 50


class Ear:
    """What a telephone hears: speech, silence and the tone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: list[bytes] = []
        self.first_at: float | None = None
        self.loud_at = 0.0
        self.loud_seconds = 0.0
        self.tones = 0
        self._tone = 0.0
        places = np.arange(_FRAME)
        self._wave: NDArray[np.complex128] = np.exp(-2j * np.pi * BEEP_HERTZ * places / RATE)

    def hears(self, ssrc: int, timestamp: int, pcm: bytes) -> None:
        """20 ms of audio."""
        samples = np.frombuffer(pcm, "<i2").astype(np.float64)
        power = float(samples @ samples) / max(1, len(samples))
        now = time.monotonic()
        is_tone = False
        if power >= LOUDEST_SILENCE**2:
            self.first_at = self.first_at or now
            self.loud_at = now
            self.loud_seconds += len(samples) / RATE
            if len(samples) == _FRAME:
                share = 2 * abs(samples @ self._wave) ** 2 / (_FRAME**2 * power)
                is_tone = bool(share > 0.9)
        self._tone = self._tone + len(samples) / RATE if is_tone else 0.0
        if self._tone >= 0.75 * BEEP_SECONDS > self._tone - len(samples) / RATE:
            self.tones += 1
        with self._lock:
            self._frames.append(pcm)

    @property
    def samples(self) -> NDArray[np.int16]:
        """Everything that was heard, as it came."""
        with self._lock:
            return np.frombuffer(b"".join(self._frames), "<i2")


@dataclass
class Script:
    """What the caller does; entries as those of :class:`ivr.local_carrier.scripted_caller.ScriptedCaller`."""

    keys: Sequence[str] = ()
    sounds: Sequence[Sound | str] = ()
    language: str = "de"
    hangs_up: bool = False
    longest: float = 600.0
    on_event: Callable[[dict[str, object]], None] = field(default=lambda event: None)


class ScriptedPhone:
    """A telephone on this machine."""

    def __init__(
        self,
        hotline: tuple[str, int],
        host: str = "127.0.0.1",
        peer: Peer | None = None,
        headers: Mapping[str, str] | None = None,
        others: Sequence[tuple[str, int]] = (),
    ) -> None:
        """`peer`: what the hotline is called as, with its log-in; without it, the bare address.

        `headers`: further ones of its calls. `others`: further exchanges, each called if the one before is not there.
        """
        self.peer = peer or Peer("hotline", hotline[0], hotline[1], calls_out=True)
        further = [
            Peer(f"hotline {number}", at, port, calls_out=True) for number, (at, port) in enumerate(others, start=2)
        ]
        peers = [self.peer, *further]
        self.station = Station(Socket(host, 0, first_rtp=20_000, last_rtp=29_999), Peers(peers), lambda *call: None)
        self.trunk = Trunk(self.station, peers, headers)
        self.station.start()
        self.trunk.start()

    def close(self) -> None:
        """Hang up and give the ports back."""
        self.trunk.stop()
        self.station.stop()

    def dials(self, number: str, shown: str = "+4915112345678", timeout: float = 30.0) -> SipLine | str:
        """Call a number; the line, or why nobody answers."""
        return self.trunk.call(number, Ringing("", shown, timeout))

    def follows(self, script: Script, number: str, shown: str = "+4915112345678") -> Ear:
        """Call a number and follow the script until one end hangs up. Returns what was heard."""
        ear = Ear()
        dialled = time.monotonic()
        line = self.dials(number, shown)
        if isinstance(line, str):
            script.on_event({"type": "report", "errors": [f"the call was not answered: {line}"]})
            return ear
        line.port.on_frame = ear.hears
        script.on_event({"type": "answered", "seconds": round(time.monotonic() - dialled, 2)})
        try:
            _Course(line, ear, script).run()
            script.on_event({"type": "hung_up"})
        except HungUp:
            script.on_event({"type": "over", "by": "carrier"})
        finally:
            line.over("caller")
        waited = None if ear.first_at is None else round(ear.first_at - dialled, 2)
        script.on_event({"type": "report", "errors": [], "first_word": waited})
        return ear


class _Course:
    """One call that follows a script."""

    def __init__(self, line: SipLine, ear: Ear, script: Script) -> None:
        self._line, self._ear, self._script = line, ear, script
        self._keys, self._sounds = list(script.keys), list(script.sounds)
        self._tones, self._spoken = 0, 0.0

    def run(self) -> None:
        """Follow the script to its end; stay silent after it, unless the caller hangs up then.

        Raises:
            HungUp: the other end has hung up.
        """
        ends = time.monotonic() + self._script.longest
        while time.monotonic() < ends:
            self._line.wait(_LOOK)
            if self._ear.tones > self._tones:
                self._tones = self._ear.tones
                self._speaks()
            elif self._keys and self._is_asked():
                self._presses(self._keys.pop(0).removeprefix(EARLY))
            elif self._script.hangs_up and not self._keys and not self._sounds and self._is_asked():
                return

    def _is_asked(self) -> bool:
        """Whether the next entry is due: once the hotline has spoken and is silent, or during what it says."""
        heard = self._ear.loud_seconds - self._spoken
        if self._keys and self._keys[0].startswith(EARLY):
            return heard > 0.2
        return heard > 0.2 and time.monotonic() - self._ear.loud_at > _ASKED_AFTER

    def _presses(self, keys: str) -> None:
        self._spoken = self._ear.loud_seconds
        if keys == "-":
            self._script.on_event({"type": "silent"})
            return
        self._script.on_event({"type": "pressed", "keys": keys})
        self._line.sends(keys)
        self._spoken = self._ear.loud_seconds

    def _speaks(self) -> None:
        if not self._sounds:
            self._script.on_event({"type": "silent"})
            return
        wanted = self._sounds.pop(0)
        sound = at_telephone_rate(synthesis.speak(wanted, self._script.language) if isinstance(wanted, str) else wanted)
        self._script.on_event({"type": "spoke", "seconds": round(sound.seconds, 1)})
        time.sleep(BEEP_SECONDS / 2)  # the tone ends
        self._line.hear(Utterance("", "", lambda: sound), interruptible=False)
        if not (self._script.hangs_up and not self._keys and not self._sounds):
            self._line.sends("#")
        self._spoken = self._ear.loud_seconds
