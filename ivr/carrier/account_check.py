"""Compares the account, the number and the sender at the carrier with what the hotline needs.

Each difference is a finding: a sentence that says what is wrong, and one that says what mends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException

from ivr.carrier import (
    client_key_check,
    media,
    number_check,
    number_setup,
    sender_check,
    settings_check,
    spending,
    token_check,
)
from ivr.carrier.client import client, client_of_us1
from ivr.carrier.finding import Finding
from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now

#: A recording is fetched and deleted within minutes; one that is older than this stays at the carrier by mistake.
_DELETED_WITHIN = timedelta(days=2)
#: What the carrier's error numbers say of an account that it does not let in, and what mends it.
_OF_ACCOUNT: Mapping[int, tuple[str, str]] = {
    20005: ("The account is not active (error 20005): no call is taken.", "Speak with the carrier."),
    20006: ("The carrier denies access to the account (error 20006).", "Use the token of the account itself."),
    20008: (
        "These are the account's test credentials (error 20008): with them nothing is called, texted or read.",
        "Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN to the live credentials of the account.",
    ),
}
#: The region of numbers and clients that name none.
USUAL_REGION = "us1"


def account() -> Iterator[Finding]:
    """Whether the log-in is accepted and the account is active and paid.

    Raises:
        requests.RequestException: the carrier could not be asked. So do all checks of this module.
    """
    configured = settings()
    try:
        found = client().api.accounts(configured.account_sid).fetch()
    except TwilioRestException as error:
        yield _log_in_refused(error)
        return
    except TwilioException:
        yield Finding("No account is configured.", "Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.", bars=True)
        return
    if found.status != "active":
        yield Finding(f"The account is {found.status}: no call is taken.", "Speak with the carrier.")
    if found.type == "Trial":
        yield Finding(
            "The account is a trial account: it calls and texts only numbers that were verified before, and callers "
            "hear an announcement of the carrier first.",
            "Upgrade the account at the carrier (Billing).",
        )


def _log_in_refused(error: TwilioRestException) -> Finding:
    region = settings().twilio_region or USUAL_REGION
    if error.status == 401:
        return Finding(
            "The carrier refuses the log-in (401).",
            f"Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: the token must be that of region {region}, because each "
            "region has its own.",
            bars=True,
        )
    if error.status == 404:
        return Finding("The carrier does not know the account (404).", "Check TWILIO_ACCOUNT_SID.", bars=True)
    said, remedy = _OF_ACCOUNT.get(error.code, (f"The account cannot be read ({error.status}): {error.msg}.", ""))
    return Finding(said, remedy or "Try again later.", bars=True)


def regions() -> Iterator[Finding]:
    """Whether calls to the hotline's numbers are processed where the configured region says."""
    wanted = settings().twilio_region or USUAL_REGION
    for number in number_setup.our_numbers():
        region = region_of(number)
        if isinstance(region, Finding):
            yield region
        elif region != wanted:
            yield Finding(
                f"Calls to {number} are processed, and recorded, in region {region}, not in {wanted}.",
                "Run `python -m ivr carrier setup`, which can change it, or set TWILIO_REGION and TWILIO_EDGE.",
            )


def region_of(number: str) -> str | Finding:
    """The region in which calls to a number are processed; a finding where the carrier does not tell it."""
    try:
        return client_of_us1().routes.v2.phone_numbers(number).fetch().voice_region or USUAL_REGION
    except TwilioRestException as error:
        if error.status == 404:  # none was ever chosen
            return USUAL_REGION
        return Finding(
            f"The region in which calls to {number} are processed cannot be read ({error.status}).",
            "Set TWILIO_US1_AUTH_TOKEN: only region us1 tells it, and each region has a token of its own.",
        )


def countries() -> Iterator[Finding]:
    """Whether the account may call every country of `callback_countries` (geographic permissions)."""
    closed, unread = closed_countries()
    if closed:
        yield Finding(
            f"The account may not call {', '.join(closed)}.",
            "Run `python -m ivr carrier setup`, which can allow them, or take them out of CALLBACK_COUNTRIES.",
        )
    if unread:
        yield Finding(
            f"Whether the account may call {', '.join(unread)} cannot be read.",
            "Look it up at the carrier (Voice, Settings, Geo permissions).",
            wrong=False,
        )
    if settings().text_countries:
        yield Finding(
            "Which countries the account may text cannot be read by the REST interface.",
            "Compare TEXT_COUNTRIES with Messaging, Settings, Geo permissions at the carrier.",
            wrong=False,
        )


def closed_countries() -> tuple[list[str], list[str]]:
    """The countries of `callback_countries` that the account may not call, and those of which that is not known."""
    closed, unread = [], []
    permissions = client().voice.v1.dialing_permissions
    for country in settings().callback_countries:
        try:
            if not permissions.countries(country).fetch().low_risk_numbers_enabled:
                closed.append(country)
        except TwilioRestException:
            unread.append(country)
    return closed, unread


def caller_id() -> Iterator[Finding]:
    """Whether the numbers that we show to those who are called may be shown: they are the account's, or verified."""
    configured = settings()
    shown = [configured.hotline_number]
    if configured.synthetic_call_minutes and configured.synthetic_call_from:
        shown.append(configured.synthetic_call_from)
    for number in shown:
        try:
            number_setup.number_of(number)
        except number_setup.NotOurNumber:
            if not any(one.phone_number == number for one in client().outgoing_caller_ids.list(limit=200)):
                yield Finding(
                    f"{number} may not be shown as the caller: it is no number of the account, and not verified.",
                    "Verify it at the carrier (Verified Caller IDs).",
                )


def balance() -> Iterator[Finding]:
    """Whether the account has money left."""
    try:
        told = client().balance.fetch()
    except TwilioRestException as error:
        yield Finding(
            f"The balance cannot be read ({error.status}).", "Look it up at the carrier (Billing).", wrong=False
        )
        return
    left = spending.amount(told.balance)
    if told.balance is not None and left <= 0:
        yield Finding(
            f"The account's balance is {left:.2f} {told.currency}: unless it pays by invoice, calls are refused.",
            "Pay money in at the carrier (Billing), and let it be charged automatically.",
            wrong=False,
        )


def recordings() -> Iterator[Finding]:
    """Whether recordings can be read by us and by nobody else, and are deleted."""
    try:
        listed = client().recordings.list(limit=50)
        old = client().recordings.list(date_created_before=utc_now() - _DELETED_WITHIN, limit=50)
    except TwilioRestException as error:
        yield Finding(f"The recordings cannot be listed ({error.status}).", "Try again later.")
        return
    if old:
        yield Finding(
            f"{'At least ' if len(old) == 50 else ''}{len(old)} recordings at the carrier are older than two days, "
            "though the hotline deletes each when it has been fetched.",
            "Run `python -m ivr reconcile --since 30d`, and look under Needs a person.",
        )
    if any(one.encryption_details for one in listed):
        yield Finding(
            "The carrier encrypts recordings with a public key of the account, so the hotline cannot read them.",
            "Switch it off at the carrier (Voice, Settings, Recordings); the hotline encrypts them itself.",
        )
    yield from _access(listed[0].sid if listed and listed[0].sid else "")


def _access(sid: str) -> Iterator[Finding]:
    """Whether a recording is given to whoever knows its address; the setting itself cannot be read."""
    if not sid:
        yield Finding(
            "Whether recordings are protected by a log-in cannot be tried, because there is none.",
            "See that HTTP authentication for media is enforced at the carrier (Voice, Settings), then check again "
            "after the first message.",
            wrong=False,
        )
        return
    with requests.get(
        media.media_url(sid), timeout=settings().carrier_timeouts, allow_redirects=False, stream=True
    ) as answer:
        if answer.status_code in (200, 302, 307):
            yield Finding(
                "The carrier gives recordings to everybody who knows their address.",
                "Enforce HTTP authentication for media at the carrier (Voice, Settings).",
            )


def account_and_balance() -> Iterator[Finding]:
    """The account; its tokens, its API key and its money where the carrier lets us in."""
    found = list(account())
    yield from found
    if not any(one.bars for one in found):
        yield from token_check.tokens()
        yield from client_key_check.api_key()
        yield from balance()


#: All checks after that of the account, in their order.
CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    token_check.tokens, client_key_check.api_key, balance, number_check.numbers, regions, countries,
    sender_check.sender, caller_id,
    *settings_check.CHECKS, recordings,
)  # fmt: skip


def findings() -> Iterator[Finding]:
    """All findings; those of the account alone where the carrier does not let us in.

    Raises:
        requests.RequestException: the account could not be asked for.
    """
    of_account = list(account())
    yield from of_account
    if any(one.bars for one in of_account):
        return
    for check in CHECKS:
        try:
            yield from check()
        except TwilioRestException as error:
            yield Finding(f"The {check.__name__.replace('_', ' ')} cannot be read ({error.status}): {error.msg}.")
        except requests.RequestException as error:  # not all is asked of one host
            yield Finding(
                f"The {check.__name__.replace('_', ' ')} cannot be asked for ({type(error).__name__}).",
                "See that this machine reaches every host of the carrier by HTTPS, then check again.",
            )
