"""Runs all benchmarks and sums their figures up in one table.

    python -m benchmarks [--quick] [NAME …]

`--quick` takes smaller sizes, so that none takes more than three minutes on an idle machine. The status is 1 if a
figure falls short or a benchmark breaks off.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import COLLECT_IN, Figure

#: Module and arguments, and the arguments for `--quick`.
_ALL: dict[str, tuple[list[str], list[str]]] = {
    "startup": ([], ["--rounds", "5"]),
    "webhooks": ([], ["--rounds", "5", "--calls", "400"]),
    "webhooks-postgres": (["--postgres"], ["--postgres", "--rounds", "5", "--calls", "400"]),
    "hang_up_to_transcript": ([], []),
    "backlog": (["--messages", "200", "--rounds", "3"], []),
    "desk": ([], ["--tasks", "40000"]),
    "desk_pages": ([], ["--tasks", "40000"]),
    "desk_pages-postgres": (["--postgres"], ["--postgres", "--tasks", "40000"]),
    "live_channel": ([], ["--seconds", "20"]),
    "spool": ([], ["--calls", "100"]),
    "sip_calls": ([], ["--most", "80", "--seconds", "5", "--keys", "300"]),
    "last_resort": ([], []),
    "flood": ([], []),
    "promises": ([], ["--tasks", "100000"]),
    "live_calls": ([], ["--rounds", "2"]),
    "capacity": ([], ["--calls", "30", "--messages", "6", "--conversations", "5"]),
    "wide_ids": ([], ["--rows", "200000"]),
    "live_calls-postgres": (["--postgres"], ["--postgres", "--rounds", "2"]),
}


def main() -> None:
    """Run them one after the other."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("names", nargs="*", metavar="NAME", help=", ".join(_ALL))
    arguments.add_argument("--quick", action="store_true")
    wanted = arguments.parse_args()
    if unknown := set(wanted.names) - set(_ALL):
        arguments.error(f"there is no benchmark {sorted(unknown)[0]!r}; there are {', '.join(_ALL)}")
    broken = []
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        results.touch()
        for name in wanted.names or _ALL:
            print(f"\n== {name} ==", flush=True)
            module = f"benchmarks.{name.partition('-')[0]}"
            command = [sys.executable, "-m", module, *_ALL[name][wanted.quick]]
            before = results.stat().st_size
            status = subprocess.run(command, env={**os.environ, COLLECT_IN: str(results)}).returncode
            if status and results.stat().st_size == before:
                broken.append(name)
        figures = [Figure(**json.loads(line)) for line in results.read_text().splitlines()]
    raise SystemExit(_sum_up(figures, broken))


def _sum_up(figures: list[Figure], broken: list[str]) -> int:
    """Print the table; the exit status."""
    print("\n== all benchmarks ==")
    above = ""
    for figure in figures:
        if figure.benchmark != above:
            print(figure.benchmark)
            above = figure.benchmark
        print("  " + figure.line())
    for name in broken:
        print(f"{name} broke off before it had figures")
    short = sum(not figure.met for figure in figures)
    print(f"\n{len(figures)} figures, {short} fall short, {len(broken)} benchmarks broke off")
    return 1 if short or broken else 0


if __name__ == "__main__":
    main()
