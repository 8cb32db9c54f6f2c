"""Whether the API key that signs the access tokens of browsers is the account's, can do so, and has its secret."""

from __future__ import annotations

from collections.abc import Iterator

from twilio.base.exceptions import TwilioRestException

from ivr.carrier.client import client, client_with_key
from ivr.carrier.finding import Finding
from ivr.config.settings import settings

#: The region of accounts that name none, and the only one that has restricted keys.
_USUAL_REGION = "us1"
_SILENT = "no browser of a member is rung"


def api_key() -> Iterator[Finding]:
    """Whether browsers can register with the access tokens that the API key signs.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    configured = settings()
    key, region = configured.twilio_api_key, configured.twilio_region or _USUAL_REGION
    if not key:
        return
    create = (
        f"Create a standard API key of the account, in region {region}, and set TWILIO_API_KEY and TWILIO_API_SECRET "
        "to it."
    )
    try:
        restricted = _is_restricted(key, region)
    except TwilioRestException as error:
        if error.status != 404:
            raise
        yield Finding(
            f"The account has no API key {key} in region {region}, so {_SILENT}: it was revoked, or is of another "
            "account or region.",
            create,
        )
        return
    if restricted:
        yield Finding(f"The API key {key} is a restricted one, which signs no access tokens, so {_SILENT}.", create)
    elif not _is_taken():
        yield Finding(
            f"The carrier refuses TWILIO_API_SECRET (401): it is not that of the API key {key}, so {_SILENT}.",
            f"Set TWILIO_API_SECRET to the key's own secret, which is shown once. If it is lost: {create}",
        )


def _is_restricted(key: str, region: str) -> bool:
    """Whether a key of the account has permissions of its own.

    Raises:
        TwilioRestException: 404, the account has no such key.
    """
    if region == _USUAL_REGION:
        return bool(client().iam.v1.api_key(key).fetch().policy)
    client().api.accounts(settings().account_sid).keys(key).fetch()
    return False


def _is_taken() -> bool:
    """Whether the carrier lets the key in. A standard key may read numbers, but no accounts and no keys."""
    try:
        client_with_key().incoming_phone_numbers.list(limit=1)
    except TwilioRestException as error:
        if error.status == 401:
            return False
        raise
    return True
