"""Looks at exchanges of our own in a carrier's place: whether each answers, and is the one it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import requests
from twilio.base.exceptions import TwilioRestException

from ivr.carrier import exchanges, number_setup, tokens
from ivr.carrier.exchanges import ExchangeAway
from ivr.carrier.finding import Finding
from ivr.config.settings import settings

#: Seconds for an answer of an exchange.
_SECONDS = 4.0


def exchange() -> Iterator[Finding]:
    """What is wrong with each; one that is away is named, and holds up nothing of the others."""
    configured = settings()
    for number, url in (configured.exchanges or {configured.exchange_number: configured.exchange_url}).items():
        name = exchanges.name(number).capitalize() if configured.exchanges else f"The exchange at {url}"
        try:
            told = _told_by(url)
        except (requests.RequestException, ValueError) as error:
            yield Finding(
                f"{name} does not answer ({type(error).__name__}).",
                "Start the process `exchange` there, and see its log, its EXCHANGE_ADDRESS, and the firewall between "
                "the hosts. Calls come and go through the others, if there are any.",
            )
            continue
        yield from _of_one(name, number, told)


def _told_by(url: str) -> dict[str, Any]:
    """What an exchange says of itself; `status` is that of its answer."""
    for token in tokens.in_order():
        answer = requests.get(
            f"{url}/sip", auth=(settings().account_sid, token), timeout=_SECONDS, allow_redirects=False
        )
        if answer.status_code != 401:
            break
    return {**answer.json(), "status": answer.status_code}


def _of_one(name: str, number: int, told: dict[str, Any]) -> Iterator[Finding]:
    if told["status"] == 401:
        yield Finding(
            f"{name} has another account or token than this process (401).",
            "Give all processes the same TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, and start `exchange` again.",
        )
        return
    if told.get("exchange") != number:
        yield Finding(
            f"{name} is exchange {told.get('exchange', '?')} by its own settings: what it makes is sought elsewhere.",
            f"Set EXCHANGE_NUMBER={number} there, or mend `exchanges`.",
        )
        return
    if told["status"] == 404:
        yield Finding(f"{name} takes no calls over SIP.", "Set sip_address and sip_peers, and start it again.")
    if told.get("stopping"):
        yield Finding(
            f"{name} is about to stop, and takes no new calls.", "It takes some when it runs again.", wrong=False
        )
    for peer, stands in told.get("registered", {}).items():
        if not stands:
            yield Finding(
                f"{name} is not registered at the peer {peer}, so calls from there do not arrive.",
                f"See username and password of sip_peers.{peer}, its address, and the log of the exchange.",
            )
    yield from _of_number(name, number)


def _of_number(name: str, number: int) -> Iterator[Finding]:
    """Whether an exchange asks the addresses that the hotline has."""
    at = (number,) if settings().exchanges else ()
    try:
        found = number_setup.number_of(settings().hotline_number, at)
    except number_setup.NotOurNumber:
        yield Finding(f"{name} has another number than the hotline's.", "Give every host the same HOTLINE_NUMBER.")
    except (TwilioRestException, ExchangeAway) as error:
        yield Finding(f"{name} does not tell its number ({error}).", "See the log of the process `exchange` there.")
    else:
        for field, there, wanted in number_setup.differences(found):
            if there == wanted.partition("#")[0]:  # it asks by itself, and repeats by rules of its own
                continue
            yield Finding(
                f"{name} has {there or 'nothing'} as {field}, and {wanted} is the hotline's.",
                "Give every host the same PUBLIC_BASE_URL, and start `exchange` again.",
            )


def ways_out() -> Iterator[Finding]:
    """Whether anybody can be called."""
    if not any(peer.calls_out for peer in settings().sip_peers.values()):
        yield Finding(
            "The hotline can call nobody: no peer has calls_out.",
            "Set calls_out = true at the telephone system or trunk through which callers, members and interpreters "
            "are rung.",
        )


def texts() -> Iterator[Finding]:
    """What is to be known of text messages."""
    if not settings().has_carrier:
        yield Finding(
            "No text messages are sent, because there is no carrier.",
            "Callers, members and pages are offered none.",
            wrong=False,
        )


#: All checks of this module, in their order.
CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (exchange, ways_out, texts)


def findings() -> Iterator[Finding]:
    """All findings."""
    for check in CHECKS:
        yield from check()
