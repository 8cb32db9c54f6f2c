"""Settings of lines over SIP: what is refused, and what is taken without any."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.config import settings as configuration
from ivr.config.sections import ConfigurationError
from ivr.domain.countries import USUAL
from ivr.launcher.run import _procfile
from ivr.local_carrier.app import create_app
from ivr.local_carrier.sip.connection import peers_of
from tests.support.production_secrets import MASTER_KEY, SECRET

PBX = {"pbx": {"address": "10.1.0.10"}}


def test_local_mode_takes_calls_of_this_machine_at_a_free_port() -> None:
    settings = configuration.load(mode="local", exchange_port=8123)
    assert (settings.sip_host, settings.sip_udp_port) == ("127.0.0.1", 8123)
    assert [peer.address for peer in peers_of(settings)] == ["127.0.0.0/8"]


def test_a_peer_of_the_settings_is_known_with_all_it_says() -> None:
    trunk = {"address": "sip.example", "username": "u", "password": "p", "calls_out": True, "registers": True}
    settings = configuration.load(mode="local", sip_address="10.1.2.3", sip_peers=PBX | {"trunk": trunk})
    pbx, other, _ = peers_of(settings)
    assert (pbx.name, pbx.calls_out, other.host, other.registers) == ("pbx", False, "sip.example", True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sip_address": "0.0.0.0"}, "not all of them"),
        ({"sip_address": "::"}, "not all of them"),
        ({"sip_address": "93.184.216.34", "sip_peers": PBX}, "sip_plain_ok"),
        ({"sip_address": "10.1.2.3", "sip_told_as": "93.184.216.34", "sip_peers": PBX}, "sip_plain_ok"),
        ({"sip_address": "pbx.example"}, "sip_address"),
        ({"sip_address": "10.1.2.3", "sip_rtp_ports": "20000-10000"}, "sip_rtp_ports"),
        ({"sip_peers": {"pbx": {"address": "10.1.0.0/16", "calls_out": True}}}, "not to a network"),
        ({"sip_peers": {"pbx": {"address": "10.1.0.1", "username": "u"}}}, "set together"),
        ({"sip_peers": {"pbx": {"address": "10.1.0.1", "registers": True}}}, "registers"),
    ],
)
def test_what_would_be_unsafe_or_make_no_sense_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        configuration.load(mode="local", **given)


def test_a_public_address_is_taken_by_who_says_so() -> None:
    settings = configuration.load(mode="local", sip_address="93.184.216.34", sip_peers=PBX, sip_plain_ok=True)
    assert settings.sip_host == "93.184.216.34"


IN_PRODUCTION = {
    "mode": "production", "public_base_url": "https://x.example", "twilio_account_sid": "AC1",
    "twilio_auth_token": SECRET, "secret_key": SECRET, "audio_master_keys": MASTER_KEY, "trusted_proxies": 0,
    "carrier": "local",
}  # fmt: skip


def test_production_without_a_carrier_stands_on_the_local_one() -> None:
    settings = configuration.load(**IN_PRODUCTION, sip_address="10.1.2.3", sip_peers=PBX, exchange_port=8123)
    assert settings.carrier_base_url == "http://127.0.0.1:8123"
    assert (settings.sip_host, settings.sip_udp_port) == ("10.1.2.3", 5060)
    assert [peer.name for peer in peers_of(settings)] == ["pbx"], "this machine is no peer"
    assert "exchange" in dict(_procfile(settings))


def test_production_without_a_carrier_needs_an_address_for_calls() -> None:
    with pytest.raises(ConfigurationError, match="sip_address"):
        configuration.load(**IN_PRODUCTION)


def test_without_a_carrier_no_text_message_is_sent_to_anybody(tmp_path: Path) -> None:
    house = {**IN_PRODUCTION, "sip_address": "10.1.2.3", "sip_peers": PBX}
    settings = configuration.load(**house)
    assert (settings.has_carrier, settings.sends_texts, settings.text_countries) == (False, False, USUAL)
    told = [{"name": "lena", "to": "sms:+4915112345678"}]
    with pytest.raises(ConfigurationError, match="no carrier that sends text messages"):
        configuration.load(**house, alerts=told)
    assert configuration.load(**{**house, "carrier": "twilio"}, alerts=told).sends_texts
    assert configuration.load(mode="local", carrier="local").sends_texts, "it is pretended"


@pytest.mark.parametrize(
    "none", [{"text_countries": ()}, {"text_messages_a_day": 0}, {"text_messages_an_hour": 0},
             {"text_messages_a_number": 0}],
)  # fmt: skip
def test_a_house_that_lets_none_be_sent_sends_none(none: dict[str, object]) -> None:
    assert configuration.load(mode="local").sends_texts
    assert not configuration.load(mode="local", **none).sends_texts


def test_nobody_rings_by_http_and_no_text_is_taken_where_there_is_no_carrier(tmp_path: Path) -> None:
    settings = configuration.load(**IN_PRODUCTION, sip_address="10.1.2.3", sip_peers=PBX, var_dir=tmp_path)
    app = create_app(settings)
    assert not [rule.rule for rule in app.url_map.iter_rules() if "softphone" in rule.rule]
    assert app.test_client().post("/desk/telephone/exchange/register").status_code == 401
    form = {"From": settings.hotline_number, "To": "+4915112345678", "Body": "x"}
    url = f"/2010-04-01/Accounts/{settings.account_sid}/Messages.json"
    answer = app.test_client().post(url, data=form, auth=(settings.account_sid, SECRET))
    assert (answer.status_code, answer.json["code"]) == (400, 21606)
