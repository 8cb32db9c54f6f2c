"""The hotline's telephone number at the carrier, and its webhooks."""

from __future__ import annotations

import json
from collections.abc import Sequence

from twilio.rest.api.v2010.account.incoming_phone_number import IncomingPhoneNumberInstance

from ivr.carrier.client import client, client_of_us1
from ivr.carrier.webhook_urls import fallback_url, voice_url
from ivr.config.settings import settings


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


def our_numbers() -> tuple[str, ...]:
    """The numbers under which the hotline is called, those of team members and of languages among them (E.164)."""
    configured = settings()
    numbers = (configured.hotline_number, configured.staff_number, *configured.dialled_languages)
    return tuple(dict.fromkeys(filter(None, numbers)))


def number_of(number: str) -> IncomingPhoneNumberInstance:
    """A number of the account, as the carrier describes it.

    Raises:
        NotOurNumber: the account does not have the number.
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    for item in client().incoming_phone_numbers.list(phone_number=number, limit=20):
        if item.phone_number == number:
            return item
    raise NotOurNumber(number)


def differences(found: IncomingPhoneNumberInstance) -> list[tuple[str, str, str]]:
    """The settings of a number that are not as they should be: their name, what is there, what should be."""
    there = {name: str(getattr(found, name) or "") for name in wanted_webhooks()}
    return [(name, there[name], value) for name, value in wanted_webhooks().items() if _differ(there[name], value)]


def _differ(there: str, wanted: str) -> bool:
    # The carrier writes a method as it likes; everything else is compared as it is.
    return there.upper() != wanted if wanted == "POST" else there != wanted


def set_webhooks(number_sid: str, webhooks: Webhooks) -> None:
    """Set a number's webhooks.

    Raises:
        TwilioRestException, requests.RequestException: the settings were not changed.
    """
    client().incoming_phone_numbers(number_sid).update(**webhooks)


def set_region(number: str, region: str) -> None:
    """Choose the region in which calls to a number are processed. It takes the carrier up to five minutes.

    Raises:
        TwilioRestException, requests.RequestException: it was not changed.
    """
    client_of_us1().routes.v2.phone_numbers(number).update(voice_region=region)


def allow_countries(countries: Sequence[str]) -> None:
    """Let the account call ordinary numbers of countries (ISO 3166); whether it may call dear ones stays as it is.

    Raises:
        TwilioRestException, requests.RequestException: it was not changed.
    """
    permissions = client().voice.v1.dialing_permissions
    wanted = []
    for country in countries:
        there = permissions.countries(country).fetch()
        wanted.append(
            {
                "iso_code": country,
                "low_risk_numbers_enabled": "true",
                "high_risk_special_numbers_enabled": _flag(there.high_risk_special_numbers_enabled),
                "high_risk_tollfraud_numbers_enabled": _flag(there.high_risk_tollfraud_numbers_enabled),
            }
        )
    permissions.bulk_country_updates.create(update_request=json.dumps(wanted))


def _flag(told: bool | None) -> str:
    return "true" if told else "false"
