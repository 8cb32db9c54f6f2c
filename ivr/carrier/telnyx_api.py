"""Asks Telnyx's own interface (/v2), beside the one for calls, with the tokens of the account."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from ivr.carrier import tokens
from ivr.config.settings import settings


def get(path: str, wishes: Mapping[str, str] | None = None) -> requests.Response:
    """What is there, by the first of the account's tokens that is taken.

    Raises:
        requests.RequestException: it could not be asked.
    """
    return _asked("GET", path, params=wishes)


def post(path: str, wishes: Mapping[str, str]) -> requests.Response:
    """The answer to a wish, by the first of the account's tokens that is taken.

    Raises:
        requests.RequestException: it could not be asked.
    """
    return _asked("POST", path, json=wishes)


def _asked(
    method: str, path: str, params: Mapping[str, str] | None = None, json: Mapping[str, str] | None = None
) -> requests.Response:
    for token in tokens.in_order():
        answer = requests.request(
            method,
            f"{settings().carrier_base_url}/v2/{path}",
            params=params,
            json=json,
            headers={"Authorization": f"Bearer {token}"},
            timeout=settings().carrier_timeouts,
            allow_redirects=False,
        )
        if answer.status_code != 401:
            tokens.worked(token)
            break
    return answer
