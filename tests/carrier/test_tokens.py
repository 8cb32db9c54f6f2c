"""While the account's token is exchanged, no webhook and no request is lost, and no process is restarted."""

from __future__ import annotations

import json

import pytest
from flask import Response
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from ivr.carrier import client, media, signature, tokens
from ivr.carrier.webhook_urls import RETRIES
from ivr.config import settings as configuration
from tests.carrier.test_signature import FORM, TARGET, request_of

FIRST, SECOND = "0123456789abcdef0123", "fedcba98765432100123"


@pytest.fixture(autouse=True)
def two_tokens(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", FIRST)
    monkeypatch.setenv("TWILIO_SECONDARY_AUTH_TOKEN", SECOND)
    configuration.settings.cache_clear()
    monkeypatch.setattr(tokens, "_working", [])


@pytest.mark.parametrize(("token", "accepted"), [(FIRST, True), (SECOND, True), ("0123456789abcdef9999", False)])
def test_a_webhook_signed_with_either_token_is_genuine(token: str, accepted: bool) -> None:
    url = configuration.settings().base_url + TARGET
    signed = RequestValidator(token).compute_signature(url, request_of("").form)
    assert signature.is_genuine(request_of(signed, FORM)) is accepted


def account(status: int = 200) -> Response:
    body = {"sid": "AC1", "status": "active", "type": "Full"} if status == 200 else {"code": 20003, "message": "no"}
    return Response(json.dumps(body), status, mimetype="application/json")


def test_a_token_that_is_promoted_in_the_middle_of_the_day_is_used_from_then_on(strange_carrier) -> None:
    strange_carrier += [account(), account(401), account(), account()]
    for _ in range(3):  # before, at, and after the promotion
        assert client.client().api.accounts("AC1").fetch().status == "active"
    assert strange_carrier == [], "the second token was tried once, and then first"
    assert tokens.in_order() == (SECOND, FIRST)


def test_a_recording_is_fetched_with_the_token_that_works(strange_carrier) -> None:
    strange_carrier += [Response(status=401), Response(b"RIFF", mimetype="audio/wav")]
    assert media.fetch_audio("RE1") == b"RIFF"
    assert tokens.in_order() == (SECOND, FIRST)


def test_a_log_in_that_no_token_opens_is_refused_as_before(strange_carrier) -> None:
    strange_carrier += [account(401), account(401)]
    with pytest.raises(TwilioRestException) as refused:
        client.client().api.accounts("AC1").fetch()
    assert refused.value.status == 401
    assert tokens.in_order() == (FIRST, SECOND)


def test_a_late_answer_leaves_time_for_another_try() -> None:
    """TELEPHONY: all tries together may take 15 s; a read time-out of 15 s could never be repeated."""
    asked = dict(part.split("=") for part in RETRIES[1:].split("&"))
    connect, read, total, again = (int(asked[name]) for name in ("ct", "rt", "tt", "rc"))
    assert set(asked["rp"].split(",")) == {"ct", "rt", "5xx"}
    assert total <= 15000
    assert (again + 1) * read <= total
    assert (again + 1) * connect <= total
