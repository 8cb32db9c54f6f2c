"""The hotline of this process with a carrier and people in simulated time."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from ivr.carrier.client import _HttpClient
from ivr.config.settings import Settings, settings
from ivr.domain import timestamps
from ivr.platform import outbox
from tests.plugins.call_queue import INTERPRETERS
from tests.support.call_queue import STAFF
from tests.support.environment import forget_settings
from tests.support.simulated_calls import Clock
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.webhook_caller import hotline_of_webhooks

#: A Monday morning, well within the opening hours.
MORNING = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def clock(empty_database: Settings, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Simulated time: every module of the product reads this clock."""
    clock = Clock(MORNING)
    real = timestamps.utc_now
    for module in [module for name, module in sys.modules.items() if name.startswith("ivr.")]:
        if getattr(module, "utc_now", None) is real:
            monkeypatch.setattr(module, "utc_now", lambda: clock.now)
    return clock


@pytest.fixture
def simulated(
    empty_database: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., SimulatedCarrier]]:
    """A carrier in simulated time: `simulated(seed=3, loses=0.02)`."""
    for name, value in {
        "LINE_PLACES": "5",
        "INTERPRETERS": INTERPRETERS,
        "STAFF_NUMBER": STAFF,
        "LANGUAGES": '["de", "en", "tr"]',
    }.items():
        monkeypatch.setenv(name, value)
    forget_settings()
    monkeypatch.setattr(outbox, "hand_over", outbox.hand_over)
    with hotline_of_webhooks(settings(), monkeypatch) as hotline:

        def begin(seed: int = 1, loses: float = 0.0, *, refuses: float = 0.0, rounds: bool = True) -> SimulatedCarrier:
            carrier = SimulatedCarrier(hotline, clock, random.Random(seed), loses=loses, refuses=refuses, rounds=rounds)
            monkeypatch.setattr(_HttpClient, "request", carrier.rest)
            return carrier

        yield begin
