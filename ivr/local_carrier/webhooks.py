"""Sends webhooks as the carrier does: signed forms, retries by the URL's fragment, answers within 15 seconds."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urldefrag, urlencode

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError

from ivr.audio.wav import Sound, read_wav
from ivr.local_carrier.dialects import TWILIO, Dialect

#: Carrier: a webhook that has not answered after 15 s, all tries together, has failed.
TIMEOUT = 15.0
#: Carrier: a URL may have 4,000 characters.
LONGEST_URL = 4_000
#: Number of media files kept in memory at most.
_KEPT = 5000


class WebhookFailed(Exception):
    """The webhook gave no usable answer. `code` is the carrier's error number."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Override:
    """What the fragment of a webhook's URL asks for; times in seconds.

    Carrier: 5 s to connect (`ct`), 15 s to read (`rt`), 15 s in all (`tt`), one retry (`rc`, 5 at most) where there was
    no connection (`rp`). Times are given in milliseconds, and cannot be longer than these, save 10 s to connect.
    """

    connect: float = 5.0
    read: float = TIMEOUT
    total: float = TIMEOUT
    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})

    @classmethod
    def of(cls, fragment: str) -> Override:
        """What a fragment asks for."""
        given = {name: values[0] for name, values in parse_qs(fragment).items()}

        def seconds(name: str, usual: float, longest: float) -> float:
            return min(max(int(given[name]) / 1000, 0.1), longest) if name in given else usual

        return cls(
            seconds("ct", cls.connect, 10.0),
            seconds("rt", cls.read, TIMEOUT),
            seconds("tt", cls.total, TIMEOUT),
            min(int(given.get("rc", cls.retries)), 5),
            frozenset(given.get("rp", "ct").split(",")),
        )


@dataclass(frozen=True)
class Media:
    """A sound to play, with its text and language tag if the source gives them."""

    sound: Sound
    text: str
    language: str


class Webhooks:
    """Posts forms to the product."""

    def __init__(self, key: str, dialect: Dialect = TWILIO, public: str = "", nearer: Sequence[str] = ()) -> None:
        """`nearer`: addresses on this machine at which the product answers too, before its `public` one is asked."""
        #: What requests are signed with.
        self.key = key
        self._public, self._nearer = public, tuple(nearer)
        self._dialect = dialect
        self._media: dict[str, Media] = {}
        self._connections = urllib3.PoolManager(maxsize=64, retries=False, timeout=TIMEOUT)

    def post(self, url: str, form: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Post a form in the carrier's name, as :meth:`_send` does."""
        return self._send(url, urlencode(form), "application/x-www-form-urlencoded", form)

    def post_json(self, url: str, told: object) -> urllib3.BaseHTTPResponse:
        """Post JSON in the carrier's name, as :meth:`_send` does."""
        return self._send(url, json.dumps(told), "application/json", {})

    def _send(self, url: str, body: str, kind: str, form: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Post a body, with the retries that the URL's fragment asks for (`#rc=3&rp=ct,rt,5xx`).

        By default only a failed connection is tried again, once. All tries together may take 15 seconds.

        Raises:
            WebhookFailed: 11100 for a URL that is too long, 11200 for a status that is no success, 11205 for no
                connection or no answer in time.
        """
        target, fragment = urldefrag(url)
        if len(target) > LONGEST_URL:
            raise WebhookFailed(11100, f"a URL of {len(target)} characters, the carrier takes {LONGEST_URL}")
        override = Override.of(fragment)
        headers = {**self._headers(url, target, form, body), "Content-Type": kind}
        failure = WebhookFailed(11205, "not tried")
        ends = time.monotonic() + override.total
        for _ in range(1 + override.retries):
            left = ends - time.monotonic()
            if left <= 0:
                break
            timeout = urllib3.Timeout(connect=min(override.connect, left), read=min(override.read, left), total=left)
            try:
                response = self._asked("POST", target, body=body, headers=headers, redirect=False, timeout=timeout)
            except ReadTimeoutError:
                failure, reason = WebhookFailed(11205, "no answer in time"), "rt"
            except HTTPError as error:
                failure, reason = WebhookFailed(11205, f"no connection: {error}"), "ct"
            else:
                if response.status in self._dialect.taken:
                    return response
                failure, reason = WebhookFailed(11200, f"status {response.status}"), f"{response.status // 100}xx"
            if not override.policy & {reason, "all"}:
                break
        raise failure

    def _asked(self, method: str, url: str, **how: Any) -> urllib3.BaseHTTPResponse:
        """Ask for a URL where it is answered nearest: a call needs no proxy, name or certificate then.

        Raises:
            HTTPError: nobody has answered.
        """
        if url.startswith(f"{self._public}/"):
            for near in self._nearer:
                with suppress(NewConnectionError):  # that process is away: the next one answers, or another host
                    place = near + url.removeprefix(self._public)
                    return self._connections.request(method, place, **how | {"retries": False})
        return self._connections.request(method, url, **how)

    def _headers(self, url: str, target: str, form: Mapping[str, str], body: str) -> dict[str, str]:
        return {
            **self._dialect.signed(self.key, url, form, body),
            "I-Twilio-Idempotency-Token": hashlib.sha256(target.encode()).hexdigest()[:32],
            "User-Agent": "local-carrier",
            "Connection": "close",  # connections that are kept alive would all reach the same web process
        }

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
            response = self._asked("GET", url, retries=urllib3.Retry(1, redirect=0))
        except HTTPError as error:
            raise WebhookFailed(11205, f"no media: {error}") from error
        if response.status != 200 or not response.headers.get("Content-Type", "").startswith("audio/"):
            raise WebhookFailed(12300, f"status {response.status}, {response.headers.get('Content-Type')}")
        return response, read_wav(response.data)
