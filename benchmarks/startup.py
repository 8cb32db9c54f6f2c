"""How long the command line and the web application take to be imported, and the first call after a start.

    python -m benchmarks.startup [--rounds 7]

The web application is compared with its libraries: a first process records which modules outside of `ivr` and the
standard library are imported by modules of ours, a second one imports these alone. Each round starts fresh processes
in turn; the best of each counts, because a process can only be slowed down by what else the machine does.

The first call: servers that have just said that they are ready, each asked by six callers, one after the other on a
connection of its own, so that all processes are among them. The slowest of the six is compared with the median of the
calls after them; of several servers the best counts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Report
from benchmarks.webhook_client import send_all
from benchmarks.webhooks import Calls, Server, signed, start_ours
from ivr.config.settings import load
from ivr.launcher.process_supervisor import stop_all
from ivr.launcher.run import _start_redis
from tests.support.environment import ROOT

HELP_SECONDS, TIMES_LIBRARIES = 0.5, 1.4
#: The slowest first call of a process, in times the median of later ones.
FIRST_CALL = 5.0
#: Servers that are started for it, first callers, and later ones.
SERVERS, FIRST, LATER = 3, 6, 200

#: Prints, as JSON, what modules of ours import from libraries, in their order: [name, names taken from it].
_RECORD = """
import builtins, json, sys
taken, original = [], builtins.__import__
def record(name, globals=None, locals=None, fromlist=(), level=0):
    ours = ((globals or {}).get("__name__") or "").partition(".")[0] == "ivr"
    top = name.partition(".")[0]
    if ours and level == 0 and top != "ivr" and top not in sys.stdlib_module_names:
        taken.append([name, list(fromlist or ())])
    return original(name, globals, locals, fromlist, level)
builtins.__import__ = record
import ivr.web.app
print(json.dumps(taken))
"""
_LIBRARIES = """
import json, sys, time
taken = json.loads(sys.argv[1])
began = time.perf_counter()
for name, names in taken:
    __import__(name, fromlist=names)
assert not any(name.partition(".")[0] == "ivr" for name in sys.modules)
print(time.perf_counter() - began)
"""
_APPLICATION = """
import time
began = time.perf_counter()
import ivr.web.app
print(time.perf_counter() - began)
"""


def _python(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout


def help_seconds() -> float:
    """Wall seconds of `python -m ivr --help`."""
    began = time.perf_counter()
    shown = _python("-m", "ivr", "--help")
    seconds = time.perf_counter() - began
    assert "usage" in shown.lower(), shown
    return seconds


def first_calls() -> tuple[float, float, float]:
    """Milliseconds of the slowest first call and of the median later one, and how many times as long the first took.

    Of several servers, the one with the best ratio.
    """
    found = []
    for _ in range(SERVERS):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            folder = Path(name)
            socket = f"unix://{folder}/redis.sock"
            redis = _start_redis(load(var_dir=folder, redis_url=socket), {**os.environ, "VAR_DIR": name})
            server = start_ours("the hotline", ROOT, folder / "ours", "", f"{socket}?db=1")
            try:
                _until_ready(server.port)
                slowest = max(seconds for _ in range(FIRST) for seconds in _ring(server, 1))
                median = statistics.median(_ring(server, LATER))
            finally:
                stop_all([server.child, redis])
        found.append((slowest * 1000, median * 1000, slowest / median))
    return min(found, key=lambda one: one[2])


def _until_ready(port: int) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                assert json.load(answer)["ready"]
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server is not ready after a minute")


def _ring(server: Server, count: int) -> Sequence[float]:
    """The seconds that each of some new calls takes to be answered, one after the other on one connection."""
    requests = [signed(server, "/voice/incoming", form) for form in Calls(count).forms]
    answers = send_all(server.port, requests, 1)
    assert set(answers.statuses) == {200}, answers.statuses
    assert all(b"<Gather" in body for body in answers.bodies)
    return answers.latencies


def main() -> None:
    """Print the best of each."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=7)
    rounds = arguments.parse_args().rounds
    taken = _python("-c", _RECORD)
    assert len(json.loads(taken)) > 20, "the libraries could not be recorded"
    helps, applications, libraries = [], [], []
    for _ in range(rounds):
        helps.append(help_seconds())
        applications.append(float(_python("-c", _APPLICATION)))
        libraries.append(float(_python("-c", _LIBRARIES, taken)))
    report = Report("startup")
    report.at_most("python -m ivr --help", min(helps), HELP_SECONDS, "s")
    report.shown("importing the web application", min(applications), "s")
    report.shown("importing its libraries alone", min(libraries), "s")
    report.at_most("the application in times its libraries", min(applications) / min(libraries), TIMES_LIBRARIES)
    first, later, times = first_calls()
    report.shown("the slowest first call after ready", first, "ms")
    report.shown("the median of later calls", later, "ms")
    report.at_most("the slowest first call in times the median", times, FIRST_CALL)
    report.finish()


if __name__ == "__main__":
    main()
