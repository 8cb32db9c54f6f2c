"""Sends text messages through Telnyx, whose interface for them is not that of calls.

Source: its documents *Send a message* and *API errors*. What became of a message is not asked for.
"""

from __future__ import annotations

import requests

from ivr.carrier import tokens
from ivr.carrier.refusals import CarrierRefused, Refusal
from ivr.config.settings import settings
from ivr.domain.enums import CarrierFault


def send(to: str, body: str, sender: str) -> str:
    """Send a text message. Returns the carrier's id of it.

    Raises:
        CarrierRefused: the carrier refuses; never for a fault of the number, because its error numbers are others.
        requests.RequestException: the carrier could not be asked.
    """
    answer = requests.post(
        f"{settings().carrier_base_url}/v2/messages",
        json={"from": sender, "to": to, "text": body},
        headers={"Authorization": f"Bearer {tokens.in_order()[0]}"},
        timeout=settings().twilio_timeout,
        allow_redirects=False,
    )
    if not answer.ok:
        raise CarrierRefused(Refusal(_fault(answer.status_code)), f"status {answer.status_code}")
    try:
        return str(answer.json()["data"]["id"])
    except (KeyError, TypeError):
        raise requests.exceptions.InvalidJSONError("the answer names no message") from None


def _fault(status: int) -> CarrierFault:
    if status in (401, 403):
        return CarrierFault.LOGIN_REFUSED
    if status == 429:
        return CarrierFault.TOO_MANY_AT_ONCE
    return CarrierFault.NETWORK_AWAY if status >= 500 else CarrierFault.REQUEST_REFUSED
