"""Waiting for what other processes and threads do."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(happens: Callable[[], object], seconds: float = 10.0, pause: float = 0.02) -> object:
    """Wait until something is true and return it; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = happens()
        if value:
            return value
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(pause)
