"""The secret key is changed: what was sealed before is still read, and nothing else is."""

from __future__ import annotations

import json
import time

import pytest
from itsdangerous import URLSafeTimedSerializer

from ivr.config import settings as configuration
from ivr.platform import crypto
from ivr.platform.crypto import CannotOpen, Purpose, TooOld
from tests.support.former_version import CALL_STATE, FORMER_SECRET, SPOOL_ENTRY, STAFF_TOKEN
from tests.support.secret_keys import FIRST, SECOND, THIRD, changer


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Changes the secret key, without a database."""
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    yield changer(monkeypatch)
    configuration.settings.cache_clear()


def test_every_purpose_and_every_secret_has_a_key_of_its_own(secret) -> None:
    secret(FIRST)
    keys = {crypto.derive(purpose) for purpose in Purpose}
    keys |= {crypto.derive(purpose, version=0) for purpose in Purpose}
    keys |= {crypto.derive(purpose, secret=SECOND) for purpose in Purpose}
    assert len(keys) == 3 * len(Purpose)
    assert all(len(key) == 32 for key in keys)
    assert len(crypto.derive(Purpose.SEARCH_WORDS, length=64)) == 64


def test_the_derivation_does_not_change(secret) -> None:
    """Whoever changes it makes everything unreadable that is sealed: a new version is needed then."""
    secret(FORMER_SECRET)
    assert crypto.derive(Purpose.SPOOL).hex() == "55bc65c57b081d8c95b3e4f8fe019b8c630bf2faceedaefcb2cf28d0f705820e"
    assert (
        crypto.derive(Purpose.SPOOL, version=0).hex()
        == "0abdee168e5ecdc3e2a7626fa8e931b164dfb2cfd6bec8197b85e645cbd1aca2"
    )
    with pytest.raises(ValueError, match="no version 2"):
        crypto.derive(Purpose.SPOOL, version=2)


def test_what_is_sealed_is_read_again_for_its_purpose_only(secret) -> None:
    secret(FIRST)
    token = crypto.seal(Purpose.SPOOL, "ä message")
    assert crypto.unseal(Purpose.SPOOL, token).decode() == "ä message"
    assert token.startswith("1.")
    assert crypto.is_present(Purpose.SPOOL, token)
    with pytest.raises(CannotOpen):
        crypto.unseal(Purpose.CALL_STATE, token)


@pytest.mark.parametrize("token", ["", "1.", "0.x", "ä", "1.ä", "gAAAAA", "1.gAAAAA", "2.gAAAAA", "1.1.x", "\0" * 9])
def test_what_is_no_token_is_an_error(secret, token: str) -> None:
    secret(FIRST)
    with pytest.raises(CannotOpen, match="the entry cannot be opened"):
        crypto.unseal(Purpose.SPOOL, token, what="the entry")
    assert not crypto.is_present(Purpose.SPOOL, token)


def test_a_token_that_is_too_old_is_told_apart(secret, monkeypatch: pytest.MonkeyPatch) -> None:
    secret(FIRST)
    token = crypto.seal(Purpose.CALL_STATE, b"state")
    real = time.time
    monkeypatch.setattr("cryptography.fernet.time.time", lambda: real() + 100)
    assert crypto.unseal(Purpose.CALL_STATE, token, max_age=200) == b"state"
    with pytest.raises(TooOld, match="older than 50 seconds"):
        crypto.unseal(Purpose.CALL_STATE, token, max_age=50)
    with pytest.raises(CannotOpen) as refused:
        crypto.unseal(Purpose.CALL_STATE, token[:-8] + "AAAAAAA=", max_age=50)
    assert not isinstance(refused.value, TooOld)


def test_former_secrets_open_and_the_present_one_seals(secret) -> None:
    secret(FIRST)
    old = crypto.seal(Purpose.SPOOL, b"kept")
    secret(SECOND)
    with pytest.raises(CannotOpen, match="SECRET_KEY_PREVIOUS"):
        crypto.unseal(Purpose.SPOOL, old)
    secret(THIRD, SECOND, FIRST)
    assert crypto.unseal(Purpose.SPOOL, old) == b"kept"
    assert not crypto.is_present(Purpose.SPOOL, old)
    again = crypto.reseal(Purpose.SPOOL, old)
    assert crypto.is_present(Purpose.SPOOL, again)
    secret(THIRD)
    assert crypto.unseal(Purpose.SPOOL, again) == b"kept"


def test_values_of_the_version_before_are_read(secret) -> None:
    secret(FORMER_SECRET)
    assert crypto.version_of(CALL_STATE) == 0
    assert json.loads(crypto.unseal(Purpose.CALL_STATE, CALL_STATE))[0] == "consent"
    assert json.loads(crypto.unseal(Purpose.SPOOL, SPOOL_ENTRY)) == ["turn", {"a": 1}]
    with pytest.raises(CannotOpen):
        crypto.unseal(Purpose.SPOOL, CALL_STATE)
    secret(FIRST, FORMER_SECRET)
    assert json.loads(crypto.unseal(Purpose.CALL_STATE, CALL_STATE))[0] == "consent"


def test_tokens_of_the_version_before_are_checked(secret) -> None:
    secret(FIRST, FORMER_SECRET)
    tokens = URLSafeTimedSerializer(crypto.signing_keys(Purpose.AGENT_TOKENS)[::-1], salt="staff")
    assert tokens.loads(STAFF_TOKEN) == 7
    assert tokens.loads(tokens.dumps(8)) == 8
    secret(FIRST)
    assert URLSafeTimedSerializer(crypto.signing_keys(Purpose.AGENT_TOKENS), salt="staff").loads(tokens.dumps(9)) == 9
    assert FIRST not in crypto.signing_keys(Purpose.AGENT_TOKENS)[:1], "a token does not lead back to the secret"
