"""Headers that every answer carries."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from flask import Flask, Response, request

from ivr.config.settings import settings

_RULES = (
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "media-src 'self' blob:",
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)


def policy(servers: Sequence[str] = ()) -> str:
    """The content security policy of a page that connects to our own server only, or to these `servers` as well."""
    connects = (" ".join(("connect-src 'self'", *servers)),) if servers else ()
    return "; ".join((*_RULES, *connects))


#: Bytes of a request; and of one that brings a recording, or the calendar of some years.
LARGEST, LARGEST_FILE = 1024 * 1024, 4 * 1024 * 1024
_FILES = (
    "studio.record", "softphone.exchange", "browser_telephone.talks", "announcing.record", "night.add", "night.preview",
    "api.publish_announcement", "api.add_answer", "roster.take_calendar",
)  # fmt: skip


_HEADERS = (
    ("Content-Security-Policy", policy()),
    ("Permissions-Policy", "microphone=(self), camera=(), geolocation=()"),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_BEHIND_TLS = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
#: Pages show persons: nothing but our own assets may stay in a cache.
_NOT_KEPT = ("Cache-Control", "private, no-store")


def of_every_answer() -> tuple[tuple[str, str], ...]:
    """The content security policy and its companions; behind TLS, that it stays so."""
    return _of_every_answer(settings().base_url.startswith("https://"))


@cache
def _of_every_answer(behind_tls: bool) -> tuple[tuple[str, str], ...]:
    return (*_HEADERS, _BEHIND_TLS, _NOT_KEPT) if behind_tls else (*_HEADERS, _NOT_KEPT)


def add(response: Response) -> Response:
    """Set these headers on a response that has not set them itself."""
    present = {name.lower() for name, _ in response.headers}
    response.headers.extend([header for header in of_every_answer() if header[0].lower() not in present])
    return response


def protect(app: Flask) -> None:
    """Set the headers on every response. Limit what a request may bring."""

    @app.before_request
    def sizes() -> None:
        if request.endpoint in _FILES:
            request.max_content_length = LARGEST_FILE

    app.after_request(add)
