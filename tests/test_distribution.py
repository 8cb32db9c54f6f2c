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


def ran(where: Path, *arguments: str, volume: str) -> str:
    (where / "test_calls.py").write_text(TESTS)
    (where / "pytest.ini").write_text("[pytest]\n")
    plugins = ["-p", "no:schemathesis", "-p", "no:anyio", "-p", "tests.plugins.distribution"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments, *plugins, "test_calls.py"],
        cwd=where,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "VOLUME": volume},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


IN_TWO = ("-n", "2", "--dist", "loadgroup")


def test_a_shared_hotline_is_started_once(tmp_path: Path) -> None:
    said = ran(tmp_path, *IN_TWO, volume="soak")
    assert re.search(r"12 passed", said), said
    assert len((tmp_path / "started").read_text().split()) == 1
    assert len((tmp_path / "others").read_text().split()) == 6


def test_a_whole_run_takes_some_inputs_of_each_test_and_one_file_takes_all(tmp_path: Path) -> None:
    assert re.search(r"\b6 passed", said := ran(tmp_path, *IN_TWO, "-vv", volume="test")), said
    assert set(re.findall(r"PASSED test_calls.py::test_a_call\[(\d)\]", said)) == {"0", "2", "5"}
    assert re.search(r"12 passed", said := ran(tmp_path, volume="test")), said
