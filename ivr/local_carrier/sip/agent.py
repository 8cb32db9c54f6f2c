"""The library's two agents, with what they lack: keys by INFO, answers in an ACK, forgetting calls."""

from __future__ import annotations

import re
from collections.abc import Callable

from aiosipua.dialog import Dialog, DialogState
from aiosipua.headers import stringify_uri
from aiosipua.incoming_call import IncomingCall
from aiosipua.message import SipRequest, SipResponse
from aiosipua.outgoing_call import OutgoingCall
from aiosipua.sdp import SdpMessage
from aiosipua.uac import SipUAC
from aiosipua.uas import SipUAS
from aiosipua.uas_requests import handle_ack

from ivr.local_carrier.sip.transactions import answer_to

_SIGNAL = re.compile(r"^\s*signal\s*=\s*([0-9*#])", re.IGNORECASE | re.MULTILINE)


class Caller(SipUAC):
    """Places calls. Headers of a call stay in the repetition that answers a challenge."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self._headers: dict[str, dict[str, str]] = {}

    def invite(self, dialog_headers: dict[str, str], *args: object, **options: object) -> OutgoingCall:
        """Place a call whose INVITE has these headers."""
        self._headers[""] = dialog_headers
        call = self.send_invite(*args, **options)  # type: ignore[arg-type]
        self._headers[call.call_id] = self._headers.pop("")
        return call

    def _build_invite(self, dialog: Dialog, *, sdp_offer: SdpMessage | None, user_agent: str | None) -> SipRequest:
        invite = super()._build_invite(dialog, sdp_offer=sdp_offer, user_agent=user_agent)
        for name, value in self._headers.get(dialog.call_id, self._headers.get("", {})).items():
            invite.headers.set_single(name, value)
        return invite

    def cancel(self, call: OutgoingCall) -> None:
        """Stop the ringing. The call is kept until its end is told: it may have been answered just now."""
        if call.dialog.state is DialogState.EARLY:
            self.send_cancel(call)
            call.dialog.state = DialogState.EARLY
            self._calls[call.call_id] = call

    def learn(self, response: SipResponse) -> None:
        """Where requests within the call go from its answer on (RFC 3261, 12.1.2)."""
        cseq = response.cseq
        call = self.get_call(response.call_id or "")
        if call is None or cseq is None or cseq.method != "INVITE" or not 200 <= response.status_code < 300:
            return
        if contacts := response.contact:
            call.dialog.remote_target = stringify_uri(contacts[0].uri)
        if call.dialog.state is DialogState.EARLY:
            call.dialog.route_set = list(reversed(response.headers.get("record-route")))

    def forget(self, call: OutgoingCall) -> None:
        """Nothing of a call is kept. The library lets the timer run of one that the other end has hung up."""
        call._cancel_session_timer()
        self.remove_call(call.call_id)
        self._headers.pop(call.call_id, None)


class Agent(SipUAS):
    """Takes calls."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.on_key: Callable[[str, str], None] = lambda call_id, key: None
        #: The description in the ACK of a call whose INVITE had none.
        self.on_late_answer: Callable[[str, str], None] = lambda call_id, text: None
        self._handlers["INFO"] = self._info
        self._handlers["ACK"] = self._ack

    def forget(self, call: IncomingCall) -> None:
        """Nothing of a call is kept. The library keeps those that it has hung up itself."""
        call._stop_retransmissions()
        self._calls.pop(call.call_id, None)
        self._remove_invite_transaction(call.invite)

    def is_talking(self, call_id: str) -> bool:
        """Whether a call that came was answered, or one that was placed is kept."""
        call, placed = self.get_call(call_id), self.uac.get_call(call_id) if self.uac else None
        return placed is not None or (call is not None and call.dialog.state is DialogState.CONFIRMED)

    def refuse(self, request: SipRequest, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        """Refuse a request that belongs to no call."""
        self._send_error(request, status, reason, extra_headers=headers)

    def _info(self, request: SipRequest, address: tuple[str, int]) -> None:
        _, dialog = self._find_dialog(request.call_id or "")
        if dialog is None:
            self._send_error(request, 481, "Call/Transaction Does Not Exist")
        elif self._validate_in_dialog(dialog, request):
            self.transport.send_reply(answer_to(request, 200, "OK"))
            if key := _key_of(request):
                self.on_key(request.call_id or "", key)

    def _ack(self, request: SipRequest, address: tuple[str, int]) -> None:
        handle_ack(self, request, address)
        if request.body and request.content_type == "application/sdp" and request.call_id in self._calls:
            self.on_late_answer(request.call_id, request.text)


def _key_of(request: SipRequest) -> str:
    """The key that an INFO tells (`application/dtmf-relay` or `application/dtmf`); empty if it tells none."""
    kind = (request.content_type or "").partition(";")[0].strip().lower()
    if kind == "application/dtmf-relay":
        found = _SIGNAL.search(request.text)
        return found[1] if found else ""
    text = request.text.strip()
    return text if kind == "application/dtmf" and len(text) == 1 and text in "0123456789*#" else ""
