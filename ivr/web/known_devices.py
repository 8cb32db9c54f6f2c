"""Browsers in which somebody has logged in before: a guesser elsewhere, or at the next desk, does not lock them out.

A signed cookie names the users and a random number for each. It opens nothing: it only says against what wrong
passwords are counted (OWASP calls it a device cookie).
"""

from __future__ import annotations

import secrets

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from ivr.models.accounts import User
from ivr.platform import crypto, timed_signatures
from ivr.platform.crypto import Purpose

_COOKIE, _PATH = "hotline-device", "/login"
#: For so long a browser is known, in seconds, and for so many people who share it.
_SECONDS, _PEOPLE = 90 * 24 * 3600, 12


def _signer() -> URLSafeTimedSerializer:
    return timed_signatures.serializer(crypto.signing_keys(Purpose.WEB_SESSIONS)[::-1], "known device")


def _people() -> dict[str, str]:
    try:
        named = _signer().loads(request.cookies.get(_COOKIE, ""), max_age=_SECONDS)
        return {str(user): str(number) for user, number in named}
    except (BadSignature, TypeError, ValueError):
        return {}


def is_known() -> bool:
    """Whether anybody has logged in with this browser before."""
    return bool(_people())


def number_of(user: User | None) -> str:
    """The number of this browser, if this user has logged in with it before; else empty."""
    return _people().get(str(user.id), "") if user is not None else ""


def remember(answer: Response, user: User) -> None:
    """Somebody has logged in with this browser."""
    people = _people()
    number = people.pop(str(user.id), "") or secrets.token_urlsafe(12)
    named = [*people.items(), (str(user.id), number)][-_PEOPLE:]
    answer.set_cookie(
        _COOKIE, str(_signer().dumps(named)), max_age=_SECONDS, path=_PATH, httponly=True, samesite="Lax",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )  # fmt: skip
