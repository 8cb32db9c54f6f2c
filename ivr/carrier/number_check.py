"""Looks at the hotline's numbers at the carrier: whether they are the account's, and whom they ask."""

from __future__ import annotations

from collections.abc import Iterator

from twilio.rest.api.v2010.account.incoming_phone_number import IncomingPhoneNumberInstance as Number

from ivr.carrier import number_setup
from ivr.carrier.finding import Finding


def numbers() -> Iterator[Finding]:
    """Whether the hotline's numbers are the account's, take calls, and ask our webhooks."""
    for number in number_setup.our_numbers():
        try:
            found = number_setup.number_of(number)
        except number_setup.NotOurNumber:
            yield Finding(
                f"The account has no number {number}.",
                "Check HOTLINE_NUMBER, STAFF_NUMBER, DIALLED_LANGUAGES and TWILIO_ACCOUNT_SID, or buy or port the "
                "number.",
            )
            continue
        yield from _number(number, found)


def _number(number: str, found: Number) -> Iterator[Finding]:
    if not number_setup.can(found, "voice"):
        yield Finding(f"{number} takes no calls.", "Choose another number at the carrier, with voice.")
    if found.voice_receive_mode == "fax":
        yield Finding(f"{number} receives faxes only.", "Set it to voice at the carrier.")
    for kind, sid in (
        ("an application", found.voice_application_sid),
        ("an application for text messages", found.sms_application_sid),
        ("a SIP trunk", found.trunk_sid),
    ):
        if sid:
            yield Finding(
                f"{number} belongs to {kind} ({sid}) at the carrier, so the number's own webhooks are not asked.",
                "Take the number out of it at the carrier.",
            )
    yield from webhooks(number, found)


def webhooks(number: str, found: Number) -> Iterator[Finding]:
    """Which of the addresses that a number asks is not as it should be."""
    for name, there, wanted in number_setup.differences(found):
        if there and there == wanted.partition("#")[0]:
            lost = "text that nobody answers" if name == "sms_url" else "lost call"
            yield Finding(
                f"{number}: {name} has no retries ({wanted.removeprefix(there)}), so a webhook that fails once is a "
                f"{lost}.",
                "Run `python -m ivr carrier configure`.",
            )
            continue
        yield Finding(
            f"{number}: {name} is {there or 'not set'}, and should be {wanted}.",
            "Run `python -m ivr carrier configure`.",
        )
