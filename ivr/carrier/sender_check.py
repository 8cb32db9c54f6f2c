"""Looks at the sender of text messages at the carrier: whether it can send them, and who is told of answers to it."""

from __future__ import annotations

from collections.abc import Iterator

from twilio.base.exceptions import TwilioRestException

from ivr.carrier import number_setup
from ivr.carrier.client import client
from ivr.carrier.finding import Finding
from ivr.carrier.number_check import webhooks
from ivr.config.settings import settings


def texts_wanted() -> bool:
    """Whether the settings let text messages be sent at all, to callers or as alerts."""
    configured = settings()
    to_callers = bool(configured.text_countries) and configured.text_messages_a_day > 0
    return to_callers or any(alert.to.startswith("sms:") for alert in configured.alerts)


def sender() -> Iterator[Finding]:
    """Whether the sender of text messages can send them."""
    if not texts_wanted():
        return
    sender = settings().sms_sender or settings().hotline_number
    if sender.startswith("MG"):
        yield from _service(sender)
    elif not sender.startswith("+"):
        yield Finding(
            f"Whether the name {sender} may send text messages cannot be read.",
            "Some countries take only names that were registered: see the carrier's rules for TEXT_COUNTRIES.",
            wrong=False,
        )
    else:
        yield from _sending_number(sender)


def _service(sid: str) -> Iterator[Finding]:
    try:
        service = client().messaging.v1.services(sid)
        service.fetch()
        if not service.phone_numbers.list(limit=1) and not service.alpha_senders.list(limit=1):
            yield Finding(f"The messaging service {sid} has no sender.", "Add a number or name to it at the carrier.")
        if differs := number_setup.service_difference(sid):
            yield Finding(
                f"Whoever answers a text message of {sid} is answered by {differs[0] or 'nobody'}, and should be by "
                f"{differs[1]}.",
                "Run `python -m ivr carrier setup`, which can change it.",
            )
    except TwilioRestException as error:
        yield Finding(f"The messaging service {sid} cannot be read ({error.status}).", "Check SMS_SENDER.")


def _sending_number(number: str) -> Iterator[Finding]:
    choose = "Set SMS_SENDER to a mobile number, a name or a messaging service of the account, or TEXT_COUNTRIES to []."
    try:
        found = number_setup.number_of(number)
    except number_setup.NotOurNumber:
        yield Finding(f"Text messages are to come from {number}, which is no number of the account.", choose)
        return
    if not number_setup.can(found, "sms"):
        yield Finding(f"{number} cannot send text messages.", choose)
    elif number not in number_setup.our_numbers():
        yield from webhooks(number, found)
