"""Telnyx, by TeXML: Bearer log-in, Ed25519 signatures over the body, ids of calls with a colon.

Source: its documents *TeXML REST API* and *Webhook verification*, and the npm package `telnyx`. Tried with the local
carrier only.
"""

from __future__ import annotations

import re
import time
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Request

from ivr.config.settings import settings

#: Whether an answer of its interface names the address of a recording's audio.
NAMES_MEDIA = True
#: Whether text messages are sent by the same interface.
SENDS_TEXTS = False
#: Whether it calls browsers as clients. It has a product of its own for browsers, which is not built in here.
HAS_CLIENTS = False
#: The status that answers an event which was taken in. After any other it tells the event again, elsewhere.
EVENT_TAKEN = 200
_TWILIO, _PREFIX = "/2010-04-01", "/v2/texml"
#: Resources whose path has no ending; that of recordings has one.
_BARE = re.compile(r"/(Calls|Conferences|Participants)(/[^/]+)?\.json")
#: Seconds that a signature is accepted before and after its time.
_ACCEPTED = 300


def path(path: str) -> str:
    """The path of TeXML."""
    path = _PREFIX + path.removeprefix(_TWILIO) if path.startswith(_TWILIO) else path
    return path.removesuffix(".json") if _BARE.search(path) else path


def login(_account: str, token: str) -> Mapping[str, Any]:
    """A Bearer token, the API key."""
    return {"auth": None, "headers": {"Authorization": f"Bearer {token}"}}


def fields(form: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values that are lists are one text, separated by spaces."""
    return {name: " ".join(value) if isinstance(value, list) else value for name, value in form.items()}


def is_signed(request: Request, _urls: tuple[str, ...]) -> bool:
    """Whether the account's key has signed the time and the body. The address is not signed."""
    signature, at = request.headers.get("Telnyx-Signature-Ed25519", ""), request.headers.get("Telnyx-Timestamp", "")
    if not re.fullmatch(r"[0-9]{1,12}", at) or abs(time.time() - int(at)) > _ACCEPTED:
        return False
    body = request.get_data(cache=True)  # before the form is read
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(settings().webhook_key, validate=True))
        key.verify(b64decode(signature, validate=True), f"{at}|".encode() + body)
    except (InvalidSignature, ValueError):
        return False
    return True
