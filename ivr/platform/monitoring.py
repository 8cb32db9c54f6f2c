"""Counts what happens in the processes of a host, for Prometheus: each process writes files that `/metrics` adds up.

    monitoring.begin("web")                         # once a process; before it counting does nothing
    monitoring.count("calls_ended", 1, "promised")
    monitoring.observe("webhook_seconds", 0.02, "voice")

A count is a write into mapped memory: some microseconds, no lock between processes, nothing to wait for. No label names
a person, or takes a value that a caller chooses. See docs/decisions/070-counters-in-mapped-files.md.
"""

from __future__ import annotations

import fcntl
import logging
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from ivr.config.settings import settings
from ivr.platform import private_files

log = logging.getLogger(__name__)

_PREFIX = "hotline"
#: Bytes of each file, reserved on the disk at once: a full disk must not end a process that writes mapped memory.
_RESERVED = 512 * 1024
#: The file to which the counts of processes that are gone were added.
_GONE = 0


@dataclass(frozen=True)
class Kind:
    """What is counted. With `buckets` how long something takes is counted by its length."""

    text: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_QUICK = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_WAITS = (10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)

KINDS: Mapping[str, Kind] = {
    "webhook_seconds": Kind("Seconds in which a webhook was answered", ("webhook",), _QUICK),
    "document_seconds": Kind("Seconds from the last byte of a webhook's request to its document", (), _QUICK),
    "calls_ended": Kind("Calls that have ended, by how they ended for the caller", ("ending",)),
    "queue_wait_seconds": Kind("Seconds for which callers have waited", ("result",), _WAITS),
    "promises_changed": Kind("Promises that have come to be at risk, missed or escalated", ("measure", "event")),
    "jobs": Kind("Jobs of the outbox that were run", ("kind", "result")),
    "transcribed_audio_seconds": Kind("Seconds of audio that were transcribed", ("language",)),
    "transcription_seconds": Kind("Seconds that transcribing has taken", ("language",)),
    "carrier_errors": Kind("Refusals of the carrier, by its number of the error", ("code", "fault")),
    "synthetic_calls": Kind("Calls of the hotline to itself, by whether they came to a receipt code", ("result",)),
    "alerts_sent": Kind("Alerts that were sent, by channel", ("channel",)),
    "deletions": Kind("Rows that were deleted when their period was over", ("kind",)),
}  # fmt: skip

_metrics: dict[str, Counter | Histogram] = {}
#: What counts under a name with labels; looking one up among the labels takes as long as counting.
_labelled: dict[tuple[str, tuple[str, ...]], Any] = {}


def begin(process: str) -> None:
    """Count in this process from now on; `process` is its name in the Procfile, or that of its work."""
    directory = directory_of_host()
    stop()
    try:
        private_files.make_directory(directory)
        for name in (f"counter_{os.getpid()}.db", f"histogram_{os.getpid()}.db"):
            _reserve(directory / name)
        for marker in directory.glob(f"process_*_{os.getpid()}"):
            marker.unlink(missing_ok=True)
        private_files.make_file(directory / f"process_{process}_{os.getpid()}")
    except OSError as error:  # no room: the hotline works without counters
        log.warning("this process counts nothing (%s)", error)
        return
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    values.ValueClass = values.MultiProcessValue()
    registry = CollectorRegistry()
    for name, kind in KINDS.items():
        full = f"{_PREFIX}_{name}"
        if kind.buckets:
            _metrics[name] = Histogram(full, kind.text, kind.labels, registry=registry, buckets=kind.buckets)
        else:
            _metrics[name] = Counter(full, kind.text, kind.labels, registry=registry)


def stop() -> None:
    """Count nothing any more, and close the files."""
    _metrics.clear()
    _labelled.clear()
    values.close_all_multiprocess_files()


def _reserve(path: Path) -> None:
    private_files.make_file(path)
    with path.open("r+b") as file:
        if os.fstat(file.fileno()).st_size < _RESERVED:
            try:
                os.posix_fallocate(file.fileno(), 0, _RESERVED)
            except OSError:
                path.unlink(missing_ok=True)
                raise


def count(name: str, amount: float, *labels: str) -> None:
    """Add to a counter of :data:`KINDS`."""
    if (chosen := _chosen(name, labels)) is not None:
        chosen.inc(amount)


def observe(name: str, seconds: float, *labels: str) -> None:
    """Note how long something took."""
    if (chosen := _chosen(name, labels)) is not None:
        chosen.observe(seconds)


def _chosen(name: str, labels: tuple[str, ...]) -> Any:
    """The counter of a name with labels; None where this process does not count."""
    if (known := _labelled.get((name, labels))) is None and (metric := _metrics.get(name)) is not None:
        _labelled[name, labels] = known = metric.labels(*labels) if labels else metric
    return known


# -- what /metrics reads ---------------------------------------------------------------------------


def directory_of_host() -> Path:
    """Where the processes of this host count."""
    return settings().var_dir / "metrics"


def counters() -> Sequence[Metric]:
    """The counts of all processes of this host, also of those that are gone."""
    directory = directory_of_host()
    if not directory.is_dir():
        return []
    try:
        with (directory / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _add_up_those_gone(directory)
            return list(MultiProcessCollector(None, path=str(directory)).collect())
    except (OSError, RuntimeError, ValueError, struct.error) as error:
        log.error("the counters of this host cannot be read: %s", error)
        return []


def processes() -> Iterator[tuple[str, int]]:
    """Name and id of each process of this host that counts and lives."""
    for path in directory_of_host().glob("process_*_*"):
        _, name, pid = path.name.split("_")
        if _lives(int(pid)):
            yield name, int(pid)


def _add_up_those_gone(directory: Path) -> None:
    """Add the files of processes that are gone to one file, so that restarts neither lose counts nor pile up files."""
    for path in sorted(directory.glob("*_*.db")):
        kind, _, pid = path.stem.rpartition("_")
        if pid != str(_GONE) and not _lives(int(pid)):
            _add(path, directory / f"{kind}_{_GONE}.db")
            path.unlink()
    for path in directory.glob("process_*_*"):
        if not _lives(int(path.name.rpartition("_")[2])):
            path.unlink(missing_ok=True)


def _add(source: Path, target: Path) -> None:
    _reserve(target)
    sums = MmapedDict(str(target))
    try:
        for key, value, at, _ in MmapedDict.read_all_values_from_file(str(source)):
            sums.write_value(key, sums.read_value(key)[0] + value, at)
    finally:
        sums.close()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
