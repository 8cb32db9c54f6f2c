"""Whether each auth token of the settings is one of the account, where there are two of them."""

from __future__ import annotations

from collections.abc import Iterator

from twilio.base.exceptions import TwilioRestException

from ivr.carrier.client import client_with
from ivr.carrier.finding import Finding
from ivr.config.settings import settings


def tokens() -> Iterator[Finding]:
    """Which of two tokens the carrier refuses.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    configured = settings()
    secondary = configured.twilio_secondary_auth_token
    if len(configured.auth_tokens) < 2:
        return
    if not _is_taken(configured.auth_token):
        yield Finding(
            "The carrier refuses TWILIO_AUTH_TOKEN (401) and takes TWILIO_SECONDARY_AUTH_TOKEN, which was promoted. "
            "Webhooks that are signed with the former token are still accepted.",
            "Put the secondary token into TWILIO_AUTH_TOKEN, and empty TWILIO_SECONDARY_AUTH_TOKEN.",
        )
    elif not _is_taken(secondary):
        yield Finding(
            "The carrier refuses TWILIO_SECONDARY_AUTH_TOKEN (401): once the account's secondary token is promoted, no "
            "webhook and no request counts any more.",
            "Copy the secondary token from the carrier, or empty TWILIO_SECONDARY_AUTH_TOKEN.",
        )


def _is_taken(token: str) -> bool:
    try:
        client_with(token).api.accounts(settings().account_sid).fetch()
    except TwilioRestException as error:
        if error.status == 401:
            return False
        raise
    return True
