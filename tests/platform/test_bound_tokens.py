"""A sealed token belongs to something, and is of no use for anything else."""

from __future__ import annotations

import time

import pytest

from ivr.config import settings as configuration
from ivr.platform import bound_tokens, crypto
from ivr.platform.crypto import CannotOpen, Purpose, TooOld
from tests.support.secret_keys import FIRST, SECOND, THIRD, changer

TOKENS, CALL = Purpose.CALL_TOKENS, "CA1"


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Changes the secret key, without a database."""
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    change = changer(monkeypatch)
    change(FIRST)
    yield change
    configuration.settings.cache_clear()


def test_a_token_opens_for_its_purpose_and_its_owner_only(secret) -> None:
    token = bound_tokens.seal(TOKENS, b"state", CALL)
    assert bound_tokens.unseal(TOKENS, token, CALL) == b"state"
    for purpose, owner in ((TOKENS, "CA2"), (TOKENS, ""), (Purpose.SPOOL, CALL)):
        with pytest.raises(CannotOpen, match="another call"):
            bound_tokens.unseal(purpose, token, owner)


def test_no_two_tokens_of_the_same_are_alike(secret) -> None:
    assert len({bound_tokens.seal(TOKENS, b"state", CALL) for _ in range(100)}) == 100


def test_a_token_in_which_any_byte_was_changed_does_not_open(secret) -> None:
    """The time and the nonce are authenticated as well as what is sealed."""
    token = bound_tokens.seal(TOKENS, b"state", CALL)
    for place in range(len(token) - 1):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(CannotOpen):
            bound_tokens.unseal(TOKENS, changed, CALL)


@pytest.mark.parametrize("token", ["", "2.", "2.x", "2.ü", "2.AAAA", "2." + "A" * 5000, "1.gAAAA", "ü", "\0" * 9])
def test_what_is_no_token_is_an_error_that_names_it(secret, token: str) -> None:
    with pytest.raises(CannotOpen, match="the token cannot be opened"):
        bound_tokens.unseal(TOKENS, token, CALL, what="the token")
    assert not bound_tokens.is_present(TOKENS, token, CALL)


def test_a_token_knows_its_age_before_and_after_it_is_sealed_again(secret, monkeypatch: pytest.MonkeyPatch) -> None:
    token, now = bound_tokens.seal(TOKENS, b"state", CALL), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 100)
    for one in (token, bound_tokens.reseal(TOKENS, token, CALL)):
        assert bound_tokens.unseal(TOKENS, one, CALL, 200) == b"state"
        with pytest.raises(TooOld, match="older than 50 seconds"):
            bound_tokens.unseal(TOKENS, one, CALL, 50)


def test_what_a_host_whose_clock_is_ahead_has_sealed_is_opened_by_the_others(secret, monkeypatch) -> None:
    bound, other, now = bound_tokens.seal(TOKENS, b"state", CALL), crypto.seal(TOKENS, b"state"), time.time()
    monkeypatch.setattr(time, "time", lambda: now - 3600)
    assert bound_tokens.unseal(TOKENS, bound, CALL, 200) == crypto.unseal(TOKENS, other, 200) == b"state"


def test_former_secrets_open_and_the_present_one_seals(secret) -> None:
    old = bound_tokens.seal(TOKENS, b"state", CALL)
    secret(SECOND)
    with pytest.raises(CannotOpen, match="SECRET_KEY_PREVIOUS"):
        bound_tokens.unseal(TOKENS, old, CALL)
    secret(THIRD, SECOND, FIRST)
    assert bound_tokens.unseal(TOKENS, old, CALL) == b"state"
    assert not bound_tokens.is_present(TOKENS, old, CALL)
    again = bound_tokens.reseal(TOKENS, old, CALL)
    assert bound_tokens.is_present(TOKENS, again, CALL)
    secret(THIRD)
    assert bound_tokens.unseal(TOKENS, again, CALL) == b"state"


def test_the_two_ways_of_sealing_do_not_open_each_others_tokens(secret) -> None:
    bound, other = bound_tokens.seal(TOKENS, b"state", CALL), crypto.seal(TOKENS, b"state")
    with pytest.raises(CannotOpen):
        crypto.unseal(TOKENS, bound)
    with pytest.raises(CannotOpen):
        bound_tokens.unseal(TOKENS, other, CALL)
