"""The tokens in forms (against forged requests): each page has its own, even of two that are made in the same second.

By its token a form is known that arrives twice (:mod:`ivr.web.sent_once`).
"""

from __future__ import annotations

import secrets

from flask import Flask, g
from flask_wtf.csrf import CSRFProtect, generate_csrf, validate_csrf

#: Stands before the part of a token that only tells pages apart: no signed token has it.
_MARK = "~"


class _Protection(CSRFProtect):
    def _get_csrf_token(self) -> str | None:
        token: str | None = super()._get_csrf_token()
        return signed(token) if token else token


def signed(token: str) -> str:
    """The part of a token that is signed, and names its session."""
    return token.partition(_MARK)[0]


def check(token: str) -> None:
    """Raises `ValidationError` (a `ValueError`) where a token is not of this session."""
    validate_csrf(signed(token))


def _of_page() -> str:
    if "page_mark" not in g:
        g.page_mark = secrets.token_urlsafe(6)
    return f"{generate_csrf()}{_MARK}{g.page_mark}"


def install(app: Flask) -> CSRFProtect:
    """Ask for a token in every form; give the templates that of their page."""
    protection = _Protection(app)
    app.jinja_env.globals["csrf_token"] = _of_page
    app.context_processor(lambda: {"csrf_token": _of_page})
    return protection
