"""The hotline's telephone number at the carrier, and its webhooks."""

from __future__ import annotations

from ivr.carrier.client import client
from ivr.carrier.webhook_urls import fallback_url, voice_url


class NotOurNumber(Exception):
    """The account has no such telephone number."""


#: The settings of a number at the carrier, by the carrier's names.
Webhooks = dict[str, str]


def wanted_webhooks() -> Webhooks:
    """The settings that the hotline's number needs at the carrier."""
    wanted = {
        "voice_url": voice_url("/incoming"),
        "voice_fallback_url": fallback_url(),
        "status_callback": voice_url("/status"),
    }
    methods = {"voice_method": "POST", "voice_fallback_method": "POST", "status_callback_method": "POST"}
    return wanted | methods


def webhooks_of(number: str) -> tuple[str, Webhooks]:
    """Look up the carrier's id of a number, and its settings.

    Raises:
        NotOurNumber: the account does not have the number.
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    for item in client().incoming_phone_numbers.list(phone_number=number, limit=20):
        if item.phone_number == number:
            set_there = {name: str(getattr(item, name) or "") for name in wanted_webhooks()}
            return item.sid, set_there
    raise NotOurNumber(number)


def set_webhooks(number_sid: str, webhooks: Webhooks) -> None:
    """Set a number's webhooks.

    Raises:
        TwilioRestException, requests.RequestException: the settings were not changed.
    """
    client().incoming_phone_numbers(number_sid).update(**webhooks)
