"""Sends webhooks as the carrier does: signed forms, fragments with retry overrides, answers within 15 s."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Mapping
from urllib.parse import parse_qs, urldefrag

import requests
from requests.adapters import HTTPAdapter

#: Carrier: a webhook that has not answered after 15 s has failed.
TIMEOUT = 15.0


class WebhookFailed(Exception):
    """No usable answer. `code` is the carrier's error number."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def sign(token: str, url: str, form: Mapping[str, str]) -> str:
    """HMAC-SHA1 over the URL without its fragment and the form's sorted names and values, in base64.

    Written from the carrier's documentation and not with its library, so that either checks the other.
    """
    text = urldefrag(url).url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class Webhooks:
    """Posts forms to the house, one kept-alive connection a thread."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._local = threading.local()

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
            self._local.session.mount("http://", HTTPAdapter(pool_connections=2, pool_maxsize=2))
        session: requests.Session = self._local.session
        return session

    def post(self, url: str, form: Mapping[str, str]) -> requests.Response:
        """Post once, and again as the URL's fragment asks (`#rc=3&rp=ct,rt,5xx`).

        By default only a failed connection is tried again, once.

        Raises:
            WebhookFailed: 11200 for a status that is no success, 11205 for no connection or no answer in time.
        """
        target, fragment = urldefrag(url)
        override = {name: values[0] for name, values in parse_qs(fragment).items()}
        tries = 1 + int(override.get("rc", "1"))
        policy = set(override.get("rp", "ct").split(","))
        headers = {
            "X-Twilio-Signature": sign(self._token, url, form),
            "I-Twilio-Idempotency-Token": hashlib.sha256(target.encode()).hexdigest()[:32],
            "User-Agent": "local-exchange",
        }
        failure = WebhookFailed(11205, "not tried")
        for _ in range(tries):
            try:
                response = self._session().post(
                    target, data=dict(form), headers=headers, timeout=TIMEOUT, allow_redirects=False
                )
            except requests.ConnectionError as error:
                failure = WebhookFailed(11205, f"no connection: {error}")
                if not policy & {"ct", "all"}:
                    break
                continue
            except requests.Timeout:
                failure = WebhookFailed(11205, "no answer in time")
                if not policy & {"rt", "all"}:
                    break
                continue
            if 200 <= response.status_code < 300:
                return response
            failure = WebhookFailed(11200, f"status {response.status_code}")
            if not policy & {f"{response.status_code // 100}xx", "all"}:
                break
        raise failure

    def get_media(self, url: str) -> bytes:
        """Fetch what is to be played.

        Raises:
            WebhookFailed: 12300 for anything but audio.
        """
        try:
            response = self._session().get(url, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise WebhookFailed(11205, f"no media: {error}") from error
        if response.status_code != 200 or not response.headers.get("Content-Type", "").startswith("audio/"):
            raise WebhookFailed(12300, f"status {response.status_code}, {response.headers.get('Content-Type')}")
        return response.content
