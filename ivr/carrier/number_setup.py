"""The hotline's telephone number at the carrier, and its webhooks."""

from __future__ import annotations

import json
from collections.abc import Sequence

from twilio.rest.api.v2010.account.incoming_phone_number import IncomingPhoneNumberInstance

from ivr.carrier.client import client, client_of_us1, everywhere
from ivr.carrier.webhook_urls import fallback_url, voice_url
from ivr.config.settings import settings


class NotOurNumber(Exception):
    """The account has no such telephone number."""


#: The settings of a number at the carrier, by the carrier's names.
Webhooks = dict[str, str]


def wanted_webhooks() -> Webhooks:
    """The settings that a number needs at the carrier which is called, and gets text messages."""
    return _of_calls() | _of_texts()


def wanted_of(found: IncomingPhoneNumberInstance) -> Webhooks:
    """The settings that a number needs at the carrier: of calls if it is the hotline's, of texts if it gets any."""
    of_calls = _of_calls() if found.phone_number in our_numbers() else {}
    return of_calls | (_of_texts() if can(found, "sms") else {})


def _of_calls() -> Webhooks:
    wanted = {
        "voice_url": voice_url("/incoming"),
        "voice_fallback_url": fallback_url(),
        "status_callback": voice_url("/status"),
    }
    methods = {"voice_method": "POST", "voice_fallback_method": "POST", "status_callback_method": "POST"}
    return wanted | methods


def _of_texts() -> Webhooks:
    return {"sms_url": voice_url("/text/incoming"), "sms_method": "POST"}


def can(found: IncomingPhoneNumberInstance, ability: str) -> bool:
    """Whether a number has an ability, such as `voice` or `sms`."""
    # The library's type says text; the carrier sends an object.
    abilities = found.capabilities
    return not isinstance(abilities, dict) or bool(abilities.get(ability))


def our_numbers() -> tuple[str, ...]:
    """The numbers under which the hotline is called, those of team members and of languages among them (E.164)."""
    configured = settings()
    numbers = (configured.hotline_number, configured.staff_number, *configured.dialled_languages)
    return tuple(dict.fromkeys(filter(None, numbers)))


def numbers_of_texts() -> tuple[str, ...]:
    """Our numbers, and that from which text messages come where it is another one (E.164)."""
    sender = settings().sms_sender
    return tuple(dict.fromkeys((*our_numbers(), *([sender] if sender.startswith("+") else []))))


def number_of(number: str, at: Sequence[int] = ()) -> IncomingPhoneNumberInstance:
    """A number of the account, as the carrier describes it, or the first of the exchanges `at` that answers.

    Raises:
        NotOurNumber: the account does not have the number.
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    for item in client(at).incoming_phone_numbers.list(phone_number=number, limit=20):
        if item.phone_number == number:
            return item
    raise NotOurNumber(number)


def differences(found: IncomingPhoneNumberInstance) -> list[tuple[str, str, str]]:
    """The settings of a number that are not as they should be: their name, what is there, what should be."""
    wanted = wanted_of(found)
    there = {name: str(getattr(found, name) or "") for name in wanted}
    return [(name, there[name], value) for name, value in wanted.items() if _differ(there[name], value)]


def _differ(there: str, wanted: str) -> bool:
    # The carrier writes a method as it likes; everything else is compared as it is.
    return there.upper() != wanted if wanted == "POST" else there != wanted


def set_webhooks(number_sid: str, webhooks: Webhooks) -> None:
    """Set a number's webhooks, at each exchange where there are several.

    Raises:
        TwilioRestException, requests.RequestException: the settings were not changed.
    """
    for _ in everywhere(lambda asked: [asked.incoming_phone_numbers(number_sid).update(**webhooks)]):
        pass


def service_difference(sid: str) -> tuple[str, str] | None:
    """Whom a messaging service asks about a message that comes in, and who should be asked; None where it is so.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    service, wanted = client().messaging.v1.services(sid).fetch(), _of_texts()["sms_url"]
    if service.use_inbound_webhook_on_number:
        return "the webhook of each number", wanted
    there = service.inbound_request_url or ""
    return None if there == wanted else (there, wanted)


def set_service(sid: str) -> None:
    """Let a messaging service ask us about each message that comes in.

    Raises:
        TwilioRestException, requests.RequestException: it was not changed.
    """
    asked = {"inbound_request_url": _of_texts()["sms_url"], "inbound_method": "POST"}
    client().messaging.v1.services(sid).update(use_inbound_webhook_on_number=False, **asked)


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
