"""Processes are stopped so that none loses what it needs while it ends."""

from __future__ import annotations

import os
from pathlib import Path

from ivr.launcher.process_supervisor import Child, stop_all
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
