"""Compares a small hotline with a large one, in both databases and in one run."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.report import Report
from tests.support.postgres import running

#: Milliseconds of each act in a hotline of so many tasks. Arguments: a folder, the database's address, the tasks.
Run = Callable[[Path, str, int], Mapping[str, float]]


def median(act: Callable[[int], object], rounds: int, before: Callable[[], object] = lambda: None) -> float:
    """Milliseconds of an act, which is told the number of its round, from 1. Round 0 warms up."""
    times = []
    for number in range(rounds + 1):
        before()
        began = time.perf_counter()
        act(number)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:]) * 1000


def compare(report: Report, run: Run, sizes: tuple[int, int], times: float, kinds: Sequence[str]) -> None:
    """Report how many times longer each act takes with the larger size, which should be at most `times`."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, running() as server:
        for kind in kinds:
            small, large = (
                run(Path(folder) / f"{kind}-{count}", server.new_database() if kind == "postgresql" else "", count)
                for count in sizes
            )
            for act, milliseconds in small.items():
                print(f"  {kind:<10}  {act:<24} {milliseconds:8.1f} ms {large[act]:8.1f} ms", flush=True)
                report.at_most(f"{kind}: {act}, times as long", large[act] / milliseconds, times)


KINDS = ("sqlite", "postgresql")
