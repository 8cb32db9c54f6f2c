"""The hotline's webhooks in this process, without any other, and callers made of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from ivr.config.settings import Settings
from ivr.telephony import call_session, queue_webhooks, voice_webhooks
from tests.support.webhook_caller import Hotline, WebhookCaller, hotline_of_webhooks


@pytest.fixture
def webhooks(empty_database: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hotline]:
    """The hotline of this process, with an empty database."""
    with hotline_of_webhooks(empty_database, monkeypatch) as hotline:
        yield hotline


@pytest.fixture
def webhook_caller(webhooks: Hotline) -> Callable[..., WebhookCaller]:
    """Callers, each with a call of their own: `webhook_caller("+4915112345678", at="open")`."""
    return lambda *given, **wishes: WebhookCaller(webhooks, *given, **wishes)


@pytest.fixture
def webhook_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the clock of the webhooks."""

    def set_to(at: datetime) -> None:
        for module in (call_session, queue_webhooks, voice_webhooks):
            monkeypatch.setattr(module, "utc_now", lambda: at)

    return set_to
