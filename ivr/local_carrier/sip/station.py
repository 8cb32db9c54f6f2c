"""The hotline's telephone socket: one UDP port for SIP, a thread of its own, and the calls that go on there."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial

from aiosipua.incoming_call import IncomingCall
from aiosipua.message import SipRequest
from aiosipua.sdp import SdpMessage

from ivr.local_carrier.call import CallReport
from ivr.local_carrier.lines import Line
from ivr.local_carrier.sip import call_details, session_descriptions
from ivr.local_carrier.sip.agent import Agent, Caller
from ivr.local_carrier.sip.calls import Call, Calls
from ivr.local_carrier.sip.digest import Digest
from ivr.local_carrier.sip.loop_thread import LoopThread
from ivr.local_carrier.sip.peers import Peer, Peers
from ivr.local_carrier.sip.ports import Ports
from ivr.local_carrier.sip.pulse import Pulse
from ivr.local_carrier.sip.rtp_port import RtpPort
from ivr.local_carrier.sip.session_descriptions import Agreed, NoCommonAudio
from ivr.local_carrier.sip.sip_line import SipLine
from ivr.local_carrier.sip.transactions import Wire

log = logging.getLogger(__name__)
# The library logs every call with its numbers at level INFO.
logging.getLogger("aiosipua").setLevel(logging.WARNING)

#: How a call that was never answered is refused, by the status that it ends with.
_REFUSALS = {"busy": 486, "no-answer": 480, "failed": 500, "completed": 480}
#: Seconds between two looks at whether calls are still heard.
_WATCHED_EVERY = 5.0
_AGENT_NAME = "Jobcenter hotline"

#: Takes a call on a line: its number, further fields, and the number of ours that was dialled. Returns at its end.
TakeCall = Callable[[Line, str, Mapping[str, str], str], CallReport | None]


@dataclass(frozen=True)
class Socket:
    """Where the station is, and how much it takes."""

    host: str
    port: int = 5060
    #: The address that others are told; empty: `host`.
    told_as: str = ""
    first_rtp: int = 16_384
    last_rtp: int = 16_999
    session_seconds: int = 1800
    most_calls: int = 100
    own_numbers: frozenset[str] = frozenset()
    usual_number: str = ""


class Station(LoopThread):
    """Takes calls of named peers and hands them to the switch; :mod:`.trunk` places calls through it."""

    def __init__(self, socket: Socket, peers: Peers, take: TakeCall) -> None:
        super().__init__("sip")
        self.socket, self.peers, self._take_call = socket, peers, take
        peers.version = ipaddress.ip_address(socket.host).version
        self.pulse = Pulse()
        self.ports = Ports(socket.host, socket.first_rtp, socket.last_rtp, self.pulse)
        self.calls = Calls()
        self.digest = Digest(socket.told_as or socket.host)
        self.wire = Wire(local_addr=(socket.host, socket.port), peers=peers)
        self.caller: Caller
        self.agent: Agent
        #: How often something has happened: calls taken, refused, ended.
        self.taken = self.refused = 0
        #: Whether no new calls are taken, because the process is about to stop.
        self.is_stopping = False
        #: Calls whose ports are being opened: another one of the same id is none.
        self._coming: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def _begin(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.peers.look_up)
        advertised = (self.socket.told_as or self.socket.host, self.socket.port)
        self.caller = Caller(self.wire, advertised_addr=advertised)
        self.agent = Agent(
            self.wire, user_agent=_AGENT_NAME, uac=self.caller, advertised_addr=advertised,
            session_expires=self.socket.session_seconds,
        )  # fmt: skip
        self.agent.on_invite, self.agent.on_reinvite = self._invited, self._invited_again
        self.agent.on_bye = lambda call, request: self._is_gone(call.call_id)
        self.agent.on_cancel = lambda request, address: self._is_gone(request.call_id or "")
        self.agent.on_session_expired = lambda call: self._is_gone(call.call_id)
        self.agent.on_ack_timeout = lambda call: self._is_gone(call.call_id)
        self.agent.on_update = self._updated
        self.agent.on_key = self._key
        self.agent.on_options = self._is_there
        self.agent.on_late_answer = self._late_answer
        self.wire.screen = self._screen
        self.wire.preview = lambda response: self.calls.is_told(response) or self.caller.learn(response)
        await self.agent.start()
        self.caller.advertised_addr = self.agent.advertised_addr = advertised[0], self.wire.local_addr[1]
        self.pulse.start()
        self._tasks.add(asyncio.get_running_loop().create_task(self._watch()))

    async def _end(self) -> None:
        for call_id, call in list(self.calls.items()):
            call.end("completed")
            self._is_gone(call_id)
        await asyncio.sleep(0.05)
        self.pulse.stop()
        for task in self._tasks:
            task.cancel()
        await self.agent.stop()

    # -- calls that come ------------------------------------------------------------------------

    def _screen(self, request: SipRequest, peer: Peer) -> bool:
        """Refuse what wants an extension that is not known, and a new call that is not let in.

        A request within a call has its tag, and its call is known.
        """
        called = request.to_addr
        within = bool(called and called.tag)
        if unknown := call_details.required_unknown(request):
            self.agent.refuse(request, 420, "Bad Extension", {"Unsupported": ", ".join(unknown)})
            return True
        if request.method != "INVITE" or (within and self.agent.is_talking(request.call_id or "")):
            return False
        if within:  # the library would take it for a new call (RFC 3261, 12.2.2)
            self.agent.refuse(request, 481, "Call/Transaction Does Not Exist")
        elif request.call_id in self.calls or request.call_id in self._coming:
            self.agent.refuse(request, 482, "Loop Detected")
        elif peer.is_challenged and not self.digest.accepts(request, peer):
            self.agent.refuse(request, 401, "Unauthorized", self.digest.challenge())
        elif self.is_stopping or not self.peers.takes_call(peer) or len(self.calls) >= self.socket.most_calls:
            self.refused += 1
            self.agent.refuse(request, 503, "Service Unavailable", {"Retry-After": "5"})
        else:
            return False
        return True

    def _is_there(self, request: SipRequest, _address: tuple[str, int]) -> None:
        """A peer asks whether calls are taken; whoever is told 503 brings its calls to another exchange."""
        called = request.to_addr
        if self.is_stopping and not (called and called.tag):
            self.agent.refuse(request, 503, "Service Unavailable", {"Retry-After": "60"})
        else:
            self.agent.refuse(request, 200, "OK", {"Allow": self.agent.allowed})

    def _invited(self, call: IncomingCall) -> None:
        peer = self.peers.of(call.source_addr[0])
        if peer is None:
            self.agent.forget(call)
            return
        self.agent.agree_on_timer(call)
        call.source_addr = call_details.listens_at(
            call.invite, call.source_addr, lambda host: self.peers.of(host) == peer
        )
        self._coming.add(call.call_id)
        self.spawn(self._take(call, peer))

    async def _take(self, call: IncomingCall, peer: Peer) -> None:
        """Take a new call, or refuse it."""
        try:
            port = await self.ports.open()
        except OSError as error:
            log.error("SIP: no port for a call's audio: %s", error)
            self._refuse(call, 503)
            return
        finally:
            self._coming.discard(call.call_id)
        if call.dialog.state.value != "early":  # the caller has hung up meanwhile
            self.ports.close(port)
            return
        try:
            self._hand_over(call, peer, port)
        except NoCommonAudio as error:
            log.info("SIP: a call of %s was refused: %s", peer.name, error)
            self.ports.close(port)
            self._refuse(call, 488)
        except Exception:
            self.ports.close(port)
            self._refuse(call, 500)
            raise

    def _hand_over(self, call: IncomingCall, peer: Peer, port: RtpPort) -> None:
        """Agree on a call's audio, let it ring, and hand it to the switch in a thread of its own."""
        invite, host = call.invite, self.socket.told_as or self.socket.host
        agreed: Agreed | None = None
        if call.sdp_offer is None:
            description = session_descriptions.offer(host, port.local[1])
        else:
            description, agreed = session_descriptions.answer(call.sdp_offer, host, port.local[1])
        number = call_details.caller(invite, peer)
        dialled = call_details.dialled(invite, peer, self.socket.own_numbers, self.socket.usual_number)
        forwarded = call_details.forwarded_by(invite)
        fields = call_details.own_headers(invite) | ({"ForwardedFrom": forwarded} if forwarded else {})
        line = SipLine(port, _Inbound(self, call, description))
        if "100rel" not in call_details.required(call.invite):  # else its answers would have to be acknowledged
            call.ringing()
        ends, forgotten = partial(self.end_inbound, call), partial(self.agent.forget, call)
        self.connect(call.call_id, Call(line, port, call.dialog, call.source_addr, ends, agreed, forgotten))
        self.taken += 1
        threading.Thread(
            target=self._run, args=(call.call_id, line, number, fields, dialled), daemon=True, name="call over SIP"
        ).start()

    def _run(self, call_id: str, line: SipLine, number: str, fields: dict[str, str], dialled: str) -> None:
        try:
            self._take_call(line, number, fields, dialled)
        except Exception:
            log.exception("a call over SIP has failed")
            line.over("error")
        finally:
            self.do(lambda: self.release(call_id))

    def _refuse(self, call: IncomingCall, status: int) -> None:
        self.refused += 1
        if call.dialog.state.value == "early":
            call.reject(status)
        self.agent.forget(call)

    def end_inbound(self, call: IncomingCall, status: str) -> None:
        """The hotline ends the call."""
        if call.dialog.state.value == "confirmed":
            call.hangup()
        elif call.dialog.state.value == "early":
            call.reject(_REFUSALS.get(status, 480))
        self.agent.forget(call)

    # -- within a call --------------------------------------------------------------------------

    def _connect(self, port: RtpPort, agreed: Agreed | None) -> None:
        if agreed is not None:
            port.connect(agreed.remote, agreed.law, agreed.keys_as, sends=agreed.sends)
            self.pulse.ports.add(port)

    def _invited_again(self, call: IncomingCall) -> None:
        """The other end changes the audio: hold, its end, another address."""
        known = self.calls.get(call.call_id)
        if known is None:
            self.agent.refuse(call.invite, 481, "Call/Transaction Does Not Exist")
            return
        host, port = self.socket.told_as or self.socket.host, known.port.local[1]
        if not call.invite.body:
            call.accept(session_descriptions.offer(host, port))
            return
        if (answered := self._renegotiated(known, call.sdp_offer)) is None:
            # The call goes on as it was (RFC 3261, 14.2).
            self.wire.send_reply(call.dialog.create_response(call.invite, 488, "Not Acceptable Here"))
        else:
            call.accept(answered)

    def _updated(self, call: IncomingCall, request: SipRequest) -> SdpMessage | None:
        known = self.calls.get(call.call_id)
        if known is None or not request.body:
            return None
        return self._renegotiated(known, session_descriptions.read(request.text))

    def _renegotiated(self, known: Call, offered: SdpMessage | None) -> SdpMessage | None:
        if offered is None:
            return None
        try:
            answered, agreed = session_descriptions.answer(
                offered, self.socket.told_as or self.socket.host, known.port.local[1]
            )
        except NoCommonAudio:
            return None
        known.agreed = agreed
        known.line.keys_come = ""  # another telephone may go on
        self._connect(known.port, agreed)
        return answered

    def _late_answer(self, call_id: str, text: str) -> None:
        if known := self.calls.get(call_id):
            try:
                host = self.socket.told_as or self.socket.host
                known.agreed = session_descriptions.agreed(session_descriptions.read(text), host)
            except NoCommonAudio:
                known.line.hang_up()
            self._connect(known.port, known.agreed)

    def _key(self, call_id: str, key: str) -> None:
        if known := self.calls.get(call_id):
            known.line.press_by("info", key)

    def _is_gone(self, call_id: str) -> None:
        """The other end has hung up."""
        if known := self.calls.get(call_id):
            known.line.hang_up()

    def release(self, call_id: str) -> None:
        """The switch is done with a call: its port is given back."""
        if known := self.calls.pop(call_id, None):
            self.ports.close(known.port)
            known.forget()

    async def _watch(self) -> None:
        """Ask after calls that nothing is heard of any more; look the peers' names up again."""
        while True:
            await asyncio.sleep(_WATCHED_EVERY)
            await asyncio.get_running_loop().run_in_executor(None, self.peers.look_up)
            self.calls.ask(self.caller)

    def connect(self, call_id: str, call: Call) -> None:
        """A call goes on from now on."""
        self.calls[call_id] = call
        self._connect(call.port, call.agreed)

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Do something that takes time, in the station's thread."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("SIP: a call could not be taken or placed", exc_info=error)


class _Inbound:
    """Implements :class:`.sip_line.Signalling` for a call that has come."""

    def __init__(self, station: Station, call: IncomingCall, description: SdpMessage) -> None:
        self._station, self._call, self._description = station, call, description
        self._answered = False

    def answer(self) -> None:
        """Answer the call with the first thing that is played, asked or recorded."""
        if not self._answered:
            self._answered = True
            self._station.do(self._accept)

    def _accept(self) -> None:
        if self._call.dialog.state.value == "early":
            self._call.accept(self._description)

    def end(self, status: str) -> None:
        """Hang up, or refuse the call."""
        self._station.do(lambda: self._station.end_inbound(self._call, status))
