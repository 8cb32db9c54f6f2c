"""The carrier's REST interface: twilio's client with a time-out, on an injectable base; and its media."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import settings

# It would write every request with its numbers into the log.
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)

#: The carrier has refused something: `status` is that of HTTP, `msg` its reason.
Refused = TwilioRestException
#: The carrier's last words about a call.
ENDED = ("completed", "busy", "failed", "no-answer", "canceled")
#: 16-bit mono at 8 kHz is 16 kB a second; nothing we asked for is longer than ten minutes, and yet a recording of
#: hours is somebody's message.
MAX_MEDIA_BYTES = 512 * 1024 * 1024
#: What carriers call a WAV file, and other audio they may keep.
_AUDIO = ("audio/", "application/octet-stream", "application/ogg")


class NotThere(Exception):
    """The carrier has no such recording (yet, or any more)."""


class NotOurNumber(Exception):
    """The account has no such telephone number."""


class NotAudio(Exception):
    """The carrier answered with something that is no audio we can read."""


class _Elsewhere(TwilioHttpClient):
    """Sends every request to the configured base instead of the host the SDK chose."""

    def __init__(self, base_url: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._base = urlsplit(base_url)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        path = urlsplit(url)
        target = urlunsplit((self._base.scheme, self._base.netloc, self._base.path + path.path, path.query, ""))
        return super().request(method, target, *args, **kwargs)


def _base_url() -> str:
    configured = settings()
    if configured.twilio_region and not configured.twilio_api_base_url:
        return f"https://api.{configured.twilio_edge}.{configured.twilio_region}.twilio.com"
    return configured.carrier_base_url


def client() -> Client:
    """A client for our account; it waits `twilio_timeout` seconds at most for an answer."""
    configured = settings()
    return Client(
        configured.account_sid,
        configured.auth_token,
        http_client=_Elsewhere(_base_url(), configured.twilio_timeout),
        region=configured.twilio_region or None,
        edge=configured.twilio_edge or None,
    )


def media_url(recording_sid: str) -> str:
    """Address of a recording's WAV file, built from ids alone, never from a URL in a request."""
    account = quote(settings().account_sid, safe="")
    return f"{_base_url()}/2010-04-01/Accounts/{account}/Recordings/{quote(recording_sid, safe='')}.wav"


def fetch_audio(recording_sid: str) -> bytes:
    """The recording, as a WAV file where the carrier keeps to its word.

    Raises:
        NotThere: the carrier does not have it; right after a call it may come later.
        NotAudio: what came is no audio (an error page has been saved as audio elsewhere).
        requests.RequestException: the carrier could not be asked.
    """
    configured = settings()
    with requests.get(
        media_url(recording_sid),
        auth=(configured.account_sid, configured.auth_token),
        timeout=(configured.twilio_timeout, configured.twilio_timeout),
        allow_redirects=False,
        stream=True,
    ) as response:
        if response.status_code == 404:
            raise NotThere(recording_sid)
        response.raise_for_status()
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if response.status_code != 200 or not kind.startswith(_AUDIO):
            raise NotAudio(f"status {response.status_code}, type {kind or 'none'}")
        audio = bytearray()
        for chunk in response.iter_content(65536):
            audio += chunk
            if len(audio) > MAX_MEDIA_BYTES:
                raise NotAudio("larger than anything we asked for")
        expected = response.headers.get("Content-Length")
        if expected and not response.headers.get("Content-Encoding") and int(expected) != len(audio):
            raise requests.ConnectionError("the recording was cut short")
    return bytes(audio)


@dataclass(frozen=True)
class Kept:
    """A recording as the carrier lists it."""

    recording_sid: str
    status: str
    seconds: float
    created_at: datetime | None = None


def recordings_of(call_sid: str) -> list[Kept]:
    """What the carrier has recorded of a call.

    Raises:
        TwilioRestException, requests.RequestException: it could not be asked.
    """
    listed = client().recordings.list(call_sid=call_sid, limit=50)
    return [Kept(item.sid, str(item.status), max(0.0, float(item.duration or 0))) for item in listed]


def delete_recording(recording_sid: str) -> None:
    """Delete the carrier's copy and see that it is gone. Safe to repeat.

    Raises:
        TwilioRestException: the carrier refused, or still has it.
    """
    recording = client().recordings(recording_sid)
    try:
        recording.delete()
    except TwilioRestException as error:
        if error.status != 404:
            raise
    try:
        recording.fetch()
    except TwilioRestException as error:
        if error.status == 404:
            return
        raise
    raise TwilioRestException(409, media_url(recording_sid), "the recording is still there after its deletion")


class NotDeleted(Exception):
    """The carrier still has what it was asked to delete."""


def delete_record(kind: str, sid: str) -> None:
    """Delete what the carrier keeps of a `call`, a `recording` or a text `message`, and see that it is gone. Safe to
    repeat.

    Raises:
        NotDeleted: the carrier refused, or still has it.
        requests.RequestException: it could not be asked.
    """
    try:
        if kind == "recording":
            delete_recording(sid)
        else:
            _delete_record(kind, sid)
    except TwilioRestException as error:
        raise NotDeleted(f"status {error.status}") from error


def _delete_record(kind: str, sid: str) -> None:
    resource = client().calls(sid) if kind == "call" else client().messages(sid)
    try:
        resource.delete()
    except TwilioRestException as error:
        if error.status == 404:
            return
        raise
    try:
        resource.fetch()
    except TwilioRestException as error:
        if error.status == 404:
            return
        raise
    raise TwilioRestException(409, sid, f"the {kind} is still there after its deletion")


@dataclass(frozen=True)
class PlacedCall:
    """A call as the carrier lists it."""

    call_sid: str
    status: str
    direction: str
    from_number: str
    to_number: str
    started_at: datetime | None


def recordings_since(since: datetime) -> Iterator[tuple[Kept, str]]:
    """Recordings made since an instant, each with the id of its call.

    Raises:
        TwilioRestException, requests.RequestException: it could not be asked.
    """
    for item in client().recordings.stream(date_created_after=since, page_size=200):
        seconds = max(0.0, float(item.duration or 0))
        yield Kept(item.sid, str(item.status), seconds, item.date_created), item.call_sid


def calls_since(since: datetime) -> Iterator[PlacedCall]:
    """Calls that began since an instant.

    Raises:
        TwilioRestException, requests.RequestException: it could not be asked.
    """
    for item in client().calls.stream(start_time_after=since, page_size=200):
        yield _placed(item)


def placed_call(call_sid: str) -> PlacedCall:
    """What the carrier knows of a call.

    Raises:
        CallIsOver: nothing any more.
        TwilioRestException, requests.RequestException: it could not be asked.
    """
    try:
        return _placed(client().calls(call_sid).fetch())
    except TwilioRestException as error:
        if error.status == 404:
            raise CallIsOver(call_sid) from error
        raise


def _placed(item: Any) -> PlacedCall:
    # twilio-python keeps the field `from` under another name
    return PlacedCall(item.sid, str(item.status), str(item.direction), item._from or "", item.to or "", item.start_time)


#: What is set at the carrier for a number, by the carrier's names.
Webhooks = dict[str, str]


def wanted_webhooks() -> Webhooks:
    """What the hotline's number should have set at the carrier."""
    wanted = {"voice_url": "/incoming", "voice_fallback_url": "/fallback", "status_callback": "/status"}
    methods = {"voice_method": "POST", "voice_fallback_method": "POST", "status_callback_method": "POST"}
    return {name: voice_url(path) for name, path in wanted.items()} | methods


def webhooks_of(number: str) -> tuple[str, Webhooks]:
    """The carrier's id of a number of ours, and what is set there.

    Raises:
        NotOurNumber: the account does not have it.
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    for item in client().incoming_phone_numbers.list(phone_number=number, limit=20):
        if item.phone_number == number:
            set_there = {name: str(getattr(item, name) or "") for name in wanted_webhooks()}
            return item.sid, set_there
    raise NotOurNumber(number)


def set_webhooks(number_sid: str, webhooks: Webhooks) -> None:
    """Set a number's webhooks.

    Raises:
        TwilioRestException, requests.RequestException: it was not done.
    """
    client().incoming_phone_numbers(number_sid).update(**webhooks)


def send_text_message(to: str, body: str) -> str:
    """Send a text message (SMS) from the hotline's number; the carrier's id of it.

    Raises:
        TwilioRestException, requests.RequestException: it was not sent.
    """
    return str(client().messages.create(to=to, from_=settings().hotline_number, body=body).sid)


#: Carrier's errors that mean: this call goes on no more (21220 not in progress, 20404 unknown).
_GONE = (21220, 20404)


class CallIsOver(Exception):
    """The call that was to be changed has ended."""


class CannotBeCalled(Exception):
    """The carrier does not call this number."""


def place_call(to: str, url: str, status_url: str, *, ring_seconds: int, detect_machine: bool = False) -> str:
    """Ring a telephone, showing the hotline's number; the carrier's id of the call.

    Raises:
        CannotBeCalled: the carrier refuses the number.
        TwilioRestException, requests.RequestException: it could not be asked.
    """
    detection = {"machine_detection": "Enable"} if detect_machine else {}
    try:
        call = client().calls.create(
            to=to,
            from_=settings().hotline_number,
            url=url,
            method="POST",
            timeout=ring_seconds,
            status_callback=status_url,
            status_callback_method="POST",
            status_callback_event=["initiated", "ringing", "answered", "completed"],
            **detection,
        )
    except TwilioRestException as error:
        if error.status == 400:
            raise CannotBeCalled(f"{error.code} {error.msg}") from error
        raise
    return str(call.sid)


def redirect_call(call_sid: str, url: str) -> None:
    """Make a call go on with another document.

    Raises:
        CallIsOver: it does not go on at all.
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    _change_call(call_sid, url=url, method="POST")


def end_call(call_sid: str) -> None:
    """Hang up, or stop ringing. Safe to repeat.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    with suppress(CallIsOver):
        _change_call(call_sid, status="completed")


def _change_call(call_sid: str, **change: str) -> None:
    try:
        client().calls(call_sid).update(**change)
    except TwilioRestException as error:
        if error.code in _GONE or error.status == 404:
            raise CallIsOver(call_sid) from error
        raise


def call_status(call_sid: str) -> str:
    """The carrier's word for how a call stands.

    Raises:
        CallIsOver: the carrier knows it no more.
        TwilioRestException, requests.RequestException: it could not be asked.
    """
    try:
        return str(client().calls(call_sid).fetch().status)
    except TwilioRestException as error:
        if error.status == 404:
            raise CallIsOver(call_sid) from error
        raise


def end_conference(room: str) -> None:
    """Close a room: everybody's call goes on with its own document. Safe to repeat.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    for conference in client().conferences.list(friendly_name=room, limit=20):
        if conference.status != "completed":
            client().conferences(conference.sid).update(status="completed")
