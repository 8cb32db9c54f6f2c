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
    return _pytest(where, *arguments, "test_calls.py", volume=volume)


def _pytest(where: Path, *arguments: str, volume: str) -> str:
    marks = "markers =\n    soak\n    since(level)\n    alone\n    carrier(name)\n"
    (where / "pytest.ini").write_text(f"[pytest]\ntestpaths = tests\n{marks}")
    plugins = ["-p", "no:schemathesis", "-p", "no:anyio", "-p", "tests.plugins.distribution"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments, *plugins],
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


def test_a_whole_run_takes_one_input_of_each_test_and_one_file_takes_all(tmp_path: Path) -> None:
    for volume in ("test", "ci"):
        said = ran(tmp_path, *IN_TWO, "-vv", volume=volume)
        assert set(re.findall(r"PASSED test_calls.py::test_a_call\[(\d)\]", said)) == {"0"}, said
        assert "2 passed" in said, said
    assert re.search(r"12 passed", said := ran(tmp_path, volume="test")), said


def test_what_make_test_leaves_out_is_in_make_soak(tmp_path: Path) -> None:
    for folder in ("audit", "web"):  # the first is tested from `.ci/run` on
        (tmp_path / f"tests/{folder}").mkdir(parents=True)
        (tmp_path / f"tests/{folder}/test_{folder}.py").write_text(TESTS)
    tests = {}
    for volume, more in (("test", ()), ("ci", ()), ("soak", ("-m", "soak"))):
        said = _pytest(tmp_path, *IN_TWO, "-vv", *more, volume=volume)
        tests[volume] = set(re.findall(r"PASSED (\S+?)(?:@hotline)? *$", said, re.MULTILINE))
    assert tests["test"] == {f"tests/web/test_web.py::test_{name}[0]" for name in ("a_call", "something_else")}
    assert len(tests["ci"]) == 4 and not tests["test"] & tests["soak"] and len(tests["test"] | tests["soak"]) == 24
    assert "2 passed" in _pytest(tmp_path, *IN_TWO, "tests/audit", volume="test")  # a folder that is named
