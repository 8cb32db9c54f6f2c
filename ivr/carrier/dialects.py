"""What differs between carriers that understand the same documents: log-in, addresses, signatures.

The setting `carrier` chooses one. Names of voices differ too (`ivr.domain.carrier_voices`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from flask import Request

from ivr.carrier import signalwire, telnyx, twilio
from ivr.config.settings import settings
from ivr.domain.complete import complete
from ivr.domain.enums import CarrierName


class Dialect(Protocol):
    """How one carrier is asked, and how it signs."""

    #: Whether an answer of its interface names the address of a recording's audio.
    NAMES_MEDIA: bool
    #: Whether text messages are sent by the same interface.
    SENDS_TEXTS: bool
    #: Whether it calls browsers as clients, so that one can be a member's telephone.
    HAS_CLIENTS: bool
    #: The status that answers an event which was taken in.
    EVENT_TAKEN: int

    def path(self, path: str) -> str:
        """Its path of a resource, for the path that the library asks for, or that it has named itself."""

    def login(self, account: str, token: str) -> Mapping[str, Any]:
        """Arguments of a request (`auth`, `headers`) that log in."""

    def fields(self, form: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fields of a form as it wants them."""

    def is_signed(self, request: Request, urls: tuple[str, ...]) -> bool:
        """Whether it has signed a request, which was called by one of these URLs."""


_DIALECTS: Mapping[CarrierName, Dialect] = complete(
    "carrier/dialects.py, _DIALECTS",
    {
        CarrierName.TWILIO: twilio,
        CarrierName.SIGNALWIRE: signalwire,
        CarrierName.TELNYX: telnyx,
        CarrierName.LOCAL: twilio,
    },
    CarrierName,
)


def dialect() -> Dialect:
    """That of the configured carrier."""
    return _DIALECTS[settings().carrier]


def event_taken() -> tuple[str, int]:
    """The answer to an event that was taken in."""
    return "", dialect().EVENT_TAKEN
