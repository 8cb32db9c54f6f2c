"""How long the command line and the web application take to be imported.

    python -m benchmarks.startup [--rounds 7]

The web application is compared with its libraries: a first process records which modules outside of `ivr` and the
standard library are imported by modules of ours, a second one imports these alone. Each round starts fresh processes
in turn; the best of each counts, because a process can only be slowed down by what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

from benchmarks.report import Report

HELP_SECONDS, TIMES_LIBRARIES = 0.5, 1.4

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
    report.finish()


if __name__ == "__main__":
    main()
