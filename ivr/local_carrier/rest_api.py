"""The carrier's REST interface, as far as the product uses it: its authentication and its errors.

The resources are in `rest_account`, `rest_calls`, `rest_conferences`, `rest_recordings`, `rest_messages` and
`rest_numbers`; those of other hosts in `rest_products`.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request

from ivr.local_carrier import (
    rest_account,
    rest_calls,
    rest_conferences,
    rest_messages,
    rest_numbers,
    rest_recordings,
)
from ivr.local_carrier.rest_format import current_switch, error, status_of_error
from ivr.local_carrier.switch import Switch


def authentication(switch: Switch) -> Callable[[], Response | None]:
    """Authentication in the manner of a carrier, which takes the account's id and a token, or the token alone."""

    def authenticate() -> Response | None:
        account_sid, logged_in = switch.subscription.account_sid, switch.dialect.logged_in
        by_token = any(logged_in(request, account_sid, token) for token in switch.tokens.valid)
        if not by_token and not _by_key(switch):
            return error(401, 20003, "Authenticate")
        if code := switch.store.account.refused_with:
            return error(status_of_error(code), code, "refused on request")
        return None

    return authenticate


def _by_key(switch: Switch) -> bool:
    """Carrier: a standard API key reads everything but accounts and keys, a restricted one what it is allowed."""
    keys = [(sid, secret) for sid, secret, restricted in switch.store.account.api_keys if not restricted]
    of_account = request.path == f"/2010-04-01/Accounts/{switch.subscription.account_sid}.json"
    if of_account or "/Keys/" in request.path:
        return False
    return any(switch.dialect.logged_in(request, sid, secret) for sid, secret in keys)


def blueprint(account_sid: str, authenticate: Callable[[], Response | None]) -> Blueprint:
    """The interface under /2010-04-01/Accounts/{AccountSid}."""
    rest = Blueprint("rest", __name__, url_prefix=f"/2010-04-01/Accounts/{account_sid}")
    rest.before_request(_open_media(authenticate))

    for resource in (rest_account, rest_calls, rest_conferences, rest_messages, rest_numbers, rest_recordings):
        rest.register_blueprint(resource.pages)
    return rest


def missing(_: object) -> Response:
    """What the carrier says of what it does not know, at each of its hosts: accounts, resources, products."""
    return error(404, 20404, f"The requested resource {request.path} was not found")


def _open_media(authenticate: Callable[[], Response | None]) -> Callable[[], Response | None]:
    """The same authentication, except of a recording's audio where the account gives it to everybody."""

    def unless_open() -> Response | None:
        if request.path.endswith(".wav") and current_switch().store.account.recordings_open:
            return None
        return authenticate()

    return unless_open
