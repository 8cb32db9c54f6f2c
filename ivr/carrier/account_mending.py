"""Changes at the carrier that the REST interface can make; each is shown before it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ivr.carrier import account_check, number_setup
from ivr.config.settings import settings


@dataclass(frozen=True)
class Change:
    """A change at the carrier: what it is, and what makes it."""

    what: str
    make: Callable[[], None]


def webhooks() -> Iterator[Change]:
    """Set what is not as it should be of each of our numbers.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked. So do all of this module.
    """
    for number in number_setup.numbers_of_texts():
        try:
            found = number_setup.number_of(number)
        except number_setup.NotOurNumber:
            continue
        if differ := number_setup.differences(found):
            lines = [f"  {name}: {there or '(nothing)'} → {wanted}" for name, there, wanted in differ]
            yield Change("\n".join([f"{number}:", *lines]), _setting(str(found.sid), number_setup.wanted_of(found)))


def _setting(sid: str, webhooks: number_setup.Webhooks) -> Callable[[], None]:
    return lambda: number_setup.set_webhooks(sid, webhooks)


def sender() -> Iterator[Change]:
    """Let whoever answers a text message be answered by us: that of a number, or of a messaging service."""
    sid = settings().sms_sender
    if not sid.startswith("MG"):
        yield from webhooks()
    elif differs := number_setup.service_difference(sid):
        change = f"{sid}: messages that come in are told to {differs[0] or '(nobody)'} → {differs[1]}"
        yield Change(change, lambda: number_setup.set_service(sid))


def regions() -> Iterator[Change]:
    """Let calls to our numbers be processed in the configured region."""
    wanted = settings().twilio_region or account_check.USUAL_REGION
    for number in number_setup.our_numbers():
        region = account_check.region_of(number)
        if isinstance(region, str) and region != wanted:
            yield Change(f"{number}: processed in {region} → {wanted} (within five minutes)", _moving(number, wanted))


def _moving(number: str, region: str) -> Callable[[], None]:
    return lambda: number_setup.set_region(number, region)


def countries() -> Iterator[Change]:
    """Let the account call the countries of `callback_countries`."""
    closed, _ = account_check.closed_countries()
    if closed:
        yield Change(
            f"calls to ordinary numbers of {', '.join(closed)}: forbidden → allowed",
            lambda: number_setup.allow_countries(closed),
        )
