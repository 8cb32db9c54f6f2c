"""Waiting for what other processes and threads do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Several processes of tests share the cores, so that all that is waited for takes its multiple.
OTHERS = 4 if "PYTEST_XDIST_WORKER" in os.environ else 1


def eventually(happens: Callable[[], T | None], seconds: float = 10.0, pause: float = 0.02) -> T:
    """Wait until something is true and return it; fail after `seconds` of a machine that runs nothing else."""
    patience = seconds * OTHERS
    deadline = time.monotonic() + patience
    while True:
        value = happens()
        if value:
            return value
        assert time.monotonic() < deadline, f"did not happen within {patience} s"
        time.sleep(pause)
