"""How often one may ask: counted in Redis for all web processes together, in this process while Redis is away.

The carrier is never limited (the line has rules of its own, ivr.calls.screening), nor is who asks for health.
"""

from __future__ import annotations

import time
from typing import Any

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_login import current_user

from ivr.config.settings import settings
from ivr.domain.networks import place_of
from ivr.domain.permissions import CARRIER, permission_of
from ivr.platform.crypto import Purpose
from ivr.platform.keyed_hash import keyed_hash
from ivr.web import known_devices

#: Requests a minute of one log-in, or one address; pages ask by themselves some hundred times.
_EVERYBODY = "1500 per minute"
#: Passwords, codes and answers of a provider a minute from one address: what the machine can check, and an office of
#: some hundred people types at eight o'clock. Who guesses is held up by name (ivr.accounts.login_sessions), not here.
_LOG_IN = "600 per minute"
#: Where passwords, codes and answers of a provider are tried.
_GUESSED = (
    "login.page", "login.second_factor", "account.password", "account.propose_app", "account.confirm_app",
    "account.remove_app", "account.new_codes", "account.add_key", "account.remove_key", "login.sso_back",
    "account.change_mail", "links.send_link", "links.choose",
)  # fmt: skip
#: Requests a minute of a program.
_PROGRAM = "600 per minute"
#: Seconds to wait for Redis.
_PATIENCE: dict[str, Any] = {"socket_connect_timeout": 0.3, "socket_timeout": 0.3}
#: Blueprints and endpoints the carrier, watchers and browsers ask for as they need.
_UNLIMITED = ("static", "health", "monitored", "voice")


def protect(app: Flask) -> None:
    """Limit all endpoints but the carrier's."""
    limiter = Limiter(
        _who,
        app=app,
        default_limits=[_EVERYBODY],
        storage_uri=_storage(settings().redis),
        storage_options=_PATIENCE,
        in_memory_fallback_enabled=True,
        swallow_errors=True,
        key_prefix="limits",
    )

    @limiter.request_filter
    def unlimited() -> bool:
        if request.endpoint is None or request.endpoint.partition(".")[0] in _UNLIMITED:
            return True
        permission = permission_of(request.endpoint)
        return permission is not None and CARRIER in permission.who

    guesses = limiter.shared_limit(
        _LOG_IN, scope="log-in", key_func=_address, exempt_when=_only_looks, override_defaults=False
    )

    @app.after_request
    def say_when(response: Response) -> Response:
        limit = limiter.current_limit
        if response.status_code == 429 and limit is not None:
            response.headers.setdefault("Retry-After", str(max(1, int(limit.reset_at - time.time()))))
        return response

    views: dict[str, Any] = app.view_functions
    for endpoint in _GUESSED:
        views[endpoint] = guesses(views[endpoint])
    programs = limiter.shared_limit(_PROGRAM, scope="programs", key_func=_program)
    for endpoint in (name for name in views if name.startswith("api.") and name != "api.document"):
        views[endpoint] = programs(views[endpoint])


def _storage(redis: str) -> str:
    return f"redis+{redis}" if redis.startswith("unix://") else redis


def _only_looks() -> bool:
    return (request.method == "GET" and request.endpoint != "login.sso_back") or known_devices.is_known()


def _who() -> str:
    if current_user.is_authenticated:
        return _hidden(current_user.get_id())
    return _address()


def _address() -> str:
    return _hidden(place_of(request.remote_addr or ""))


def _program() -> str:
    """A program is its token and its address: wrong tokens of others behind the same address are not counted to it."""
    return _hidden(f"{place_of(request.remote_addr or '')} {request.headers.get('Authorization', '')}")


def _hidden(text: str) -> str:
    # Redis holds no addresses of people.
    return keyed_hash(Purpose.LIMITS, text)[:24]
