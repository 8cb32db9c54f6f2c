"""How much a run tries: `make test` little, `.ci/run` more, `make soak` and `make soak-night` all of it.

The environment variable VOLUME says which: test (without it), ci, soak or night.
"""

from __future__ import annotations

import os

LEVELS = ("test", "ci", "soak", "night")
LEVEL = LEVELS.index(os.environ.get("VOLUME") or "test")


def volume(*, test: int, soak: int, ci: int | None = None) -> int:
    """The number for this run; without one of its own, `.ci/run` takes that of `make test`."""
    return (test, test if ci is None else ci, soak, soak)[LEVEL]
