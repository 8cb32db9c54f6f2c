"""Clients: browsers that are registered under an identity, and are called as telephones.

Carrier: a client has no number. It is called by `client:` and its identity, by REST or by `<Client>`.
"""

from __future__ import annotations

import re
from typing import Any

from ivr.local_carrier.call import Ringing
from ivr.local_carrier.lines import Line
from ivr.local_carrier.softphone_line import Softphone, SoftphoneLine

_PREFIX = "client:"
#: Carrier: an identity has letters, digits and underscores, at most 121.
_IDENTITY = re.compile(r"[A-Za-z0-9_]{1,121}")
#: Seconds for which a broken connection is waited for, and for a page that is being loaded anew.
_CLOSED_AFTER, _LOADED_WITHIN = 15.0, 5.0
#: Seconds that a request for events stays open.
_POLL_SECONDS = 5.0


def address_of(identity: str) -> str:
    """The address by which a client is called."""
    return _PREFIX + identity


def is_identity(text: str) -> bool:
    """Whether a client can be registered under this name."""
    return _IDENTITY.fullmatch(text) is not None


def is_client(address: str) -> bool:
    """Whether this is the address of a client."""
    return address.startswith(_PREFIX) and is_identity(address.removeprefix(_PREFIX))


class ClientLine(SoftphoneLine):
    """A client's end of a call. It survives that the page is loaded anew, or the connection is lost for a moment."""

    def __init__(self) -> None:
        super().__init__(_CLOSED_AFTER)
        self.is_over = False

    def events_after(self, number: int, patience: float = _POLL_SECONDS) -> list[dict[str, Any]]:
        """The events from index `number` on."""
        self._closed_after = _CLOSED_AFTER
        return super().events_after(number, patience)

    def leave(self) -> None:
        """The page goes; it may be back at once."""
        self._closed_after = _LOADED_WITHIN

    def over(self, reason: str) -> None:
        """The carrier has ended the call."""
        self.is_over = True
        super().over(reason)


class Client(Softphone[ClientLine]):
    """A browser that is registered under an identity, as long as it asks for its calls."""

    def __init__(self) -> None:
        self.lines: dict[str, ClientLine] = {}
        self._gone = False
        super().__init__(self.lines, ClientLine)

    def ring(self, ringing: Ringing) -> Line | str:
        """Implements :data:`ivr.local_carrier.call.Telephone`. Carrier: who is not registered does not answer."""
        if self._gone:
            return "no-answer"
        for call_sid in [call_sid for call_sid, line in self.lines.items() if line.is_over]:
            del self.lines[call_sid]
        return "busy" if self.lines else super().ring(ringing)

    def ringing(self, known: list[str], patience: float = _POLL_SECONDS) -> list[dict[str, str]]:
        """The ringing calls. Who asks for them is there."""
        self._gone = False
        return super().ringing(known, patience)

    def leave(self) -> None:
        """The browser is not registered any more."""
        self._gone = True

    def in_call(self) -> list[str]:
        """The calls that go on, for a page that was loaded anew."""
        return [call_sid for call_sid, line in self.lines.items() if not line.is_over]
