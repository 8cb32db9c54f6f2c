"""Finds the build of this version of Python that computes fastest on this machine.

A Python that somebody has compiled without the optimisations of a distribution needs half as much time again for the
same work. Standard library only, and no syntax newer than Python 3.7, as in `bootstrap`.
"""

from __future__ import annotations

import os
import subprocess
import sys

#: A build has to be so much quicker than the present one to be preferred: less is chance.
_WORTH_IT = 1.2
#: How often each build is measured; its best time counts.
_ROUNDS = 3
#: Prints how many seconds of processor time some work of an interpreter took, the best of three times; fails where no
#: virtual environment can be made.
_MEASURE = """
import ensurepip, ssl, sqlite3, sys, time, venv
if sys.version_info[:2] != (%d, %d):
    sys.exit(1)
class Thing:
    def __init__(self, value):
        self.value = value
    def more(self):
        return self.value + 1
def work():
    began = time.process_time()
    kept = {}
    for number in range(100000):
        kept[number %% 1000] = Thing(number).more()
    return time.process_time() - began
print(min(work() for _ in range(3)))
"""


def quickest() -> str:
    """The path of the quickest build of this version; the present one if no other is clearly quicker."""
    paths = [sys.executable, *_others()]
    best: dict[str, float] = {}
    for _ in range(_ROUNDS):  # in turn: what else the machine does hinders each as much
        for path in paths:
            seconds = _seconds(path)
            if seconds is not None:
                best[path] = min(seconds, best.get(path, seconds))
    own = best.get(sys.executable)
    if own is None:
        return sys.executable
    path = min(best, key=lambda each: best[each])
    return path if own > _WORTH_IT * best[path] else sys.executable


def _others() -> list[str]:
    """Where programs of this name are, without those that are the same file; of the usual places also outside PATH."""
    name = "python{}.{}".format(*sys.version_info[:2])
    places = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/local/bin", "/usr/bin"]
    found = {os.path.realpath(sys.executable): ""}
    for place in places:
        path = f"{place}/{name}"
        if place and os.access(path, os.X_OK):
            found.setdefault(os.path.realpath(path), path)
    return [path for path in found.values() if path]


def _seconds(path: str) -> float | None:
    command = [path, "-I", "-c", _MEASURE % sys.version_info[:2]]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        return float(done.stdout) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
