"""Headers that every answer carries."""

from __future__ import annotations

from flask import Flask, Response, request

from ivr.config.settings import settings

_POLICY = "; ".join(
    (
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
)


#: Bytes of a request; and of one that brings a recording.
LARGEST, LARGEST_RECORDING = 1024 * 1024, 4 * 1024 * 1024
_RECORDINGS = (
    "studio.record", "softphone.exchange", "announcing.record", "night.add", "night.preview",
    "api.publish_announcement", "api.add_answer",
)  # fmt: skip


_HEADERS = (
    ("Content-Security-Policy", _POLICY),
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


def add(response: Response) -> Response:
    """Set the content security policy and its companions on a response; behind TLS, that it stays so."""
    present = {name.lower() for name, _ in response.headers}
    wanted = [header for header in _HEADERS if header[0].lower() not in present]
    if settings().base_url.startswith("https://"):
        wanted.append(_BEHIND_TLS)
    if "cache-control" not in present:
        wanted.append(_NOT_KEPT)
    response.headers.extend(wanted)
    return response


def protect(app: Flask) -> None:
    """Set the headers on every response. Limit what a request may bring."""

    @app.before_request
    def sizes() -> None:
        if request.endpoint in _RECORDINGS:
            request.max_content_length = LARGEST_RECORDING

    app.after_request(add)
