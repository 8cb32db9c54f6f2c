"""Tokens with which members' browsers register at the carrier, and why some browsers get none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import jwt
import pytest

from ivr.carrier import client_tokens, dialects
from ivr.config.settings import Settings
from ivr.domain import client_addresses
from ivr.domain.enums import CarrierName, Refusal
from tests.support.environment import forget_settings
from tests.support.production_secrets import PRODUCTION

KEY, SECRET, ACCOUNT = "SK" + "a1" * 16, "the secret of that key, 32 chars", "AC" + "b2" * 16


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """The settings of somebody with an account."""

    def configure(**more: str) -> None:
        account = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_API_KEY": KEY, "TWILIO_API_SECRET": SECRET}
        production = {"MODE": "production", "PUBLIC_BASE_URL": "https://hotline.example", **PRODUCTION}
        for name, value in (production | account | more).items():
            monkeypatch.setenv(name, value)
        forget_settings()

    yield configure
    monkeypatch.undo()
    forget_settings()


def test_a_token_lets_one_identity_be_called_for_ten_minutes(configured) -> None:
    configured()
    token = client_tokens.of_identity(client_addresses.identity_of(7))
    claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    assert jwt.get_unverified_header(token)["cty"] == "twilio-fpa;v=1"
    assert (claims["iss"], claims["sub"]) == (KEY, ACCOUNT)
    assert 590 <= claims["exp"] - time.time() <= 600
    assert claims["grants"] == {"identity": "member_7", "voice": {"incoming": {"allow": True}}}, "it calls nobody"
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, "another secret, of 32 characters", algorithms=["HS256"])


def test_a_token_names_the_region_of_the_account(configured) -> None:
    configured(TWILIO_REGION="ie1", TWILIO_EDGE="dublin")
    assert jwt.get_unverified_header(client_tokens.of_identity("member_1"))["twr"] == "ie1"
    assert client_tokens.servers() == ("wss://voice-js.dublin.twilio.com", "https://eventgw.ie1.twilio.com")
    configured(TWILIO_REGION="", TWILIO_EDGE="")
    assert client_tokens.servers() == ("wss://voice-js.roaming.twilio.com", "https://eventgw.twilio.com")


def test_key_and_secret_belong_together() -> None:
    with pytest.raises(ValueError, match="twilio_api_key and twilio_api_secret"):
        Settings(mode="local", twilio_api_key=KEY)


@pytest.mark.parametrize(
    ("carrier", "local", "key", "reason"),
    [
        (CarrierName.TWILIO, True, "", None),
        (CarrierName.TWILIO, False, KEY, None),
        (CarrierName.TWILIO, False, "", Refusal.NO_CLIENT_KEY),
        (CarrierName.SIGNALWIRE, True, "", Refusal.NO_CLIENTS),
        (CarrierName.SIGNALWIRE, False, KEY, Refusal.NO_CLIENTS),
        (CarrierName.TELNYX, False, "", Refusal.NO_CLIENTS),
    ],
)
def test_who_cannot_ring_a_browser_says_so(
    monkeypatch: pytest.MonkeyPatch, carrier: CarrierName, local: bool, key: str, reason: Refusal | None
) -> None:
    found = SimpleNamespace(carrier=carrier, local=local, has_exchange=local, twilio_api_key=key)
    for module in (client_tokens, dialects):
        monkeypatch.setattr(module, "settings", lambda: found)
    assert client_tokens.why_not() == reason
