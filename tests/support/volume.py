"""How much a run tries: `make test` little, `.ci/run` more, `make soak` and `make soak-night` all of it.

The environment variable VOLUME says which: test (without it), ci, soak or night.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

Row, Column = TypeVar("Row"), TypeVar("Column")
LEVELS = ("test", "ci", "soak", "night")
LEVEL = LEVELS.index(os.environ.get("VOLUME") or "test")


def volume(*, test: int, soak: int, ci: int | None = None, night: int | None = None) -> int:
    """The number for this run; by default `.ci/run` takes that of `make test`, and the night that of the soak."""
    return (test, test if ci is None else ci, soak, soak if night is None else night)[LEVEL]


def crossed(rows: Iterable[Row], columns: Iterable[Column]) -> list[tuple[Row, Column]]:
    """Pairs to try: in `.ci/run` all; in `make test` each row with the first column, the first row with each column."""
    rows, columns = list(rows), list(columns)
    every = [(row, column) for row in rows for column in columns]
    if LEVELS.index("ci") <= LEVEL:
        return every
    return [(row, column) for row, column in every if row == rows[0] or column == columns[0]]
