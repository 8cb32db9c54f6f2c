"""The feed hears every change, and says so where it may have missed one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.config.settings import Settings
from ivr.launcher.run import _environment, _start_redis
from ivr.platform import job_queue, live_events, live_feed
from ivr.platform.live_feed import Feed, Heard, position_of
from tests.support.environment import use_environment
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, object]]:
    folder: Path = tmp_path_factory.mktemp("feed")
    configured = use_environment({"VAR_DIR": str(folder), "REDIS_URL": ""})
    server = _start_redis(configured, {**_environment(configured), "PATH": os.environ["PATH"]})
    yield folder, server
    server.kill()


@pytest.fixture
def feed(redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Feed, list[Heard]]]:
    monkeypatch.setattr(live_feed, "_PAUSE", 0.05)
    monkeypatch.setattr(live_feed, "_BLOCK", 200)
    use_environment({"VAR_DIR": str(redis[0]), "REDIS_URL": ""})
    heard: list[Heard] = []
    lost: list[bool] = []
    feed = Feed(heard.append, lambda: lost.append(True))
    feed.start()
    assert feed.is_up_to((0, 0), 5)
    yield feed, heard
    feed.stop()


def test_what_is_published_is_heard(feed) -> None:
    followed, heard = feed
    assert heard[0].everything, "what was before is not known"
    live_events.publish_now({"team:3", "task:17"})
    eventually(lambda: len(heard) > 1, 5)
    assert heard[1].topics == {"team:3", "task:17"} and not heard[1].everything
    live_events.publish_now({"team"})
    eventually(lambda: len(heard) > 2, 5)
    assert heard[2].topics == {"team"} and heard[2].at > heard[1].at
    assert followed.is_up_to(heard[2].at, 0) and not followed.is_up_to((1 << 60, 0), 0.05)


def test_a_stream_that_redis_has_lost_is_begun_anew(feed) -> None:
    followed, heard = feed
    live_events.publish_now({"team:3"})
    eventually(lambda: len(heard) > 1, 5)
    job_queue.impatient().delete(live_events.STREAM)
    eventually(lambda: len(heard) > 2 and heard[-1].everything, 5)
    live_events.publish_now({"team:5"})  # perhaps at an earlier position: the clock may have been put back
    eventually(lambda: heard[-1].topics == {"team:5"}, 5)
    assert followed.alive


def test_a_redis_that_goes_away_is_noticed_and_found_again(feed, redis) -> None:
    followed, heard = feed
    redis[1].kill()
    eventually(lambda: not followed.alive, 6)
    assert not followed.is_up_to((0, 0), 0), "nothing that was kept may be believed"
    use_environment({"VAR_DIR": str(redis[0]), "REDIS_URL": ""}).var_dir.joinpath("redis.sock").unlink(missing_ok=True)
    redis[1].start()
    eventually(lambda: followed.alive and heard[-1].everything, 10)


@pytest.mark.parametrize("text", ["", "x", "1", "-", "1-x", "-1-2", "1" * 50 + "-0", "٣-٣", "1-2-3", b"\xff-1"])
def test_nonsense_is_the_beginning(text) -> None:
    assert position_of(text) == (0, 0)


def test_a_position_is_read_as_it_is_written() -> None:
    assert position_of(live_feed.text_of((1732800000000, 7))) == (1732800000000, 7)
