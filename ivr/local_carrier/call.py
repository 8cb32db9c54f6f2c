"""Data of one call of the local carrier: the number's subscription, the call's setup, and the report at its end."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from ivr.local_carrier.call_queues import CallQueues
from ivr.local_carrier.conferences import Conferences
from ivr.local_carrier.dialects import Dialect
from ivr.local_carrier.lines import Line
from ivr.local_carrier.store import Store
from ivr.local_carrier.twiml_parser import Verb
from ivr.local_carrier.webhooks import Webhooks


@dataclass
class Subscription:
    """The hotline's account, number and webhooks, as the carrier knows them."""

    account_sid: str
    number: str
    voice_url: str
    fallback_url: str
    status_url: str
    #: Who is told of a text message to the number.
    text_url: str = ""

    @property
    def number_sid(self) -> str:
        """The carrier's id of the number, derived from the number itself."""
        return "PN" + hashlib.sha256(self.number.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class CallSetup:
    """The URLs of a call: its first document, its fallback, and the receiver of its status events."""

    url: str
    fallback_url: str = ""
    status_url: str = ""
    status_events: tuple[str, ...] = ()
    #: Further fields of the call's webhooks, as the headers of a SIP trunk would be.
    parameters: Mapping[str, str] = field(default_factory=dict)
    #: The first document, if it is known already and need not be fetched.
    document: tuple[Verb, ...] | None = None


@dataclass(frozen=True)
class Ringing:
    """A call that is ringing at a telephone."""

    call_sid: str
    from_: str
    #: Seconds after which the call counts as not answered.
    timeout: float
    canceled: threading.Event = field(default_factory=threading.Event)


#: Returns a line if the call is answered, else "no-answer", "busy" or "failed". It may block for the ringing time.
Telephone = Callable[[Ringing], Line | str]


class NotAnswered(str):
    """Why a call was not answered, with the SIP status that the network gave as the reason."""

    sip: int

    def __new__(cls, status: str, sip: int) -> NotAnswered:
        """`status` as a telephone returns it, `sip` as the network answered."""
        self = super().__new__(cls, status)
        self.sip = sip
        return self


def never_answers(ringing: Ringing) -> str:
    """A telephone that is not answered. It returns at once."""
    return "no-answer"


@dataclass
class CallReport:
    """The result of a call, for the one who placed it."""

    call_sid: str
    documents: int = 0
    #: Errors as the carrier's debugger would list them.
    errors: list[str] = field(default_factory=list)
    #: Who ended the call: "caller", "carrier" (the document ended), "hotline" (by REST) or "error".
    ended_by: str = ""
    recording_sids: list[str] = field(default_factory=list)


class Carrier(Protocol):
    """The parts of the switch that the execution of a call needs."""

    subscription: Subscription
    store: Store
    webhooks: Webhooks
    conferences: Conferences
    call_queues: CallQueues
    dialect: Dialect
    exchange: int
    telephones: dict[str, Telephone]

    def notify(self, url: str, form: Mapping[str, str]) -> Future[None]:
        """Send a status callback in the background."""
