"""Our REST client and media download, against the local carrier and against a carrier that misbehaves."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import numpy as np
import pytest
import requests
from flask import Response
from twilio.base.exceptions import TwilioRestException

from ivr.carrier import client as carrier
from ivr.carrier import media
from ivr.local_carrier.store import CallRecord, RecordingRecord
from tests.support.environment import forget_settings
from tests.support.running_hotline import RunningHotline
from tests.support.waiting import eventually


@pytest.fixture
def kept(hotline: RunningHotline) -> str:
    """A recording at the carrier."""
    hotline.switch.store.keep_call(CallRecord("CA" + "7" * 32, "+49151", "+49421"))
    hotline.switch.store.keep_recording(RecordingRecord("RE" + "7" * 32, "CA" + "7" * 32), np.ones(8000, np.int16))
    return "RE" + "7" * 32


def test_audio_is_fetched_and_deleted_and_seen_to_be_gone(hotline: RunningHotline, kept: str) -> None:
    assert media.fetch_audio(kept).startswith(b"RIFF")
    media.delete_recording(kept)
    assert hotline.switch.store.recording(kept) is None
    with pytest.raises(media.NotThere):
        media.fetch_audio(kept)
    media.delete_recording(kept)  # again: nothing happens


def test_twilios_own_client_lists_recordings_and_calls(hotline: RunningHotline, kept: str) -> None:
    client = carrier.client()
    assert kept in [recording.sid for recording in client.recordings.list(call_sid="CA" + "7" * 32)]
    assert client.calls("CA" + "7" * 32).fetch()._from == "+49151"
    assert client.recordings(kept).fetch().call_sid == "CA" + "7" * 32
    media.delete_recording(kept)


def test_an_error_page_is_not_audio(strange_carrier) -> None:
    """TELEPHONY: a 404's XML has been saved as audio elsewhere."""
    strange_carrier += [Response("<TwilioResponse/>", 404, mimetype="application/xml")]
    with pytest.raises(media.NotThere):
        media.fetch_audio("RE1")
    strange_carrier += [Response("<TwilioResponse/>", 200, mimetype="application/xml")]
    with pytest.raises(media.NotAudio):
        media.fetch_audio("RE1")
    strange_carrier += [Response(status=302, headers={"Location": "http://169.254.169.254/"}, mimetype="audio/wav")]
    with pytest.raises(media.NotAudio):
        media.fetch_audio("RE1")


@pytest.fixture
def unreachable() -> Iterator[str]:
    """The address of a host that answers to no packet: its queue of connections is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as waiting:
        address = server.getsockname()
        for _ in range(3):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.connect(address)
        yield f"http://127.0.0.1:{address[1]}"


def test_a_carrier_that_cannot_be_reached_is_given_up_sooner_than_one_that_is_slow(
    unreachable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody waits on the telephone meanwhile, and what was never connected can be asked again safely."""
    monkeypatch.setattr("ivr.config.carrier._TO_CONNECT", 0.2)
    monkeypatch.setenv("TWILIO_API_BASE_URL", unreachable)
    monkeypatch.setenv("TWILIO_TIMEOUT", "60")
    forget_settings()
    for ask in (lambda: carrier.client().calls("CA1").fetch(), lambda: media.fetch_audio("RE" + "7" * 32)):
        with pytest.raises(requests.ConnectTimeout):
            ask()
    forget_settings()


def test_a_deletion_that_does_not_delete_is_noticed(strange_carrier) -> None:
    strange_carrier += [Response(status=204), Response('{"sid": "RE1"}', 200, mimetype="application/json")]
    with pytest.raises(TwilioRestException):
        media.delete_recording("RE1")


def test_twilios_own_client_places_calls_and_sends_messages(hotline: RunningHotline) -> None:
    client = carrier.client()
    call = client.calls.create(to="+4915199999999", from_="+494211782666", url=f"{hotline.url}/voice/incoming")
    assert call.direction == "outbound-api"
    eventually(lambda: client.calls(call.sid).fetch().status == "no-answer")
    with pytest.raises(TwilioRestException) as refused:
        client.calls(call.sid).update(status="completed")
    assert refused.value.code == 21220
    with pytest.raises(TwilioRestException, match="does not know Record"):
        client.calls.create(to="+49151", from_="+49421", url="http://x", record=True)
    message = client.messages.create(to="+4915112345678", from_="+494211782666", body="Ihre Anfragenummer: 12345674")
    assert client.messages(message.sid).fetch().body == "Ihre Anfragenummer: 12345674"
    assert message.sid in [kept.sid for kept in client.messages.list()]
