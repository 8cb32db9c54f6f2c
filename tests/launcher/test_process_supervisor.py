"""Processes are stopped so that none loses what it needs while it ends; and no log keeps one from running."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from ivr.config.settings import load
from ivr.launcher.process_supervisor import Child, stop_all
from ivr.launcher.run import _environment, _start_redis
from tests.support.waiting import eventually


def child(name: str, script: str, folder: Path) -> Child:
    """A process that says when it has begun, and does something when it is asked to end."""
    file = folder / f"{name}.sh"
    file.write_text(f"trap '{script}; exit' TERM\necho begun > {folder}/{name}.begun\nwhile :; do sleep 0.05; done\n")
    made = Child(name, f"sh {file}", os.environ, folder / f"{name}.log")
    made.start()
    eventually(lambda: (folder / f"{name}.begun").exists())
    return made


def test_what_the_others_need_ends_after_them(tmp_path: Path) -> None:
    redis = child("redis", f"touch {tmp_path}/redis.ended", tmp_path)
    ending = f"sleep 0.5; ls {tmp_path} > {tmp_path}"
    others = [child(name, f"{ending}/{name}.saw", tmp_path) for name in ("worker", "clock")]
    stop_all([*others, redis])
    for name in ("worker", "clock"):
        assert "redis.ended" not in (tmp_path / f"{name}.saw").read_text()
    assert (tmp_path / "redis.ended").exists()
    assert not any(one.running for one in (*others, redis))


#: Writes a line to its log each tenth of a second, and one when it has done so.
LOGS = """
import logging, sys, time
from ivr.platform import log_setup
log_setup.set_up("text")
while True:
    logging.warning("a line")
    time.sleep(0.1)
"""


@pytest.fixture
def logging_child(tmp_path: Path) -> Iterator[Child]:
    script = tmp_path / "logs.py"
    script.write_text(LOGS)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    made = Child("logs", f"{sys.executable} {script}", environment, tmp_path / "log" / "logs.log")
    made.start()
    eventually(lambda: "a line" in made.log.read_text())
    yield made
    made.kill()


def moved(log: Path) -> None:
    log.rename(log.with_suffix(".1"))


def removed_with_its_directory(log: Path) -> None:
    shutil.rmtree(log.parent)


def emptied(log: Path) -> None:
    """As logrotate does with `copytruncate`."""
    os.truncate(log, 0)


@pytest.mark.parametrize("change", [moved, removed_with_its_directory, emptied])
def test_a_log_that_was_rotated_goes_on_in_a_new_file(logging_child: Child, change: Callable[[Path], None]) -> None:
    change(logging_child.log)
    eventually(lambda: logging_child.log.exists() and "a line" in logging_child.log.read_text())
    assert logging_child.log.stat().st_mode & 0o777 == 0o600
    assert "\0" not in logging_child.log.read_text(), "it is appended to"


def test_no_log_keeps_a_process_from_running(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The launcher itself ended, and with it the whole hotline."""
    (tmp_path / "log").touch()
    child = Child("clock", "sh -c 'echo is there; exec sleep 30'", os.environ, tmp_path / "log" / "clock.log")
    child.start()
    said = [capfd.readouterr().out]

    def all_said() -> str:
        said.append(capfd.readouterr().out)
        return "".join(said)

    eventually(lambda: "is there" in all_said())
    assert child.running
    assert "the log of clock cannot be written" in all_said()
    child.kill()


def test_a_machine_without_room_for_a_process_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = Child("clock", "sleep 30", os.environ, tmp_path / "clock.log")
    child.start()
    child.kill()

    def no_room(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as full:
        full.setattr(subprocess, "Popen", no_room)
        child._pause = 0.0
        for _ in range(4):
            child.keep_running()
        assert not child.running
    eventually(lambda: child.keep_running() or child.running)
    child.kill()


@pytest.mark.parametrize("change", [moved, removed_with_its_directory, emptied])
def test_the_log_of_redis_goes_on_in_a_new_file_too(tmp_path: Path, change: Callable[[Path], None]) -> None:
    """It is no program of ours: it opens the file of a given name for each line."""
    configured = load(var_dir=tmp_path / "a house", redis_url="", mode="local")
    server = _start_redis(configured, {**_environment(configured), "PATH": os.environ["PATH"]})
    try:
        redis = Redis.from_url(configured.redis)
        redis.config_set("loglevel", "notice")
        change(server.log)
        server.log.parent.mkdir(exist_ok=True)
        redis.bgsave()
        eventually(lambda: server.log.exists() and "saving" in server.log.read_text())
        assert server.log.stat().st_mode & 0o777 == 0o600
    finally:
        server.kill()


def test_redis_runs_without_a_log_where_none_can_be_written(tmp_path: Path) -> None:
    configured = load(var_dir=tmp_path, redis_url="", mode="local")
    (tmp_path / "log").touch()
    server = _start_redis(configured, {**_environment(configured), "PATH": os.environ["PATH"]})
    try:
        assert Redis.from_url(configured.redis).ping()
    finally:
        server.kill()
