"""Two hosts lose what they stand on, one thing after the other, while people ring.

    python -m tests.soak.drill [--only host,redis] [--calls 24] [--seed 1] [--plant lost-row]

Ends in a table. Exit status 1 if a promise was lost, or more callers or seconds than a drill allows, or if the machine
had no time to judge it; then the logs of all processes are kept in var/drill. `--plant` takes a row away before it is
judged: the table has to show it. See docs/operators.md.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from ivr.domain.timestamps import utc_now
from tests.soak.chaos.ringing import recorded_speech
from tests.soak.drill import planted, scene
from tests.soak.drill.drills import DRILLS
from tests.soak.drill.site import Site
from tests.soak.drill.table import Row, is_ok, written
from tests.support.environment import ROOT

_began = time.monotonic()


def _say(what: str) -> None:
    print(f"{time.monotonic() - _began:6.1f} s  {what}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help=f"some of {', '.join(DRILLS)}, separated by commas")
    parser.add_argument("--calls", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plant", choices=["lost-row"], default=None)
    wanted = parser.parse_args()
    wanted.drills = [name for name in wanted.only.split(",") if name] or list(DRILLS)
    if unknown := set(wanted.drills) - set(DRILLS):
        parser.error(f"there is no drill {', '.join(sorted(unknown))}")
    return wanted


def _keep_logs(folder: Path) -> None:
    """Keep what all processes have written, where git does not see it."""
    kept = ROOT / "var" / "drill" / f"{utc_now():%Y%m%d-%H%M%S}"
    for log in folder.rglob("*.log"):
        place = kept / log.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, place)
    _say(f"logs: {kept}")


def main() -> int:
    """Run the drills one after the other on one site."""
    wanted = _arguments()
    logging.getLogger().setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="drill-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101 - the database server runs as somebody else
        site = Site(Path(folder), _say)
        try:
            speech = recorded_speech()
            for number, name in enumerate(wanted.drills):
                people = scene.people_for(number, wanted.seed, wanted.calls)
                plant = planted.lose_a_row if wanted.plant else None
                rows.append(scene.run(site, DRILLS[name], people, speech, _say, plant))
                if not is_ok(rows[-1]):
                    _keep_logs(Path(folder))  # the next drill, or the end, takes the hosts' disks away
                DRILLS[name].heal(site)
                site.await_whole()
        finally:
            site.stop()
            print(f"\n{written(rows)}\n", flush=True)
    return 0 if len(rows) == len(wanted.drills) and all(map(is_ok, rows)) else 1


if __name__ == "__main__":
    sys.exit(main())
