"""What every benchmark prints: each figure beside what is wanted of it, and a status that says whether all are met."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

#: `python -m benchmarks` collects the figures of all benchmarks in the file this variable names.
COLLECT_IN = "BENCHMARK_RESULTS"


@dataclass(frozen=True)
class Figure:
    """A measured figure; `wanted` is empty where it is only shown."""

    benchmark: str
    name: str
    measured: str
    wanted: str = ""
    met: bool = True

    def line(self) -> str:
        """One line of a table."""
        verdict = "" if not self.wanted else "ok" if self.met else "FALLS SHORT"
        return f"{self.name:<44} {self.measured:>14}   {self.wanted:<16} {verdict}".rstrip()


class Report:
    """Collects the figures of one benchmark.

    Units: `unit` is appended to both numbers; ratios have none.
    """

    def __init__(self, benchmark: str) -> None:
        self.benchmark = benchmark
        self.figures: list[Figure] = []

    def at_most(self, name: str, measured: float, wanted: float, unit: str = "", digits: int = 2) -> None:
        """A figure that should be small."""
        self._add(name, measured, f"at most {wanted:g}", unit, digits, met=measured <= wanted)

    def at_least(self, name: str, measured: float, wanted: float, unit: str = "", digits: int = 2) -> None:
        """A figure that should be large."""
        self._add(name, measured, f"at least {wanted:g}", unit, digits, met=measured >= wanted)

    def shown(self, name: str, measured: float, unit: str = "", digits: int = 2) -> None:
        """A figure nothing is wanted of."""
        self._add(name, measured, "", unit, digits, met=True)

    def _add(self, name: str, measured: float, wanted: str, unit: str, digits: int, *, met: bool) -> None:
        after = f" {unit}" if unit else ""
        figure = Figure(self.benchmark, name, f"{measured:,.{digits}f}{after}", wanted and wanted + after, met)
        self.figures.append(figure)
        print(f"  … {figure.line()}", flush=True)  # who breaks a long benchmark off has seen something

    def finish(self) -> None:
        """Print the figures; end the process with status 1 where one falls short."""
        print(f"\n{self.benchmark}: measured and wanted")
        for figure in self.figures:
            print("  " + figure.line())
        sys.stdout.flush()
        if path := os.environ.get(COLLECT_IN):
            with Path(path).open("a") as file:
                file.writelines(json.dumps(asdict(figure)) + "\n" for figure in self.figures)
        if not all(figure.met for figure in self.figures):
            raise SystemExit(1)
