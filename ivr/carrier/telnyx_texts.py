"""Text messages through Telnyx, whose interface for them is not that of calls.

Source: its documents *Send a message*, *Receiving webhooks for messaging*, *Messaging error codes*.
"""

from __future__ import annotations

import requests
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ivr.carrier import telnyx_api
from ivr.carrier.answers import named, pause_of, told
from ivr.carrier.refusals import CarrierRefused, Refusal, of_status, of_text_message
from ivr.domain.digits import LARGEST_NUMBER, whole_number

#: Its states of a message that did not arrive. `delivery_unconfirmed` is none: nobody knows.
_NOT_DELIVERED = ("sending_failed", "delivery_failed")
#: Its name of the event that somebody has written.
RECEIVED = "message.received"
#: Its numbers of errors that mean the same of a message that is not taken as of one that did not arrive.
_OF_MESSAGES = (40001, 40002, 40003, 40300)


class _Told(BaseModel):
    """The models of what the carrier tells are built when it tells something first."""

    model_config = ConfigDict(defer_build=True)


class _Recipient(_Told):
    status: str = ""


class _Error(_Told):
    code: str | int = ""


class _Refused(_Told):
    errors: list[_Error] = []


class _Message(_Told):
    id: str
    to: list[_Recipient] = Field(min_length=1)
    errors: list[_Error] | None = None


class _Data(_Told):
    payload: _Message


class Event(_Told):
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
        return _code(self.data.payload.errors)


class _Sender(_Told):
    phone_number: str | None = None


class _IncomingMessage(_Told):
    id: str
    sender: _Sender = Field(default_factory=_Sender, alias="from")
    text: str | None = None


class _IncomingData(_Told):
    event_type: str
    payload: _IncomingMessage


class Incoming(_Told):
    """What it tells at the address of incoming messages: about one, or about one of ours that has no address."""

    data: _IncomingData


def send(to: str, body: str, sender: str, status_url: str = "") -> str:
    """Send a text message; what becomes of it is told to `status_url`. Returns the carrier's id of it.

    Raises:
        CarrierRefused: the carrier refuses; whose fault that is tells its own number of the error where it is known,
            else the status, which is never the number's.
        requests.RequestException: the carrier could not be asked.
    """
    wishes = {"webhook_url": status_url} if status_url else {}
    answer = telnyx_api.post("messages", {"from": sender, "to": to, "text": body, **wishes})
    if not answer.ok:
        raise CarrierRefused(_refusal(answer), f"status {answer.status_code}", pause_of(answer.headers))
    try:
        return named(told(answer.text)["data"]["id"])
    except (KeyError, TypeError):
        return named(None)


def _refusal(answer: requests.Response) -> Refusal:
    """Why a text was refused at once. Numbers of others, which a server in between may send, mean nothing here."""
    try:
        code = _code(_Refused.model_validate_json(answer.content).errors)
    except ValidationError:
        code = 0
    return of_text_message(code) if code in _OF_MESSAGES else of_status(answer.status_code, code)


def _code(errors: list[_Error] | None) -> int:
    return (whole_number(str(errors[0].code), LARGEST_NUMBER) or 0) if errors else 0
