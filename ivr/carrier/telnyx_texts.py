"""Text messages through Telnyx, whose interface for them is not that of calls.

Source: its documents *Send a message*, *Receiving webhooks for messaging*, *Messaging error codes*.
"""

from __future__ import annotations

import requests
from pydantic import BaseModel, Field

from ivr.carrier import tokens
from ivr.carrier.refusals import CarrierRefused, Refusal
from ivr.config.settings import settings
from ivr.domain.carrier_ids import carrier_id
from ivr.domain.digits import whole_number
from ivr.domain.enums import CarrierFault

#: Its states of a message that did not arrive. `delivery_unconfirmed` is none: nobody knows.
_NOT_DELIVERED = ("sending_failed", "delivery_failed")


class _Recipient(BaseModel):
    status: str = ""


class _Error(BaseModel):
    code: str | int = ""


class _Message(BaseModel):
    id: str
    to: list[_Recipient] = Field(min_length=1)
    errors: list[_Error] | None = None


class _Data(BaseModel):
    payload: _Message


class Event(BaseModel):
    """What it tells about a message."""

    data: _Data

    @property
    def message_sid(self) -> str:
        """Its id of the message."""
        return self.data.payload.id

    @property
    def status(self) -> str:
        """The state of the message, by the words of Twilio."""
        told = self.data.payload.to[0].status
        return "undelivered" if told in _NOT_DELIVERED else told

    @property
    def code(self) -> int:
        """Its number of the error; 0 where there is none."""
        errors = self.data.payload.errors
        return (whole_number(str(errors[0].code)) or 0) if errors else 0


def send(to: str, body: str, sender: str, status_url: str = "") -> str:
    """Send a text message; what becomes of it is told to `status_url`. Returns the carrier's id of it.

    Raises:
        CarrierRefused: the carrier refuses; never for a fault of the number, because its error numbers are others.
        requests.RequestException: the carrier could not be asked.
    """
    wishes = {"webhook_url": status_url} if status_url else {}
    answer = requests.post(
        f"{settings().carrier_base_url}/v2/messages",
        json={"from": sender, "to": to, "text": body, **wishes},
        headers={"Authorization": f"Bearer {tokens.in_order()[0]}"},
        timeout=settings().twilio_timeout,
        allow_redirects=False,
    )
    if not answer.ok:
        raise CarrierRefused(Refusal(_fault(answer.status_code)), f"status {answer.status_code}")
    try:
        named = carrier_id(str(answer.json()["data"]["id"]))
    except (KeyError, TypeError):
        named = ""
    if not named:
        raise requests.exceptions.InvalidJSONError("the answer names no message")
    return named


def _fault(status: int) -> CarrierFault:
    if status in (401, 403):
        return CarrierFault.LOGIN_REFUSED
    if status == 429:
        return CarrierFault.TOO_MANY_AT_ONCE
    return CarrierFault.NETWORK_AWAY if status >= 500 else CarrierFault.REQUEST_REFUSED
