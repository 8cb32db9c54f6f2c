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
_RECORDINGS = ("studio.record", "softphone.exchange")


def protect(app: Flask) -> None:
    """Set the content security policy and its companions on every response; behind TLS, that it stays so. Limit what a
    request may bring."""
    behind_tls = settings().base_url.startswith("https://")

    @app.before_request
    def sizes() -> None:
        if request.endpoint in _RECORDINGS:
            request.max_content_length = LARGEST_RECORDING

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers.setdefault("Permissions-Policy", "microphone=(self), camera=(), geolocation=()")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if behind_tls:
            response.headers.setdefault("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
        # Pages show persons: nothing but our own assets may stay in a cache.
        if response.cache_control.max_age is None:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response
