"""The library's two agents, with what they lack: keys by INFO, answers in an ACK, forgetting calls."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from aiosipua.dialog import Dialog, DialogState
from aiosipua.headers import stringify_uri
from aiosipua.incoming_call import IncomingCall
from aiosipua.message import SipRequest, SipResponse
from aiosipua.outgoing_call import OutgoingCall
from aiosipua.sdp import SdpMessage, serialize_sdp
from aiosipua.uac import SipUAC
from aiosipua.uac_responses import _send_ack
from aiosipua.uas import SipUAS
from aiosipua.uas_requests import handle_ack, handle_update, session_refreshed
from aiosipua.utils import generate_tag

from ivr.local_carrier.sip.bodies import DESCRIPTION
from ivr.local_carrier.sip.transactions import answer_to

_SIGNAL = re.compile(r"^\s*signal\s*=\s*(\d+|[*#])", re.IGNORECASE | re.MULTILINE)
#: Keys as an INFO writes them: by their signs, or by the numbers of RFC 4733.
_KEYS = {**{key: key for key in "0123456789*#"}, "10": "*", "11": "#"}


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

    def learn(self, response: SipResponse) -> bool:
        """Who has answered, and where requests within the call go from then on (RFC 3261, 12.1.2).

        Of several telephones that a proxy rings the first one has the call. Returns whether it was another one.
        """
        cseq = response.cseq
        call = self.get_call(response.call_id or "")
        if call is None or cseq is None or cseq.method != "INVITE" or not 200 <= response.status_code < 300:
            return False
        dialog, answered_by = call.dialog, response.to_addr
        tag = (answered_by.tag if answered_by else None) or ""
        contacts = response.contact
        target = stringify_uri(contacts[0].uri) if contacts else dialog.remote_target
        routes = list(reversed(response.headers.get("record-route")))
        if dialog.state is not DialogState.EARLY and tag != dialog.remote_tag:
            self._hang_up_another(
                call, replace(dialog, remote_tag=tag, remote_target=target, route_set=routes), response
            )
            return True
        if dialog.state is DialogState.EARLY:
            dialog.remote_tag, dialog.route_set = tag, routes
        dialog.remote_target = target
        return False

    def _hang_up_another(self, call: OutgoingCall, dialog: Dialog, response: SipResponse) -> None:
        """Acknowledge, and hang up, what another telephone has answered (RFC 3261, 13.2.2.4)."""
        _send_ack(self, replace(call, dialog=dialog), response)
        self._send_in_dialog(dialog, "BYE", call.remote_addr)

    def is_there(self, dialog: Dialog, address: tuple[str, int]) -> None:
        """Ask the other end of a call whether it is there."""
        self._send_in_dialog(dialog, "OPTIONS", address)

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
        self._handlers["UPDATE"] = self._update

    @property
    def allowed(self) -> str:
        """The methods that are handled, as a header names them."""
        return ", ".join(self._handlers)

    def forget(self, call: IncomingCall) -> None:
        """Nothing of a call is kept. The library keeps those that it has hung up itself."""
        call._stop_retransmissions()
        self._calls.pop(call.call_id, None)
        self._remove_invite_transaction(call.invite)

    def _handle_invite(self, request: SipRequest, addr: tuple[str, int]) -> None:
        """A new call, or one that changes. The library keeps for ever what it needs to cancel one that it refuses."""
        try:
            super()._handle_invite(request, addr)
        finally:
            call = self.get_call(request.call_id or "")
            if call is None or call.invite is not request:
                self._remove_invite_transaction(request)

    @staticmethod
    def agree_on_timer(call: IncomingCall) -> None:
        """Wait for no confirmations of who knows of none: that call would end with the first period (RFC 4028, 9)."""
        if not call.session_refresher_us and not call._caller_supports("timer"):
            call.session_interval = None

    def _send_error(
        self, request: SipRequest, status_code: int, reason: str, *, extra_headers: dict[str, str] | None = None
    ) -> None:
        """Answer a request outside a call, or within one: its tag is there then, and the library adds a second one."""
        response = answer_to(request, status_code, reason)
        called = request.to_addr
        if called is not None and not called.tag:
            response.headers.set_single("To", f"{request.headers.get_first('to')};tag={generate_tag()}")
        for name, value in ({"User-Agent": self.user_agent or ""} | (extra_headers or {})).items():
            response.headers.set_single(name, value)
        self.transport.send_reply(response)

    def is_talking(self, call_id: str) -> bool:
        """Whether a call that came was answered, or one that was placed is kept."""
        call, placed = self.get_call(call_id), self.uac.get_call(call_id) if self.uac else None
        return placed is not None or (call is not None and call.dialog.state is DialogState.CONFIRMED)

    def refuse(self, request: SipRequest, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        """Answer a request that belongs to no call."""
        self._send_error(request, status, reason, extra_headers=headers)

    def _update(self, request: SipRequest, address: tuple[str, int]) -> None:
        """An UPDATE changes a call that was placed as well; the library refuses that."""
        placed = self.uac.get_call(request.call_id or "") if self.uac else None
        if placed is None or not request.body or self.on_update is None:
            handle_update(self, request, address)
        elif self._validate_in_dialog(placed.dialog, request):
            answered = self.on_update(self._wrap_uac_dialog(request, address), request)
            response = answer_to(request, 200, "OK") if answered else answer_to(request, 488, "Not Acceptable Here")
            if answered:
                response.text, response.content_type = serialize_sdp(answered), DESCRIPTION
                session_refreshed(self, placed.call_id, None)
            self.transport.send_reply(response)

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
        return _KEYS.get(found[1], "") if found else ""
    return _KEYS.get(request.text.strip(), "") if kind == "application/dtmf" else ""
