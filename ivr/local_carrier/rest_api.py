"""The carrier's REST interface, as far as the product uses it: its authentication and its errors.

The resources are in `rest_calls`, `rest_conferences`, `rest_recordings`, `rest_messages` and `rest_numbers`.
"""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, request

from ivr.local_carrier import rest_calls, rest_conferences, rest_messages, rest_numbers, rest_recordings
from ivr.local_carrier.rest_format import error


def blueprint(account_sid: str, token: str) -> Blueprint:
    """The interface under /2010-04-01/Accounts/{AccountSid}. Basic authentication takes the account's id and token."""
    rest = Blueprint("rest", __name__, url_prefix=f"/2010-04-01/Accounts/{account_sid}")

    @rest.before_request
    def authenticate() -> Response | None:
        given = request.authorization
        if given is None or given.username != account_sid or not hmac.compare_digest(given.password or "", token):
            return error(401, 20003, "Authenticate")
        return None

    @rest.errorhandler(404)
    def missing(_: object) -> Response:
        return error(404, 20404, f"The requested resource {request.path} was not found")

    for resource in (rest_calls, rest_conferences, rest_messages, rest_numbers, rest_recordings):
        rest.register_blueprint(resource.pages)
    return rest
