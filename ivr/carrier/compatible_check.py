"""What can be checked of an account at a carrier other than Twilio, and what has to be looked at by somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from twilio.base.exceptions import TwilioRestException

from ivr.carrier import account_check, number_check, telnyx_check
from ivr.carrier.finding import Finding
from ivr.domain.enums import CarrierName

_ACCOUNT = "whether the account is active and paid"
_COUNTRIES = "which countries the account may call and text (CALLBACK_COUNTRIES, TEXT_COUNTRIES)"
_SENDER = "whether SMS_SENDER can send text messages"
_CALLER_ID = "whether the hotline's number may be shown to those who are called"
_RECORDINGS = "whether recordings are protected by a log-in, encrypted for somebody else, or left behind"
_ADDRESSES = "whether the addresses at which the carrier asks us are reached, and its signatures accepted"
#: What an operator has to look at.
UNCHECKED: Mapping[CarrierName, tuple[str, ...]] = {
    CarrierName.SIGNALWIRE: (
        "whether the account is paid", _COUNTRIES, _SENDER, _CALLER_ID, _RECORDINGS, _ADDRESSES,
    ),
    CarrierName.TELNYX: (_ACCOUNT, _COUNTRIES, _SENDER, _CALLER_ID, _RECORDINGS, _ADDRESSES),
}  # fmt: skip
#: What the checks look at, as far as its interface is documented to tell it.
CHECKED: Mapping[CarrierName, tuple[str, ...]] = {
    CarrierName.SIGNALWIRE: (
        "whether the log-in is accepted and the project active",
        "whether the hotline's numbers are the project's, and which webhooks they ask of calls, fallback and texts",
    ),
    CarrierName.TELNYX: (
        "whether the log-in is accepted",
        "whether the hotline's numbers are the account's, and active",
        "which webhooks their TeXML application asks, and the fallback URL",
        "who is told of text messages that come in (the messaging profile)",
    ),
}


def findings(carrier: CarrierName) -> Iterator[Finding]:
    """What is wrong, of what :data:`CHECKED` names.

    Raises:
        requests.RequestException: the carrier could not be asked.
    """
    yield from _CHECKS[carrier]()


def _signalwire() -> Iterator[Finding]:
    found = list(account_check.account())
    yield from found
    if any(one.bars for one in found):
        return
    try:
        yield from number_check.numbers()
    except TwilioRestException as error:
        yield Finding(f"The numbers cannot be read ({error.status}): {error.msg}.", "Try again later.")


_CHECKS: Mapping[CarrierName, Callable[[], Iterator[Finding]]] = {
    CarrierName.SIGNALWIRE: _signalwire,
    CarrierName.TELNYX: telnyx_check.findings,
}
