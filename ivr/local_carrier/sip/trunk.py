"""Calls that the hotline places over SIP: through the first peer that is there, else through the next one."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from aiosipua.auth import SipDigestAuth
from aiosipua.outgoing_call import OutgoingCall
from aiosipua.registration import Registration

from ivr.domain.enums import CallerIdIn
from ivr.local_carrier.call import NotAnswered, Ringing, Telephone
from ivr.local_carrier.lines import Line
from ivr.local_carrier.sip import session_descriptions
from ivr.local_carrier.sip.calls import Call
from ivr.local_carrier.sip.peers import Peer, in_address
from ivr.local_carrier.sip.rtp_port import RtpPort
from ivr.local_carrier.sip.session_descriptions import NoCommonAudio
from ivr.local_carrier.sip.sip_line import SipLine
from ivr.local_carrier.sip.station import Station

log = logging.getLogger(__name__)

#: Seconds between two tries to register after one that failed, and seconds that a registration is asked for.
_AGAIN_AFTER, _REGISTERED_FOR = 30.0, 300
_LOOK = 0.05
#: What an answer to a call means; `failed` is every other one.
_STATUS = {486: "busy", 600: "busy", 603: "busy", 480: "no-answer", 408: "no-answer", 487: "canceled"}
#: Answers of a peer that could not try, which the next one may.
_TRY_NEXT = frozenset({408, 500, 501, 502, 503, 504})


@dataclass
class _Attempt:
    """A call that is placed through one peer. The end comes into its mailbox: 0 is an answer, else a SIP status."""

    ends: queue.Queue[int] = field(default_factory=queue.Queue)
    rings: bool = False
    call: OutgoingCall | None = None
    port: RtpPort | None = None
    canceled: bool = False

    def begins_to_ring(self, call: OutgoingCall) -> None:
        """A telephone rings."""
        self.rings = True


class Trunk:
    """Implements telephones outside, by their numbers."""

    def __init__(self, station: Station, peers: Sequence[Peer], headers: Mapping[str, str] | None = None) -> None:
        """`headers`: further ones of every call."""
        self._station = station
        self._peers = tuple(peer for peer in peers if peer.calls_out)
        self._headers = dict(headers or {})
        self.registrations: dict[str, Registration] = {}

    def start(self) -> None:
        """Register where that is asked for."""
        self._station.do(self._register_all)

    def stop(self) -> None:
        """Take the registrations back."""
        for registration in self.registrations.values():
            self._station.do(registration.unregister)

    def telephone(self, number: str) -> Telephone:
        """The telephone of a number."""

        def ring(ringing: Ringing) -> Line | str:
            return self.call(number, ringing)

        return ring

    def call(self, number: str, ringing: Ringing) -> SipLine | str:
        """Call a number. Returns the line of who answers, or why nobody does. It blocks as long as it rings."""
        deadline = time.monotonic() + ringing.timeout
        status = 503
        for peer in self._peers:
            attempt = _Attempt()
            answered = self._through(attempt, peer, number, ringing, deadline)
            if isinstance(answered, SipLine):
                return answered
            status = answered
            # Where a telephone has rung, another peer would ring it again.
            if status not in _TRY_NEXT or ringing.canceled.is_set() or attempt.rings:
                break
            log.warning("SIP: %s did not place a call (%d)", peer.name, status)
        return NotAnswered(_STATUS.get(status, "failed"), status)

    def _through(self, attempt: _Attempt, peer: Peer, number: str, ringing: Ringing, deadline: float) -> SipLine | int:
        """Call through one peer. Returns the line, or the SIP status with which it ended."""
        self._station.do(lambda: self._station.spawn(self._place(attempt, peer, number, ringing.from_)))
        while True:
            try:
                status = attempt.ends.get(timeout=_LOOK)
                break
            except queue.Empty:
                late = time.monotonic() >= deadline
                if (late or ringing.canceled.is_set()) and not attempt.canceled:
                    attempt.canceled = True
                    self._station.do(lambda: self._cancel(attempt))
                    # A peer that rings has been there: another one would ring the same telephone.
                    threading.Timer(2.0, attempt.ends.put, [487]).start()
        if status or attempt.canceled:
            self._station.do(lambda: self._drop(attempt))
            return 480 if attempt.canceled and not ringing.canceled.is_set() else status or 487
        line = self._line_of(attempt)
        return line or 488

    async def _place(self, attempt: _Attempt, peer: Peer, number: str, shown: str) -> None:
        reached = self._station.peers.reached_at(peer)
        if reached is None:
            attempt.ends.put(503)
            return
        try:
            attempt.port = await self._station.ports.open()
        except OSError:
            attempt.ends.put(503)
            return
        host = self._station.socket.told_as or self._station.socket.host
        identity, headers = _identity(peer, shown, in_address(host))
        call = attempt.call = self._station.caller.invite(
            headers | self._headers, identity, f"sip:{number}@{peer.host}", reached,
            session_descriptions.offer(host, attempt.port.local[1]), user_agent="Jobcenter hotline",
            auth=SipDigestAuth(peer.username, peer.password) if peer.password else None,
            session_expires=self._station.socket.session_seconds,
        )  # fmt: skip
        call.on_ringing = attempt.begins_to_ring
        call.on_answer = lambda call: attempt.ends.put(0)
        call.on_rejected = lambda call, status, reason: attempt.ends.put(status)
        if attempt.canceled:
            self._cancel(attempt)

    def _cancel(self, attempt: _Attempt) -> None:
        if attempt.call is not None:
            self._station.caller.cancel(attempt.call)

    def _drop(self, attempt: _Attempt) -> None:
        """Nothing is left of a call that was not answered, or that was answered too late."""
        if attempt.port is not None:
            self._station.ports.close(attempt.port)
        if (call := attempt.call) is not None:
            call.hangup(self._station.caller)
            # Its last answers may still come: they are acknowledged, and a late call is hung up.
            call.on_answer = lambda call: call.hangup(self._station.caller)
            asyncio.get_running_loop().call_later(32, self._station.caller.forget, call)

    def _line_of(self, attempt: _Attempt) -> SipLine | None:
        """The line of a call that was answered; None if both ends have no audio in common."""
        call, port = attempt.call, attempt.port
        if call is None or port is None:
            return None
        signalling = _Outbound(self._station, call)
        try:
            if call.sdp_answer is None:
                raise NoCommonAudio("an answer without a description")
            host = self._station.socket.told_as or self._station.socket.host
            agreed = session_descriptions.agreed(call.sdp_answer, host)
        except NoCommonAudio as error:
            log.warning("SIP: a call was answered without audio: %s", error)
            self._station.do(lambda: self._drop(attempt))
            return None
        # At once: what is played next is encoded as was agreed on.
        port.connect(agreed.remote, agreed.law, agreed.keys_as, sends=agreed.sends)
        line = SipLine(port, signalling)
        forgotten = partial(self._station.caller.forget, call)
        known = Call(line, port, call.dialog, call.remote_addr, signalling.end, agreed, forgotten)
        call.on_session_expired = lambda call: line.hang_up()
        # Who has hung up since is not known to the library any more.
        if self._station.caller.get_call(call.call_id) is None:
            line.hang_up()
        self._station.do(lambda: self._station.connect(call.call_id, known))
        return line

    # -- registrations --------------------------------------------------------------------------

    def _register_all(self) -> None:
        for peer in self._peers:
            if peer.registers:
                self._register(peer)

    def _register(self, peer: Peer) -> None:
        reached = self._station.peers.reached_at(peer)
        loop = asyncio.get_running_loop()
        if reached is None:
            loop.call_later(_AGAIN_AFTER, self._register, peer)
            return
        registration = self.registrations.get(peer.name)
        if registration is None or registration.registrar != reached:
            registration = self.registrations[peer.name] = Registration(
                self._station.caller, f"sip:{peer.username}@{peer.host}", reached, expires=_REGISTERED_FOR,
                auth=SipDigestAuth(peer.username, peer.password) if peer.password else None,
            )  # fmt: skip

        def again(*_: object) -> None:
            log.warning("SIP: not registered at %s", peer.name)
            loop.call_later(_AGAIN_AFTER, self._register, peer)

        registration.on_failed, registration.on_expired = again, again
        registration.register()


class _Outbound:
    """Implements :class:`.sip_line.Signalling` for a call that was placed."""

    def __init__(self, station: Station, call: OutgoingCall) -> None:
        self._station, self._call = station, call

    def answer(self) -> None:
        """The other end has answered already."""

    def end(self, status: str) -> None:
        """Hang up."""
        self._station.do(self._end)

    def _end(self) -> None:
        self._call.hangup(self._station.caller)
        self._station.release(self._call.call_id)


def _identity(peer: Peer, shown: str, host: str) -> tuple[str, dict[str, str]]:
    """Who calls: the address in `From`, and further headers."""
    domain = peer.host if peer.username else host
    if peer.caller_id_in is CallerIdIn.FROM:
        return f"sip:{shown}@{domain}", {}
    return f"sip:{peer.username or shown}@{domain}", {"P-Preferred-Identity": f"<sip:{shown}@{domain}>"}
