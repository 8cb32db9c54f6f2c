"""What a load needs, computed from what one call was measured to take: cores, hosts, bytes, and what breaks first.

Nothing is measured here. :mod:`benchmarks.capacity` measures, and writes the tables of `docs/capacity.md` with
:func:`tables`; a test holds the document against the same function.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Days of a month on which callers ring, and the share of a day's calls in its busiest hour.
DAYS, PEAK_HOUR = 21, 0.15
#: The busiest minute, as a multiple of the mean of the busiest hour.
BURST = 2.0
#: Share of a core, a lock or a list of places that may be in use at the busiest minute.
FULL = 0.6
#: Cores of a host of the hotline, and of the largest database server that is assumed.
HOST_CORES, DATABASE_CORES = 8, 32
#: `max_connections` of the database server that is assumed.
MAX_CONNECTIONS = 500
#: Shares of the calls by kind.
MIX = {"message": 0.4, "callback": 0.4, "live call": 0.2}
#: Calls a day beyond which no limit is looked for: more than a hundred times all calls of the largest size.
_FAR = 1e9
_GB = 1e9


@dataclass(frozen=True)
class Size:
    """A load: its name, and calls in a day."""

    name: str
    calls_a_day: float

    @property
    def peak(self) -> float:
        """Calls a second in the busiest hour."""
        return self.calls_a_day * PEAK_HOUR / 3600


SIZES = (
    Size("Bremen", 20_000 / DAYS),
    Size("a Land", 400_000 / DAYS),
    Size("a country", 1_000_000),
)


@dataclass(frozen=True)
class PerCall:
    """What one call of a kind takes.

    `cpu`: seconds of a core by process. `queries`: statements of the database. `locked`: seconds for which it holds
    the lock of live calls. The rest is bytes: of tables and indexes, of the write-ahead log, of sound, to and from
    Redis.
    """

    cpu: Mapping[str, float]
    queries: float
    locked: float
    rows: float
    wal: float
    sound: float
    redis: float


@dataclass(frozen=True)
class Measured:
    """The figures of one run: per call by kind; what a host takes while nobody rings (seconds of a core in a second,
    by process, and statements a second); and the most connections to the database that a host held."""

    calls: Mapping[str, PerCall]
    idle_cpu: Mapping[str, float]
    idle_queries: float
    connections: int

    @classmethod
    def of(cls, figures: dict[str, Any]) -> Measured:
        """From what :func:`dataclasses.asdict` made of one."""
        calls = {kind: PerCall(**one) for kind, one in figures["calls"].items()}
        return cls(**{**figures, "calls": calls})

    def mean(self, value: str) -> float:
        """A figure of a mean call: by :data:`MIX`."""
        return sum((share * float(getattr(self.calls[kind], value)) for kind, share in MIX.items()), 0.0)

    def mean_cpu(self, *processes: str) -> float:
        """Seconds of a core that a mean call takes of some processes."""
        return sum(share * self.calls[kind].cpu[name] for kind, share in MIX.items() for name in processes)


@dataclass(frozen=True)
class Need:
    """What a size needs. Cores and statements are of the busiest minute; those of the worker are of the busiest hour,
    because a transcript may wait."""

    size: Size
    host_cores: float
    hosts: int
    database_cores: float
    queries: float
    connections: int
    bytes_a_year: float
    sound_a_day: float
    #: How much of each limit is in use; 1 is where it breaks.
    used: Mapping[str, float]

    @property
    def breaks_first(self) -> str:
        """The limit that is nearest."""
        return max(self.used, key=lambda name: self.used[name])


def need(measured: Measured, size: Size) -> Need:
    """What a load takes of everything."""
    burst = size.peak * BURST
    answering = burst * measured.mean_cpu("web", "voice", "clock")
    host_cores = answering + size.peak * measured.mean_cpu("worker")
    idle = sum(measured.idle_cpu[name] for name in ("web", "voice", "clock", "worker"))
    hosts = max(1, math.ceil(host_cores / (FULL * HOST_CORES - idle)))
    queries = burst * measured.mean("queries") + hosts * measured.idle_queries
    database_cores = burst * measured.mean_cpu("database") + hosts * measured.idle_cpu["database"]
    redis = burst * measured.mean_cpu("redis") + hosts * measured.idle_cpu["redis"]
    clock = burst * measured.mean_cpu("clock") + measured.idle_cpu["clock"]
    connections = hosts * measured.connections
    return Need(
        size, host_cores + hosts * idle, hosts, database_cores, queries, connections,
        measured.mean("rows") * size.calls_a_day * DAYS * 12, measured.mean("sound") * size.calls_a_day,
        {
            "the lock of live calls": burst * measured.mean("locked") / FULL,
            "one scheduler": clock / FULL,
            "one database": database_cores / (FULL * DATABASE_CORES),
            "connections to it": connections / MAX_CONNECTIONS,
            "one Redis": redis / FULL,
        },
    )  # fmt: skip


def breaks_at(measured: Measured, limit: str) -> float:
    """Calls a day at which a limit is reached, to one part in a thousand; infinite where a thousand million do not."""
    if need(measured, Size("", _FAR)).used[limit] < 1:
        return math.inf
    low, high = 1.0, _FAR
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if need(measured, Size("", middle)).used[limit] < 1 else (low, middle)
    return high


def tables(measured: Measured) -> str:
    """The tables of the document, in Markdown."""
    return "\n\n".join((_measured(measured), _needs(measured), _limits(measured))) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _measured(measured: Measured) -> str:
    kinds = list(measured.calls)
    rows = [
        [f"core, ms: {process}", *(f"{measured.calls[kind].cpu[process] * 1000:,.1f}" for kind in kinds),
         f"{measured.idle_cpu[process] * 1000:,.1f}"]
        for process in measured.idle_cpu
    ]  # fmt: skip
    rows.append(
        ["statements", *(f"{measured.calls[kind].queries:,.0f}" for kind in kinds), f"{measured.idle_queries:,.1f}"]
    )
    rows.append(["lock of live calls held, ms", *(f"{measured.calls[k].locked * 1000:,.1f}" for k in kinds), ""])
    for label, value in (
        ("tables and indexes, kB", "rows"), ("write-ahead log, kB", "wal"), ("audio store, kB", "sound"),
        ("to and from Redis, kB", "redis"),
    ):  # fmt: skip
        rows.append([label, *(f"{getattr(measured.calls[kind], value) / 1000:,.1f}" for kind in kinds), ""])
    head = ["measured", *(f"one {kind}" for kind in kinds), "a host, each second, without a call"]
    return _table(head, rows) + f"\n\nConnections to the database of one host, at most: {measured.connections}."


def _needs(measured: Measured) -> str:
    found = [need(measured, size) for size in SIZES]
    rows = [
        ["calls a day", *(f"{one.size.calls_a_day:,.0f}" for one in found)],
        ["calls a second, busiest hour", *(f"{one.size.peak:,.2f}" for one in found)],
        ["cores of the hotline", *(f"{one.host_cores:,.2f}" for one in found)],
        [f"hosts of {HOST_CORES} cores, at most {FULL:.0%} busy", *(f"{one.hosts:,}" for one in found)],
        ["cores of the database", *(f"{one.database_cores:,.2f}" for one in found)],
        ["statements a second", *(f"{one.queries:,.0f}" for one in found)],
        ["connections to the database", *(f"{one.connections:,}" for one in found)],
        ["tables and indexes, GB a year", *(f"{one.bytes_a_year / _GB:,.1f}" for one in found)],
        ["sound, GB a day", *(f"{one.sound_a_day / _GB:,.2f}" for one in found)],
        *([f"in use: {limit}", *(f"{one.used[limit]:,.0%}" for one in found)] for limit in found[0].used),
        ["**breaks first**", *(f"{one.breaks_first}{' (broken)' * (max(one.used.values()) > 1)}" for one in found)],
    ]
    return _table(["computed", *(one.size.name for one in found)], rows)


def _limits(measured: Measured) -> str:
    limits = {limit: breaks_at(measured, limit) for limit in need(measured, SIZES[0]).used}
    rows = [
        [limit, f"{at:,.0f}" if at < math.inf else "not by what was measured"]
        for limit, at in sorted(limits.items(), key=lambda pair: pair[1])
    ]
    return _table(["limit", "reached at calls a day"], rows)
