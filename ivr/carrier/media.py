"""Recordings at the carrier: listing them, fetching their audio, and deleting them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import requests
from twilio.base.exceptions import TwilioRestException

from ivr.carrier import exchanges, tokens
from ivr.carrier.answers import pause_of
from ivr.carrier.client import base_url, client, everywhere
from ivr.carrier.dialects import dialect
from ivr.carrier.refusals import Refusal, of_status, refused
from ivr.config.settings import settings
from ivr.domain.carrier_ids import call_id, carrier_id

#: Size limit of a recording. 16-bit mono at 8 kHz is 16 kB a second: this is more than nine hours.
MAX_MEDIA_BYTES = 512 * 1024 * 1024


#: Content types that carriers give to audio files.
_AUDIO = ("audio/", "application/octet-stream", "application/ogg")


#: Statuses of a recording that is whole.
_WHOLE = ("completed", "stopped")


class NotThere(Exception):
    """The carrier does not have the recording: not yet, or not any more."""


class NotAudio(Exception):
    """The carrier's answer is not audio."""


class NotGiven(requests.HTTPError):
    """The carrier does not give a recording's audio now."""

    def __init__(self, refusal: Refusal, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.refusal = refusal
        #: Seconds before which the carrier does not want to be asked again; 0 where it says nothing.
        self.retry_after = retry_after


def media_url(recording_sid: str, base: str = "") -> str:
    """The URL of a recording's WAV file. It is built from ids only, never from a URL that a request contains.

    `base`: the address of the exchange that has it, where there are several.
    """
    account = quote(settings().account_sid, safe="")
    path = f"/2010-04-01/Accounts/{account}/Recordings/{quote(recording_sid, safe='')}.wav"
    return (base or base_url()) + dialect().path(path)


def fetch_audio(recording_sid: str) -> bytes:
    """Fetch a recording, usually a WAV file.

    Raises:
        NotThere: the carrier does not have the recording. Right after a call it may appear later.
        NotAudio: the answer is not audio but, for example, an error page.
        NotGiven: the carrier refuses; whose fault that is tells its refusal.
        requests.RequestException: the carrier could not be asked.
    """
    with _asked(recording_sid) as response:
        if response.status_code == 404:
            raise NotThere(recording_sid)
        if response.status_code >= 400:
            status = response.status_code
            raise NotGiven(of_status(status), f"status {status}", pause_of(response.headers))
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if response.status_code != 200 or not kind.startswith(_AUDIO):
            raise NotAudio(f"status {response.status_code}, type {kind or 'none'}")
        audio = bytearray()
        for chunk in response.iter_content(65536):
            audio += chunk
            if len(audio) > MAX_MEDIA_BYTES:
                raise NotAudio("larger than any recording of the hotline")
        expected = response.headers.get("Content-Length")
        if expected and not response.headers.get("Content-Encoding") and int(expected) != len(audio):
            raise requests.ConnectionError("the recording was cut short")
    return bytes(audio)


def _asked(recording_sid: str) -> requests.Response:
    """The carrier's answer, whose body is not read yet."""
    if dialect().NAMES_MEDIA:
        return _asked_where_it_is(recording_sid)
    if not exchanges.numbers():
        return _asked_at(recording_sid, "")
    return exchanges.ask(exchanges.holding(recording_sid), lambda base, _: _asked_at(recording_sid, base), NotThere)


def _asked_at(recording_sid: str, base: str) -> requests.Response:
    """The answer by the first of the account's tokens that is taken.

    Raises:
        NotThere: the recording is not there.
    """
    configured = settings()
    for token in tokens.in_order():
        response = requests.get(
            media_url(recording_sid, base),
            **dialect().login(configured.account_sid, token),
            timeout=configured.carrier_timeouts,
            allow_redirects=False,
            stream=True,
        )
        if response.status_code != 401:
            tokens.worked(token)
            break
        response.close()
    if response.status_code == 404:
        response.close()
        raise NotThere(recording_sid)
    return response


def _asked_where_it_is(recording_sid: str) -> requests.Response:
    """The same from a carrier that names the address of the audio, which needs no log-in then."""
    try:
        url = str(client().recordings(recording_sid).fetch().media_url or "")
    except TwilioRestException as error:
        if error.status == 404:
            raise NotThere(recording_sid) from error
        told = refused(error)
        raise NotGiven(told.refusal, str(told), told.retry_after) from error
    if not url.startswith(("https://", f"{base_url()}/")):
        raise NotThere(recording_sid)
    return requests.get(url, timeout=settings().carrier_timeouts, allow_redirects=False, stream=True)


@dataclass(frozen=True)
class CarrierRecording:
    """A recording as the carrier lists it."""

    recording_sid: str
    status: str
    seconds: float
    created_at: datetime | None = None


def recordings_of(call_sid: str) -> list[CarrierRecording]:
    """List the recordings of a call.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    listed = client().recordings.list(call_sid=call_sid, limit=50)
    return [
        CarrierRecording(item.sid, str(item.status), _seconds(str(item.status), item.duration), item.date_created)
        for item in listed
    ]


def delete_recording(recording_sid: str) -> None:
    """Delete the carrier's copy of a recording, and verify that it is gone. Safe to repeat.

    Raises:
        TwilioRestException: the carrier refused, or still has the recording.
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


def recordings_since(since: datetime) -> Iterator[tuple[CarrierRecording, str]]:
    """List the recordings of calls made since a UTC instant, each with the id of its call.

    One of no call, such as of a conference of somebody else who uses the account, is none of ours.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    for item in everywhere(lambda asked: asked.recordings.stream(date_created_after=since, page_size=200)):
        if not carrier_id(item.sid or "") or not item.call_sid:
            continue  # nothing that could be asked for
        status = str(item.status)
        kept = CarrierRecording(item.sid, status, _seconds(status, item.duration), item.date_created)
        yield kept, call_id(item.call_sid)


def _seconds(status: str, told: object) -> float:
    """The length that the carrier tells of a recording.

    A second where it tells none of one that is whole: counted as empty it would be deleted. Its audio tells the length.
    """
    try:
        seconds = float(str(told))
    except ValueError:
        seconds = math.nan
    if math.isfinite(seconds):
        return max(0.0, seconds)
    return 1.0 if status in _WHOLE else 0.0
