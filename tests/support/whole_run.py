"""What the processes of one test run share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.locks import one_at_a_time


def shared_directory(factory: pytest.TempPathFactory, name: str) -> Path:
    """A directory of this run; all its pytest-xdist workers are given the same one."""
    base = factory.getbasetemp()
    directory = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    directory.mkdir(exist_ok=True)
    return directory


@contextmanager
def made_once(made: Path) -> Iterator[bool]:
    """Whether the caller is the one who makes what lies there. Others wait meanwhile."""
    with one_at_a_time(made.with_name(f"{made.name}.lock")):
        yield not made.exists()
