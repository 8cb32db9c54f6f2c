"""Signs requests as the configured carrier does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ivr.config.settings import Settings
from ivr.domain.enums import CarrierName
from ivr.local_carrier.dialects import DIALECTS

_FORM = "application/x-www-form-urlencoded"


def signed(settings: Settings, url: str, form: Mapping[str, str]) -> dict[str, Any]:
    """Arguments of a request with this form to this URL: its body and its headers."""
    body = urlencode(form)
    key = settings.auth_token if settings.manner == CarrierName.TWILIO else settings.local_signing_key
    return {"data": body, "headers": {**DIALECTS[settings.carrier].signed(key, url, form, body), "Content-Type": _FORM}}
