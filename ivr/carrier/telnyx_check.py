"""Compares the numbers, the TeXML application and the messaging profile at Telnyx with what the hotline needs.

Source: its documents *List phone numbers*, *Retrieve a TeXML application*, *Retrieve a messaging profile*. Tried with
the local carrier only.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import quote

import requests

from ivr.carrier import number_setup, telnyx_api
from ivr.carrier.finding import Finding
from ivr.carrier.sender_check import texts_wanted
from ivr.config.settings import settings

#: The addresses of an application; those of a number have the same names.
_OF_CALLS = ("voice_url", "voice_fallback_url", "status_callback")


def findings() -> Iterator[Finding]:
    """What is wrong, of what its interface tells.

    Raises:
        requests.RequestException: it could not be asked.
    """
    if not settings().auth_tokens:
        yield Finding("No account is configured.", "Set TWILIO_AUTH_TOKEN to an API key.", bars=True)
        return
    for number in number_setup.numbers_of_texts():
        answer = telnyx_api.get("phone_numbers", {"filter[phone_number]": number})
        if answer.status_code in (401, 403):
            yield Finding(
                f"The carrier refuses the log-in ({answer.status_code}).",
                "Check TWILIO_AUTH_TOKEN: it is an API key of the account.",
                bars=True,
            )
            return
        if not answer.ok:
            yield Finding(f"The numbers cannot be read ({answer.status_code}).", "Try again later.")
            return
        found = next((one for one in _data(answer) if one.get("phone_number") == number), None)
        if found is None:
            yield Finding(
                f"The account has no number {number}.",
                "Check HOTLINE_NUMBER, STAFF_NUMBER, DIALLED_LANGUAGES and SMS_SENDER, or buy or port the number.",
            )
            continue
        yield from _number(number, found)


def _number(number: str, found: dict[str, Any]) -> Iterator[Finding]:
    if found.get("status") not in ("active", None):
        yield Finding(f"{number} is not active ({found['status']}): it takes no calls.", "See it at the carrier.")
    if number in number_setup.our_numbers():
        yield from _application(number, str(found.get("connection_id") or ""))
    if texts_wanted():
        yield from _profile(number, str(found.get("messaging_profile_id") or ""))


def _application(number: str, application_id: str) -> Iterator[Finding]:
    application = yield from _thing(
        "TeXML application",
        f"texml_applications/{quote(application_id, safe='')}" if application_id else "",
        Finding(
            f"{number} belongs to no TeXML application: calls to it ask nobody.",
            "Make one at the carrier (Voice, TeXML applications) and assign the number to it.",
        ),
        number,
    )
    if application is None:
        return
    wanted = number_setup.wanted_webhooks()
    if application.get("active") is False:
        yield Finding(f"The TeXML application of {number} is not active.", "Switch it on at the carrier.")
    for name in _OF_CALLS:
        yield from _compared(number, f"{name} of its TeXML application", application.get(name), wanted[name])


def _profile(number: str, profile_id: str) -> Iterator[Finding]:
    profile = yield from _thing(
        "messaging profile",
        f"messaging_profiles/{quote(profile_id, safe='')}" if profile_id else "",
        Finding(
            f"{number} belongs to no messaging profile: it sends no text messages, and gets none.",
            "Make one at the carrier (Messaging) and assign the number to it.",
        ),
        number,
    )
    if profile is None:
        return
    if profile.get("enabled") is False:
        yield Finding(f"The messaging profile of {number} is not enabled.", "Switch it on at the carrier.")
    wanted = number_setup.wanted_webhooks()["sms_url"]
    yield from _compared(number, "webhook_url of its messaging profile", profile.get("webhook_url"), wanted)


def _thing(what: str, path: str, missing: Finding, number: str) -> Generator[Finding, None, dict[str, Any] | None]:
    """What a number belongs to, at a path that is empty where it belongs to none; None where it cannot be told."""
    answer = telnyx_api.get(path) if path else None
    if answer is None or answer.status_code == 404:
        yield missing
        return None
    if not answer.ok:
        yield Finding(f"The {what} of {number} cannot be read ({answer.status_code}).", "Try again later.")
        return None
    return _data(answer)[0]


def _compared(number: str, name: str, there: object, wanted: str) -> Iterator[Finding]:
    if there != wanted:
        yield Finding(f"{number}: {name} is {there or 'not set'}, and should be {wanted}.", "Set it at the carrier.")


def _data(answer: requests.Response) -> list[dict[str, Any]]:
    """What an answer holds: a list, or one thing. What is none of ours is nothing."""
    try:
        data = answer.json()["data"]
    except (ValueError, KeyError, TypeError):
        data = []
    found: list[dict[str, Any]] = [one for one in (data if isinstance(data, list) else [data]) if isinstance(one, dict)]
    return found or [{}]
