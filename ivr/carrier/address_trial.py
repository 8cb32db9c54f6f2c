"""Asks our own addresses as the carrier would, from this machine: signed, with an address as long as any of ours."""

from __future__ import annotations

from collections.abc import Iterator

import requests

from ivr.carrier import number_setup, tokens
from ivr.carrier.finding import Finding
from ivr.carrier.hmac_signature import signature_of
from ivr.carrier.signature import NOTHING, TRIAL
from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import settings

#: A document that changes nothing. Escapes that a proxy may decode, and 4,000 characters of address in all, because so
#: long may that of a call's state be.
_PATH = "/voice/last-resort/thanks?language=de%3A%2F&state="
_LONGEST = 4_000


def of(base: str, setting: str) -> Iterator[Finding]:
    """What is wrong with the answers to signed webhooks under an address, which `setting` names.

    Raises:
        requests.RequestException: it could not be asked.
    """
    faults = list(_long_address(base, setting))
    yield from faults or _webhooks(base)


def _long_address(base: str, setting: str) -> Iterator[Finding]:
    url = f"{base}{_PATH}".ljust(_LONGEST, "x")
    answer = _asked(url)
    if answer.status_code == 403:
        yield Finding(
            f"{base} refuses a webhook that is signed with the account's token (403).",
            "See that the processes there have the same TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and addresses as here, "
            "and were restarted since; and that no proxy changes the path or the query.",
        )
    elif answer.status_code in (400, 414, 431):
        yield Finding(
            f"{base} refuses an address of {len(url) - len(base)} characters ({answer.status_code}), and so the call "
            "of somebody with much to tell.",
            "Raise the limit of the proxy (nginx: large_client_header_buffers), or of the server.",
        )
    elif answer.status_code != 200 or "<Response" not in answer.text:
        yield Finding(
            f"{base} is answered by something that is not the hotline: /voice gives no document "
            f"(status {answer.status_code}).",
            f"Set {setting} to the hotline's address, or let the proxy send /voice to the processes `web` or `voice`.",
        )


def _webhooks(base: str) -> Iterator[Finding]:
    """Each address that the carrier is told for the number and for text messages, whichever are under this one."""
    told = [url for url in number_setup.wanted_webhooks().values() if url.startswith("http")]
    told += [voice_url("/answer"), voice_url("/recording"), voice_url("/text/status")]
    for url in dict.fromkeys(url.partition("#")[0] for url in told):
        if not url.startswith(f"{base}/"):
            continue
        answer = _asked(f"{url}?{TRIAL}=1")
        if answer.status_code != 200 or answer.text != NOTHING:
            yield Finding(
                f"{url} does not take a webhook that is signed with the account's token (status {answer.status_code}).",
                "Let the proxy send every address under /voice to the processes `web` or `voice` as it came, and see "
                "that they are of this version.",
            )


def _asked(url: str) -> requests.Response:
    form = {"AccountSid": settings().account_sid}
    return requests.post(
        url,
        form,
        headers={"X-Twilio-Signature": signature_of(url, form, tokens.in_order()[0])},
        timeout=settings().twilio_timeout,
        allow_redirects=False,
    )
