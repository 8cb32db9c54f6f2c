"""What the carrier is asked for when the hotline calls a telephone."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from twilio.http.response import Response

from ivr.carrier import call_control
from ivr.carrier.client import _HttpClient
from ivr.carrier.webhook_urls import voice_url


@pytest.mark.parametrize("calls_back", [True, False])
def test_whoever_is_called_back_hears_nothing_for_two_seconds_at_most(
    empty_database, monkeypatch: pytest.MonkeyPatch, *, calls_back: bool
) -> None:
    """The carrier asks for the first document when it knows whether a person or a machine has picked up."""
    asked: list[Mapping[str, object]] = []

    def request(_client: _HttpClient, _method: str, _url: str, **kwargs: object) -> Response:
        asked.append(dict(kwargs["data"]))  # type: ignore[call-overload]
        return Response(201, json.dumps({"sid": "CA" + "1" * 32, "uri": "/"}))

    monkeypatch.setattr(_HttpClient, "request", request)
    call_control.place_call("+4915112345678", voice_url("/leg"), ring_seconds=20, detect_machine=calls_back)
    wishes = {name: value for name, value in asked[0].items() if name.startswith("Machine")}
    wanted = {"MachineDetection": "Enable", "MachineDetectionSilenceTimeout": 2000} if calls_back else {}
    assert wishes == wanted
