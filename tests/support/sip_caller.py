"""People who ring the hotline over real SIP and RTP, in the words of :mod:`tests.support.caller`.

Each has a telephone of their own. What they press and say goes over the wire; the story learns at the hotline's end of
the line what is said and asked, and prompts are cut short there, or a story would last for minutes.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from ivr.audio.wav import RATE, Sound, at_telephone_rate
from ivr.local_carrier.call import Ringing
from ivr.local_carrier.lines import (
    HungUp,
    JoinedConference,
    KeyEntry,
    Line,
    RecordedSpeech,
    Utterance,
)
from ivr.local_carrier.sip.peers import Peer, Peers
from ivr.local_carrier.sip.scripted_phone import ScriptedPhone
from ivr.local_carrier.sip.sip_line import SipLine
from ivr.local_carrier.sip.station import Socket, Station
from ivr.local_carrier.sip.trunk import Trunk
from ivr.local_carrier.switch import Switch
from tests.support.caller import _PATIENCE, Caller, Telephone, _Decisions
from tests.support.telephones import HOST, LOOPBACK

#: Seconds that are played of each prompt.
_HEARD = 0.2
#: A question that waits no longer is asked of nobody.
_REACTION = 1


class SipHouse:
    """The switch of a hotline, reached over SIP."""

    def __init__(self, switch: Switch) -> None:
        self.switch = switch
        self.callers: dict[str, SipCaller] = {}
        number = switch.subscription.number
        where = Socket(HOST, 0, first_rtp=40_000, last_rtp=49_999, own_numbers=frozenset({number}), usual_number=number)
        self.station = Station(where, Peers([LOOPBACK]), self._take)
        self.station.start()
        #: What the hotline rings is behind a telephone system of its own.
        self.telephones: dict[str, SipTelephone] = {}
        self.outside = Station(Socket(HOST, 0, first_rtp=50_000, last_rtp=59_999), Peers([LOOPBACK]), self._is_rung)
        self.outside.start()
        trunk = Peer("outside", HOST, self.outside.wire.local_addr[1], calls_out=True)
        self.station.peers = self.station.wire.peers = Peers([trunk, LOOPBACK])
        self.trunk = Trunk(self.station, [trunk])

    def _is_rung(self, line: Line, number: str, fields: Mapping[str, str], dialled: str) -> None:
        assert isinstance(line, SipLine)
        try:
            self.telephones[dialled].takes(line)
        finally:
            line.over("caller")

    def _take(self, line: Line, number: str, fields: Mapping[str, str], dialled: str) -> None:
        assert isinstance(line, SipLine)
        told = dict(fields)
        caller = self.callers[told.pop("SipHeader_X-Story")]
        try:
            caller.report = self.switch.call(_WatchedLine(line, caller), number, told, caller.began, dialled)
        finally:
            caller.over.set()

    def stop(self) -> None:
        """Take no more calls."""
        self.station.stop()
        self.outside.stop()


class _OverSip:
    """What a caller and a called telephone have in common: their end of the line, once there is one."""

    def _wait_for_the_line(self) -> None:
        self._there = threading.Event()
        self._line: SipLine | None = None

    @property
    def line(self) -> SipLine:
        """This end of the call."""
        assert self._there.wait(_PATIENCE)
        assert self._line is not None
        return self._line

    def puts_down(self) -> None:
        """Hang up."""
        self.line.over("caller")
        self.line.hang_up()


class SipCaller(_OverSip, Caller):
    """Somebody with a telephone that speaks SIP."""

    def __init__(self, house: SipHouse, *arguments: str, **wishes: str) -> None:
        super().__init__(house.switch, *arguments, **wishes)
        self._house = house
        self._name = secrets.token_hex(8)
        house.callers[self._name] = self
        self.over = threading.Event()
        self._wait_for_the_line()

    def began(self, call_sid: str) -> None:
        """The hotline has given the call its id."""
        self.call_sid = call_sid

    def _call(self) -> None:
        headers = {"X-Story": self._name} | ({} if self._at == "clock" else {"X-Hotline-At": self._at})
        if self._forwarded_from:
            headers["Diversion"] = f"<sip:{self._forwarded_from}@{HOST}>"
        phone = ScriptedPhone((HOST, self._house.station.wire.local_addr[1]), headers=headers)
        try:
            line = phone.dials(self._to or self._switch.subscription.number, self.number, timeout=_PATIENCE)
            if isinstance(line, SipLine):
                self._line = line
                self._there.set()
                try:
                    while True:
                        line.wait(60)
                except HungUp:
                    line.over("carrier")
            self.over.wait(_PATIENCE)
        finally:
            self._heard.put(None)
            phone.close()
            del self._house.callers[self._name]


class SipTelephone(_OverSip, Telephone):
    """A telephone that the hotline rings through a trunk."""

    def __init__(self, house: SipHouse, *arguments: str, **wishes: str) -> None:
        super().__init__(house.switch, *arguments, **wishes)
        house.switch.telephones[self.number] = self._ring_over_sip
        house.telephones[self.number] = self
        house.outside.socket = replace(house.outside.socket, own_numbers=frozenset(house.telephones))
        self._house = house
        self._wait_for_the_line()

    def _ring_over_sip(self, ringing: Ringing) -> Line | str:
        """The hotline's end: it calls through the trunk."""
        self._ringing = ringing
        self._there.clear()
        answered = self._house.trunk.call(self.number, ringing)
        if not isinstance(answered, SipLine):
            return answered
        answered.answered_by = self._answered_by
        return _WatchedLine(answered, self)

    def takes(self, line: SipLine) -> None:
        """This end: the story decides, as at any telephone."""
        decided = self._ring(self._ringing)
        if isinstance(decided, str):
            line.ends_as = decided
            return
        self._line = line
        line.wait(0)  # it is picked up
        self._there.set()
        with suppress(HungUp):
            while True:
                line.wait(60)


class _WatchedLine(Line):
    """The hotline's end of a call: tells the story what is asked, and has the telephone do what the story says."""

    def __init__(self, line: SipLine, caller: SipCaller | SipTelephone) -> None:
        self._line, self._caller = line, caller
        self._decides = _Decisions(caller, line)  # type: ignore[arg-type]

    def __getattribute__(self, name: str) -> object:
        """What belongs to the line itself: whether the call waits, how it ends, where recordings are kept."""
        if name in ("in_queue", "answered_by", "ends_as", "kept_at"):
            return getattr(object.__getattribute__(self, "_line"), name)
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        target = self._line if name in ("in_queue", "ends_as", "kept_at") else self
        object.__setattr__(target, name, value)

    def interrupt(self) -> None:
        self._line.interrupt()

    def goes_on(self) -> None:
        self._line.goes_on()

    def drop_keys(self) -> None:
        self._line.drop_keys()

    def sends(self, keys: str) -> None:
        self._line.sends(keys)

    def hear(self, utterance: Utterance, *, interruptible: bool) -> bool:
        self._decides.hears(utterance.text, utterance.language)

        def cut() -> Sound:
            samples = at_telephone_rate(utterance.audio()).samples
            return Sound(samples[: int(_HEARD * RATE)], RATE)

        return self._line.hear(Utterance(utterance.text, utterance.language, cut), interruptible=interruptible)

    def keys(self, count: int, finish: str, timeout: int) -> KeyEntry:
        if not (self.in_queue or timeout > _REACTION):
            return self._line.keys(count, finish, 0)
        try:
            pressed = self._decides.presses(count, finish)
        except HungUp:
            self._hangs_up()
        if not pressed:
            return self._line.keys(count, finish, 0)
        self._soon(lambda: self._caller.line.sends(pressed))
        return self._line.keys(count, finish, _PATIENCE if len(pressed) >= count or pressed[-1] in finish else 2)

    def record(self, max_seconds: int, finish: str, silence: int, *, beep: bool) -> RecordedSpeech:
        try:
            speech = self._decides.speaks()
        except HungUp:
            self._caller.puts_down()
            return self._line.record(max_seconds, finish, silence, beep=beep)

        def speaks() -> None:
            while self._line.port.on_frame is None:
                self._caller.line.wait(0.01)
            sound = Sound(speech.samples, RATE)
            self._caller.line.hear(Utterance("", "", lambda: sound), interruptible=False)
            if speech.ended_by == "hangup":
                self._caller.puts_down()
            elif speech.ended_by:
                self._caller.line.sends(speech.ended_by)

        self._soon(speaks)
        return self._line.record(max_seconds, finish, silence if speech.ended_by else min(silence, 1), beep=beep)

    def wait(self, seconds: float) -> None:
        self._line.wait(min(seconds, 0.1))

    def converse(self, conversation: JoinedConference, *, star: bool) -> str:
        ended = threading.Event()

        def is_over() -> bool:
            return ended.is_set() or conversation.is_over()

        def talks() -> None:
            try:
                while not is_over():
                    if pressed := self._decides.talks(is_over):
                        self._caller.line.sends(pressed)
            except HungUp:
                self._caller.puts_down()

        self._soon(talks)
        try:
            return self._line.converse(conversation, star=star)
        finally:
            ended.set()

    def over(self, reason: str) -> None:
        self._line.over(reason)
        self._decides.is_done(reason)

    def _hangs_up(self) -> None:
        """Raise HungUp, once the telephone has told it."""
        self._caller.puts_down()
        self._line.wait(_PATIENCE)

    @staticmethod
    def _soon(work: Callable[[], object]) -> None:
        def run() -> None:
            with suppress(HungUp):  # the hotline may be faster
                work()

        threading.Thread(target=run, daemon=True).start()
