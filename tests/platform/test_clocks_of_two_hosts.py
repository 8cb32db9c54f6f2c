"""The clocks of two hosts differ by minutes: what the one has sealed or signed a moment ago, the other one reads."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from itsdangerous import BadSignature

from ivr.config.settings import Settings
from ivr.domain.timestamps import CLOCKS_DIFFER
from ivr.platform import bound_tokens, crypto, timed_signatures
from ivr.platform.crypto import Purpose, TooOld
from tests.support.webhook_call import WebhookCall, carrier

DIFFER = CLOCKS_DIFFER.total_seconds()
LONGEST = 300


def bound() -> Callable[[], bytes]:
    token = bound_tokens.seal(Purpose.CALL_TOKENS, b"content", "CA1")
    return lambda: bound_tokens.unseal(Purpose.CALL_TOKENS, token, "CA1", LONGEST)


def sealed() -> Callable[[], bytes]:
    token = crypto.seal(Purpose.CALL_STATE, b"content")
    return lambda: crypto.unseal(Purpose.CALL_STATE, token, LONGEST)


def signed() -> Callable[[], bytes]:
    signer = timed_signatures.serializer(crypto.signing_keys(Purpose.AGENT_TOKENS)[::-1], "somebody")
    token = signer.dumps("content")
    return lambda: signer.loads(token, max_age=LONGEST).encode()


@pytest.fixture(params=[bound, sealed, signed])
def made(request: pytest.FixtureRequest, empty_database: Settings, monkeypatch: pytest.MonkeyPatch):
    """Makes something at a host whose clock is so many seconds ahead of ours; gives what opens it here."""
    here = time.time()

    def make(ahead: float) -> Callable[[], bytes]:
        monkeypatch.setattr(time, "time", lambda: here + ahead)
        opened: Callable[[], bytes] = request.param()
        monkeypatch.setattr(time, "time", lambda: here)
        return opened

    return make


@pytest.mark.parametrize("ahead", [1, 3, 61, 200, DIFFER - 1, -1, -200, 2 - LONGEST])
def test_what_another_host_has_made_a_moment_ago_is_read(made, ahead: float) -> None:
    assert made(ahead)() == b"content"


@pytest.mark.parametrize("ahead", [-LONGEST - 2, -30 * 86400])
def test_what_is_older_is_not(made, ahead: float) -> None:
    with pytest.raises((TooOld, BadSignature)):
        made(ahead)()


@pytest.mark.parametrize("ahead", [DIFFER + 2, 3600, 30 * 86400])
@pytest.mark.parametrize("made", [bound, sealed], indirect=True)
def test_who_is_on_the_line_is_not_lost_because_a_clock_is_wrong(made, ahead: float) -> None:
    assert made(ahead)() == b"content"


@pytest.mark.parametrize("ahead", [DIFFER + 2, 3600, 30 * 86400])
@pytest.mark.parametrize("made", [signed], indirect=True)
def test_a_log_in_of_a_wrong_clock_does_not_count(made, ahead: float) -> None:
    with pytest.raises(BadSignature):
        made(ahead)()


@pytest.mark.parametrize("ahead", [2, 90, DIFFER - 5, 600, 86400])
def test_a_caller_whose_turns_are_answered_by_two_hosts_goes_on(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    here = time.time()
    monkeypatch.setattr(time, "time", lambda: here + ahead)
    person = WebhookCall(carrier(), "+4917611111111").rings().presses("1", "1")
    monkeypatch.setattr(time, "time", lambda: here)
    person.hears("consent").presses("2").hears("called_before")


@pytest.mark.parametrize("ahead", [2, 90, DIFFER - 5])
def test_whoever_logs_in_at_one_host_is_logged_in_at_the_other(desk, monkeypatch, ahead: float) -> None:
    here = time.time()
    monkeypatch.setattr(time, "time", lambda: here + ahead)
    mia = desk("mia")
    monkeypatch.setattr(time, "time", lambda: here)
    answer = mia.get("/desk/")
    assert answer.status_code == 200, answer.headers.get("Location")
