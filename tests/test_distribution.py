"""Tests that share a running hotline run in one process, the others in all of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.environment import ROOT

TESTS = """
import time
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def hotline(worker_id):
    with Path("started").open("a") as starts:
        starts.write(worker_id + "\\n")


@pytest.mark.parametrize("number", range(6))
def test_a_call(hotline, number):
    time.sleep(0.05)


@pytest.mark.parametrize("number", range(6))
def test_something_else(worker_id, number):
    time.sleep(0.05)
    with Path("others").open("a") as others:
        others.write(worker_id + "\\n")
"""


def test_a_shared_hotline_is_started_once(tmp_path: Path) -> None:
    (tmp_path / "test_calls.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    plugins = ["-p", "no:schemathesis", "-p", "no:anyio", "-p", "tests.plugins.distribution"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", *plugins, "test_calls.py"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert re.search(r"12 passed", ran.stdout), ran.stdout + ran.stderr
    assert len((tmp_path / "started").read_text().split()) == 1
    assert len((tmp_path / "others").read_text().split()) == 6
