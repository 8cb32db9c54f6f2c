"""How much later callers are answered while three numbers ring without end: 2,000 calls a minute.

The baseline is the same hotline without the flood, in the same run. Each ordinary caller must get a task.

    python -m benchmarks.flood [--minutes 1]
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import requests
from urllib3 import BaseHTTPResponse

from benchmarks.report import Report
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from tests.support.running_hotline import RunningHotline
from tests.support.waiting import eventually

#: Calls a minute: of the three numbers together, and of everybody else.
FLOOD, ORDINARY = 2000, 60
#: What the three numbers begin with.
ROBOTS = "+4917199999"
#: The 99th percentile of a voice webhook, times that without the flood.
TIMES = 5.0


class Watch:
    """Times the voice webhooks of the ordinary callers, in seconds."""

    def __init__(self, hotline: RunningHotline) -> None:
        self.took: list[float] = []
        self._post = hotline.switch.webhooks.post
        hotline.switch.webhooks.post = self._timed  # type: ignore[method-assign]

    def _timed(self, url: str, form: Mapping[str, str]) -> BaseHTTPResponse:
        began = time.perf_counter()
        try:
            return self._post(url, form)
        finally:
            if not form.get("From", "").startswith(ROBOTS):
                self.took.append(time.perf_counter() - began)

    def stop(self) -> list[float]:
        """What was measured since the last stop."""
        took, self.took = self.took, []
        return took


def main() -> None:
    """Print both percentiles and their ratio."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--minutes", type=float, default=1.0)
    minutes = arguments.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder:
        hotline = RunningHotline(
            Path(folder), Path(folder) / "no models", HOURS__DAILY="00:00-24:00", CALLING_HOURS__DAILY="00:00-24:00"
        )
        try:
            measure(hotline, minutes)
        finally:
            hotline.stop()


def measure(hotline: RunningHotline, minutes: float) -> None:
    """The same ordinary callers at the same rate, first alone, then beside the flood."""
    callers = int(ORDINARY * minutes)
    watch = Watch(hotline)
    ring(hotline, "90", callers, minutes)
    quiet = watch.stop()
    calls, dice, began = int(FLOOD * minutes), random.Random(5), time.monotonic()

    def nuisance(index: int) -> None:
        wait_until(began + index * 60 / FLOOD)  # whether or not the hotline keeps up
        robot = ScriptedCaller(keys=[dice.choice("12*#-")], hangs_up=True)
        hotline.switch.call(ScriptedLine(robot), f"{ROBOTS}{index % 3:02d}")

    with ThreadPoolExecutor(24) as robots:
        storm = [robots.submit(nuisance, index) for index in range(calls)]
        ring(hotline, "91", callers, minutes)
        for one in storm:
            one.result()
    flooded = watch.stop()
    before, during = percentile(quiet), percentile(flooded)
    figures = Report(f"flood of {calls:,} calls from three numbers, {callers} callers beside them")
    figures.shown("webhook without the flood, p99", before * 1000, "ms", 1)
    figures.shown("webhook beside the flood, p99", during * 1000, "ms", 1)
    figures.at_most("p99, times that without the flood", during / before, TIMES)
    figures.finish()


def ring(hotline: RunningHotline, area: str, callers: int, minutes: float) -> None:
    """Callers at equal distances who want to be called back; each has a task at the end."""
    began = time.monotonic()

    def ordinary(index: int) -> str:
        wait_until(began + index * 60 * minutes / callers)
        person = ScriptedCaller(keys=["1", "1", "-", "2", "1", "28195", "3"])
        report = hotline.switch.call(ScriptedLine(person), f"+491{area}{index:07d}")
        assert report.errors == [], report.errors
        return report.call_sid

    with ThreadPoolExecutor(8) as crowd:
        served = list(crowd.map(ordinary, range(callers)))
    api = requests.Session()
    api.headers["Authorization"] = f"Bearer {hotline.token()}"
    for call_sid in served:
        eventually(partial(_tasks_of, api, hotline.url, call_sid), 60)


def _tasks_of(api: requests.Session, url: str, call_sid: str) -> list[object]:
    found: list[object] = api.get(f"{url}/api/v1/tasks", params={"call_sid": call_sid}).json()["tasks"]
    return found


def wait_until(instant: float) -> None:
    """Sleep to an instant of the monotonic clock."""
    time.sleep(max(0.0, instant - time.monotonic()))


def percentile(took: list[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(took, n=100)[98]


if __name__ == "__main__":
    main()
