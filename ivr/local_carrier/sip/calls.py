"""The calls that go on at the station, and whether their other ends are still there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiosipua.dialog import Dialog
from aiosipua.message import SipResponse

from ivr.local_carrier.sip.agent import Caller
from ivr.local_carrier.sip.rtp_port import RtpPort
from ivr.local_carrier.sip.session_descriptions import Agreed
from ivr.local_carrier.sip.sip_line import SipLine

log = logging.getLogger(__name__)

#: Seconds without a packet after which a telephone is asked whether it is there, and seconds until it is asked again.
_SILENT_FOR, _ASKED_AGAIN = 60.0, 40.0
#: Answers that say that there is no such call: the telephone's, and that of a time-out.
_GONE = frozenset({408, 481})


@dataclass
class Call:
    """A call that goes on, seen from the station."""

    line: SipLine
    port: RtpPort
    dialog: Dialog
    #: Where requests within the call are sent.
    address: tuple[str, int]
    #: Ends it on the SIP side.
    end: Callable[[str], None]
    agreed: Agreed | None = None
    #: Drops what the library keeps of it.
    forget: Callable[[], object] = lambda: None
    began: float = field(default_factory=time.monotonic)
    asked_at: float = 0.0


class Calls(dict[str, Call]):
    """Calls by their ids. A telephone may send nothing while nobody speaks: it is asked before its call is ended."""

    def __init__(self, silent_for: float = _SILENT_FOR) -> None:
        super().__init__()
        self.silent_for = silent_for

    def ask(self, caller: Caller) -> None:
        """Ask the telephones of which nothing was heard for long. Those on hold are not expected to send anything."""
        now = time.monotonic()
        for call in self.values():
            silent = call.agreed is not None and call.agreed.sends and now - call.port.heard_at > self.silent_for
            if silent and now - call.asked_at > _ASKED_AGAIN:
                call.asked_at = now
                caller.is_there(call.dialog, call.address)

    def is_told(self, response: SipResponse) -> bool:
        """Take the answer to such a question; False for every other answer."""
        cseq = response.cseq
        if cseq is None or cseq.method != "OPTIONS":
            return False
        if call := self.get(response.call_id or ""):
            if response.status_code in _GONE:
                log.warning("SIP: a telephone is gone without hanging up: its call is ended")
                call.end("completed")
                call.line.hang_up()
            else:
                call.port.heard_at = time.monotonic()
        return True
