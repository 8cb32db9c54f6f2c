"""Settings of several exchanges: what is refused, and what follows from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.config import settings as configuration
from ivr.config.sections import ConfigurationError
from ivr.local_carrier.app import create_switch
from tests.config.test_sip import IN_PRODUCTION, PBX

TWO = {1: "http://10.1.2.3:8001/", 2: "http://10.1.2.4:8001"}


def test_without_a_list_there_is_the_one_of_this_host() -> None:
    settings = configuration.load(mode="local", exchange_port=8123)
    assert (settings.exchanges, settings.exchange_url) == ({}, "http://127.0.0.1:8123")
    assert (settings.exchange_bind, settings.exchange_stops_within) == ("127.0.0.1:8123", 0)


def test_a_host_without_an_exchange_needs_no_address_for_calls() -> None:
    settings = configuration.load(**IN_PRODUCTION, exchanges=TWO)
    assert settings.exchanges == {1: "http://10.1.2.3:8001", 2: "http://10.1.2.4:8001"}
    assert (settings.exchange_url, settings.exchange_stops_within) == ("http://10.1.2.3:8001", 60)


def test_an_exchange_of_several_has_an_address_and_a_directory_of_its_own(tmp_path: Path) -> None:
    settings = configuration.load(
        **IN_PRODUCTION, exchanges=TWO, exchange_number=2, exchange_address="10.1.2.4", sip_address="10.1.2.4",
        sip_peers=PBX, var_dir=tmp_path,
    )  # fmt: skip
    assert (settings.exchange_bind, settings.exchange_url) == ("10.1.2.4:8001", "http://10.1.2.4:8001")
    assert create_switch(settings).exchange == 2
    assert [path.name for path in tmp_path.iterdir()] == ["exchange-2"]


def test_numbers_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGES__3", "http://127.0.0.1:8003")
    configuration.settings.cache_clear()
    assert configuration.load(mode="local").exchanges == {3: "http://127.0.0.1:8003"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"exchange_address": "0.0.0.0"}, "not all of them"),
        ({"exchange_address": "93.184.216.34"}, "no public one"),
        ({"exchange_address": "exchange.example"}, "exchange_address"),
        ({"exchange_address": "10.1.2.3"}, "in local mode whoever reaches the exchange can ring everybody"),
        ({"exchange_number": 256}, "exchange_number"),
        ({"exchanges": {0: "http://10.1.2.3:8001"}}, "0 is no number"),
        ({"exchanges": {"a": "http://10.1.2.3:8001"}}, "exchanges"),
        ({"exchanges": {1: "10.1.2.3:8001"}}, "no address such as"),
        ({"exchanges": {1: "http://10.1.2.3:8001/sip"}}, "no address such as"),
        ({"exchanges": {1: "http://93.184.216.34:8001"}}, "public and not encrypted"),
        ({"exchanges": {1: "http://10.1.2.3:8001", 2: "http://10.1.2.3:8001/"}}, "the same address"),
        ({"exchanges": TWO, "twilio_api_base_url": "http://127.0.0.1:1"}, "twilio_api_base_url"),
        ({"exchanges": TWO, "carrier": "telnyx"}, "only where there is no other carrier"),
    ],
)
def test_what_would_be_unsafe_or_make_no_sense_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        configuration.load(mode="local", **given)


def test_another_carrier_in_production_has_none() -> None:
    elsewhere = {**IN_PRODUCTION, "carrier": "twilio"}
    with pytest.raises(ConfigurationError, match="only where there is no other carrier"):
        configuration.load(**elsewhere, exchanges=TWO)
