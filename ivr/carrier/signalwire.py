"""SignalWire, by its compatible interface: a header and a key of its own, and a path before that of a resource.

Source: its documents *Webhook Security*, *Compatibility API*, and the npm package `@signalwire/compatibility-api`.
Tried with the local carrier only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request

from ivr.carrier.hmac_signature import is_signed_with
from ivr.config.settings import settings

#: Whether an answer of its interface names the address of a recording's audio.
NAMES_MEDIA = False
#: Whether text messages are sent by the same interface.
SENDS_TEXTS = True
#: Whether it calls browsers as clients. It has a product of its own for browsers, which is not built in here.
HAS_CLIENTS = False
#: The status that answers an event which was taken in: the only one that its documents name.
EVENT_TAKEN = 200
_PREFIX = "/api/laml"


def path(path: str) -> str:
    """The path under the compatible interface."""
    return path if path.startswith(_PREFIX) else _PREFIX + path


def login(account: str, token: str) -> Mapping[str, Any]:
    """Basic authentication, by the project's id and an API token."""
    return {"auth": (account, token)}


def fields(form: Mapping[str, Any]) -> Mapping[str, Any]:
    """The form as it is."""
    return form


def is_signed(request: Request, urls: tuple[str, ...]) -> bool:
    """Whether the project's signing key has signed, which is not the API token."""
    keys = (settings().webhook_key,)
    return is_signed_with(keys, request, request.headers.get("X-SignalWire-Signature", ""), urls)
