"""Checks the signature of the carrier's requests (header `X-Twilio-Signature`, HMAC-SHA1)."""

from __future__ import annotations

import hmac
from base64 import b64encode
from functools import lru_cache

from flask import Request, abort
from flask import request as current_request
from twilio.request_validator import RequestValidator

from ivr.config.settings import settings

_FORM = "application/x-www-form-urlencoded"


def called_url(request: Request, base_url: str = "") -> str:
    """The URL exactly as the carrier requested it, under our address for calls or another one.

    Flask's `request.url` is decoded (`%7E`, `%3A`, UTF-8), so genuine signatures would not match it. gunicorn keeps
    the raw target in RAW_URI, werkzeug in REQUEST_URI.
    """
    target = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path
    if target.startswith(("http://", "https://")):  # some proxies send the absolute form
        target = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"
    return (base_url or settings().calls_url) + target


def is_genuine(request: Request) -> bool:
    """Whether the signature matches the URL and the whole form, blank values included.

    Only forms are accepted. Any other body would be validated like an empty form, and a forged one would pass.
    """
    signature = request.headers.get("X-Twilio-Signature", "")
    if not signature or (request.content_length and request.mimetype != _FORM):
        return False
    # Without a public address the web process, which has a port of its own, answers calls too.
    addresses = dict.fromkeys((settings().calls_url, settings().base_url, settings().fallback_url))
    # While tokens are exchanged, either of two signs.
    tried = [(called_url(request, address), token) for token in settings().auth_tokens for address in addresses]
    if any(hmac.compare_digest(_signature(url, request, token), signature.encode()) for url, token in tried):
        return True
    # The carrier signs the URL with or without its port; its own library knows in which order to try.
    return any(_validator(token).validate(url, request.form, signature) for url, token in tried)


def _signature(url: str, request: Request, token: str) -> bytes:
    """The signature of a URL as it was called, with the form's fields in the order of their names.

    It is what the carrier sends in nearly all cases, at a sixth of what the library takes for its two variants.
    """
    fields = sorted(request.form.lists())
    text = url + "".join([name + value for name, values in fields for value in sorted(set(values))])
    return b64encode(hmac.digest(token.encode(), text.encode(), "sha1"))


@lru_cache(maxsize=4)
def _validator(token: str) -> RequestValidator:
    return RequestValidator(token)


def only_the_carrier() -> None:
    """Refuse a request (403) that does not come from the carrier. For `before_request` of a webhook's blueprint."""
    if not is_genuine(current_request):
        abort(403)
