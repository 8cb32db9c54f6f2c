"""Sends webhooks as the carrier does: signed forms, retries by the URL's fragment, answers within 15 seconds."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urldefrag, urlencode

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError

from ivr.audio.wav import Sound, read_wav

#: Carrier: a webhook that has not answered after 15 s has failed.
TIMEOUT = 15.0
#: Number of media files kept in memory at most.
_KEPT = 5000


class WebhookFailed(Exception):
    """The webhook gave no usable answer. `code` is the carrier's error number."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def sign(token: str, url: str, form: Mapping[str, str]) -> str:
    """HMAC-SHA1 over the URL without its fragment and the form's sorted names and values, in base64.

    This is written from the carrier's documentation and does not use its library, so that each checks the other.
    """
    text = urldefrag(url).url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


@dataclass(frozen=True)
class Media:
    """A sound to play, with its text and language tag if the source gives them."""

    sound: Sound
    text: str
    language: str


class Webhooks:
    """Posts forms to the product."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._media: dict[str, Media] = {}
        self._connections = urllib3.PoolManager(maxsize=64, retries=False, timeout=TIMEOUT)

    def post(self, url: str, form: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Post a form, with the retries that the URL's fragment asks for (`#rc=3&rp=ct,rt,5xx`).

        By default only a failed connection is tried again, once. Each attempt may take 15 seconds.

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
            "User-Agent": "local-carrier",
            "Content-Type": "application/x-www-form-urlencoded",
            "Connection": "close",  # connections that are kept alive would all reach the same web process
        }
        body = urlencode(form)
        failure = WebhookFailed(11205, "not tried")
        for _ in range(tries):
            try:
                response = self._connections.request("POST", target, body=body, headers=headers, redirect=False)
            except ReadTimeoutError:
                failure = WebhookFailed(11205, "no answer in time")
                if not policy & {"rt", "all"}:
                    break
                continue
            except HTTPError as error:
                failure = WebhookFailed(11205, f"no connection: {error}")
                if not policy & {"ct", "all"}:
                    break
                continue
            if 200 <= response.status < 300:
                return response
            failure = WebhookFailed(11200, f"status {response.status}")
            if not policy & {f"{response.status // 100}xx", "all"}:
                break
        raise failure

    def get_media(self, url: str) -> Media:
        """Fetch a sound to play. A response marked as immutable is kept in memory, as the carrier does.

        Raises:
            WebhookFailed: 11205 for no connection, 12300 for anything that is not audio.
        """
        if kept := self._media.get(url):
            return kept
        try:
            response, sound = self._media_of(url)
        except ValueError:  # the download was cut short, so it is tried once more
            try:
                response, sound = self._media_of(url)
            except ValueError as error:
                raise WebhookFailed(12300, str(error)) from error
        told = unquote(response.headers.get("X-Spoken-Text", ""))
        text = told if "X-Spoken-Text" in response.headers else f"[{sound.seconds:.1f} s of audio]"
        media = Media(sound, text, response.headers.get("Content-Language", ""))
        if "immutable" in response.headers.get("Cache-Control", "") and len(self._media) < _KEPT:
            self._media[url] = media
        return media

    def _media_of(self, url: str) -> tuple[urllib3.BaseHTTPResponse, Sound]:
        try:
            response = self._connections.request("GET", url, retries=urllib3.Retry(1, redirect=0))
        except HTTPError as error:
            raise WebhookFailed(11205, f"no media: {error}") from error
        if response.status != 200 or not response.headers.get("Content-Type", "").startswith("audio/"):
            raise WebhookFailed(12300, f"status {response.status}, {response.headers.get('Content-Type')}")
        return response, read_wav(response.data)
