"""What a call of the exchange is made of: the subscription it belongs to, its script, and its report."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from ivr.local_carrier.call_queues import Queues
from ivr.local_carrier.conferences import Rooms
from ivr.local_carrier.store import Ledger
from ivr.local_carrier.twiml_parser import Verb
from ivr.local_carrier.webhooks import Webhooks


@dataclass
class Subscription:
    """The hotline's number and account as the carrier knows them."""

    account_sid: str
    number: str
    voice_url: str
    fallback_url: str
    status_url: str

    @property
    def number_sid(self) -> str:
        """The carrier's id of the number."""
        return "PN" + hashlib.sha256(self.number.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Script:
    """Which document a call begins with, where it goes when one fails, and who hears of which events."""

    url: str
    fallback_url: str = ""
    status_url: str = ""
    status_events: tuple[str, ...] = ()
    #: Further fields of the call's webhooks, as a SIP trunk's headers would be.
    parameters: Mapping[str, str] = field(default_factory=dict)
    #: The first document, where it is known already and has not to be asked for.
    document: tuple[Verb, ...] | None = None


@dataclass(frozen=True)
class Ringing:
    """A telephone is being rung."""

    call_sid: str
    from_: str
    #: Seconds until it counts as not answered.
    timeout: float
    canceled: threading.Event = field(default_factory=threading.Event)


@dataclass
class CallReport:
    """How a call went, for who placed it."""

    call_sid: str
    documents: int = 0
    #: Errors as the carrier's debugger would list them.
    errors: list[str] = field(default_factory=list)
    #: who closed the line: "caller", "exchange" (the document ended), "house" (by REST) or "error"
    ended_by: str = ""
    recording_sids: list[str] = field(default_factory=list)


class Exchange(Protocol):
    """What an execution needs of the switch."""

    subscription: Subscription
    ledger: Ledger
    webhooks: Webhooks
    rooms: Rooms
    queues: Queues

    def notify(self, url: str, form: Mapping[str, str]) -> Future[None]:
        """Send a status callback in the background."""
