"""Redis takes connections and never answers, or is away: every webhook of a call is answered without waiting for it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from flask import request
from redis.connection import AbstractConnection

from ivr.calls import call_counters
from ivr.config.settings import Settings
from ivr.models.accounts import User
from ivr.platform import outbox, write_behind
from tests.stories.test_outage_at_every_step import CALLS, client, codes
from tests.stories.test_promises_held import mia, talks, the_task, waits
from tests.support.environment import forget_settings
from tests.support.receipts import codes_heard
from tests.support.webhook_calls import WebhookCall

__all__ = ["client", "mia"]


class Watch:
    """What the threads that answer webhooks ask of Redis."""

    def __init__(self) -> None:
        #: Path -> seconds for which the answer waited for Redis.
        self.waited: dict[str, float] = {}
        #: How often a webhook turned to Redis.
        self.asked = 0


@pytest.fixture(params=["silent", "away"])
def redis(request: pytest.FixtureRequest, empty_database: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as connections:
        port = server.getsockname()[1]
        if request.param == "away":
            server.close()
        else:
            connections.enter_context(_taking_connections(server))
        monkeypatch.setattr(outbox, "hand_over", lambda jobs: None)  # a thread does it where calls are served
        call_counters.forget_all()
        monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{port}/0")
        forget_settings()
        yield
        forget_settings()
        call_counters.forget_all()


@contextmanager
def _taking_connections(server: socket.socket) -> Iterator[None]:
    """Take every connection and never say anything on it."""
    over = threading.Event()
    server.settimeout(0.1)  # closing a socket wakes nobody who waits at it

    def take() -> None:
        with ExitStack() as held:
            while not over.is_set():
                with suppress(TimeoutError):
                    held.enter_context(server.accept()[0])

    thread = threading.Thread(target=take)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.fixture
def watch(redis: None, monkeypatch: pytest.MonkeyPatch) -> Watch:
    found, here = Watch(), threading.get_ident()

    def watched(name: str) -> None:
        real: Callable[..., object] = getattr(AbstractConnection, name)

        def timed(self: object, *args: object, **named: object) -> object:
            if threading.get_ident() != here:
                return real(self, *args, **named)
            began = time.monotonic()
            found.asked += 1
            try:
                return real(self, *args, **named)
            finally:
                found.waited[request.path] = found.waited.get(request.path, 0.0) + time.monotonic() - began

        monkeypatch.setattr(AbstractConnection, name, timed)

    for name in ("connect", "read_response"):
        watched(name)
    return found


def nobody_waits(watch: Watch) -> None:
    assert all(seconds < 0.5 for seconds in watch.waited.values()), watch.waited


@pytest.mark.parametrize("kind", list(CALLS))
def test_a_call_of_any_kind_is_answered_at_every_step(client, watch: Watch, kind: str) -> None:
    call = WebhookCall(client, CALLS[kind]).to_its_end()
    assert set(call.statuses) <= {200, 204}
    nobody_waits(watch)
    write_behind.flush()
    assert codes_heard("en", call.documents) <= set(codes())
    assert "technical problem" not in "".join(call.documents)


def test_a_caller_in_the_queue_is_told_the_place_and_connected(webhook_caller, watch: Watch, mia: User) -> None:
    person = waits(webhook_caller(at="open"), "1").waits().hears("line_position")
    talks(person, mia)
    person.hangs_up()
    nobody_waits(watch)


@pytest.mark.parametrize("key", ["1", "2", "9"])
def test_a_key_in_the_queue_is_followed(webhook_caller, watch: Watch, mia: User, key: str) -> None:
    person = waits(webhook_caller(at="open"), "1").waits(key)
    person.hangs_up()
    if key == "1":
        assert the_task(person).state == "open"
    nobody_waits(watch)
