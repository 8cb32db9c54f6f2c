"""Asks our own addresses as the carrier would, from this machine: signed, with an address as long as any of ours."""

from __future__ import annotations

from collections.abc import Iterator

import requests

from ivr.carrier import tokens
from ivr.carrier.finding import Finding
from ivr.carrier.hmac_signature import signature_of
from ivr.config.settings import settings

#: A document that changes nothing. Escapes that a proxy may decode, and 4,000 characters of address in all, because so
#: long may that of a call's state be.
_PATH = "/voice/last-resort/thanks?language=de%3A%2F&state="
_LONGEST = 4_000


def of(base: str, setting: str) -> Iterator[Finding]:
    """What is wrong with the answer to a signed webhook under an address, which `setting` names.

    Raises:
        requests.RequestException: it could not be asked.
    """
    url = f"{base}{_PATH}".ljust(_LONGEST, "x")
    form = {"AccountSid": settings().account_sid}
    signature = signature_of(url, form, tokens.in_order()[0])
    answer = requests.post(
        url, form, headers={"X-Twilio-Signature": signature}, timeout=settings().twilio_timeout, allow_redirects=False
    )
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
