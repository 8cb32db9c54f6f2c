"""What one call takes of each process, the database, the audio store and Redis; and the hosts that follow from it.

    python -m benchmarks.capacity [--calls 40] [--messages 8] [--conversations 6] [--document]

All processes of the product run on PostgreSQL. The local carrier is a stand-in for another company: it runs in this
process and is not counted. Seconds of cores are read from the processes, so that other work on the machine matters
little; those of a host without a call are subtracted. Statements, and how long the lock of live calls is held, are read
from the log of the database server in rounds of their own, because writing the log takes time too.

`--document` writes the figures and the tables of `docs/capacity.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import psutil
import psycopg
import redis

from benchmarks.capacity_model import SIZES, Measured, PerCall, need, tables
from benchmarks.live_calls import _SETTINGS, Bench
from benchmarks.report import Report
from ivr.config.settings import settings
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.platform import database, job_queue, outbox
from tests.support.environment import ROOT
from tests.support.postgres import Postgres, running
from tests.support.running_hotline import RunningHotline
from tests.support.speech import human_speech
from tests.support.waiting import eventually

DOCUMENT, FIGURES = ROOT / "docs" / "capacity.md", ROOT / "docs" / "capacity.json"
BEGIN, END = "<!-- written by python -m benchmarks.capacity --document -->\n", "<!-- end of what is written -->\n"
#: Connections of a host to the database; statements of a call by keypad; hosts that Bremen needs.
CONNECTIONS, STATEMENTS, HOSTS = 20, 150, 1
#: Seconds for which nobody rings, and callers at once.
_IDLE, _AT_ONCE = 20.0, 4
_CALLBACK, _MESSAGE = ["1", "2", "2", "1", "#", "3"], ["3", "1", "1"]
_PROCESSES = ("web", "voice", "worker", "clock")
#: How this process calls itself at the database: its statements and connections are not the hotline's.
_ME = "benchmark"
_LINE = re.compile(r"^(\S+ \S+) \S+ (\d+) (\S+) LOG:  duration: \S+ ms  (?:execute [^:]*|statement): (.*)")
_TURN, _ENDS = "pg_advisory_xact_lock", ("COMMIT", "ROLLBACK")


@dataclass(frozen=True)
class Counters:
    """What has been taken since the start: seconds of cores by process, and bytes."""

    at: float
    cpu: dict[str, float]
    rows: float
    wal: float
    sound: float
    redis: float


class Meter:
    """Reads what a running hotline has taken."""

    def __init__(self, hotline: RunningHotline, server: Postgres, url: str) -> None:
        self.hotline, self._server = hotline, server
        self._base = psycopg.connect(url, autocommit=True)
        self._redis = redis.Redis.from_url(hotline.settings.redis)
        self.connections = 0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._watch_connections, args=(url,), daemon=True)
        self._watch.start()

    def close(self) -> None:
        self._over.set()
        self._watch.join()
        self._base.close()
        self._redis.close()

    def _watch_connections(self, url: str) -> None:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> %s"
        with psycopg.connect(url, autocommit=True) as own:
            while not self._over.wait(0.2):
                self.connections = max(self.connections, *(own.execute(asked, [_ME]).fetchone() or (0,)))

    def count(self, query: str) -> int:
        """A number that the database knows."""
        return int(*(self._base.execute(query).fetchone() or (0,)))

    def read(self) -> Counters:
        """All counters now."""
        assert self._server._process is not None
        assert self.hotline.redis.pid is not None
        pids = {name: self.hotline.children[name].pid for name in _PROCESSES}
        pids |= {"database": self._server._process.pid, "redis": self.hotline.redis.pid}
        stats = self._redis.info("stats")
        audio = self.hotline.settings.audio_dir
        return Counters(
            time.monotonic(),
            {name: _cpu(pid) for name, pid in pids.items()},
            self.count("SELECT pg_database_size(current_database())"),
            self.count("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"),
            sum(path.stat().st_size for path in audio.rglob("*") if path.is_file()),
            stats["total_net_input_bytes"] + stats["total_net_output_bytes"],
        )

    @contextmanager
    def logged(self) -> Iterator[list[tuple[datetime, str, str]]]:
        """The statements of the hotline in a block: when each ended, its connection, its text. Filled at the end."""
        found: list[tuple[datetime, str, str]] = []
        start = self._server._log.stat().st_size
        self._log(0)
        try:
            yield found
        finally:
            self._log(-1)
        with self._server._log.open("rb") as log:
            log.seek(start)
            text = log.read().decode(errors="replace")
        for at, pid, who, statement in (match.groups() for line in text.splitlines() if (match := _LINE.match(line))):
            if who != _ME:
                found.append((datetime.fromisoformat(at), pid, statement))

    def _log(self, least_ms: int) -> None:
        self._base.execute(f"ALTER SYSTEM SET log_min_duration_statement = {least_ms}")
        self._base.execute("ALTER SYSTEM SET log_line_prefix = '%m %p %a '")
        self._base.execute("SELECT pg_reload_conf()")
        time.sleep(1)


def _cpu(pid: int | None) -> float:
    """Seconds that a process and its children, those that have ended too, have taken of the cores."""
    leader, total = psutil.Process(pid), 0.0
    for process in (leader, *leader.children(recursive=True)):
        try:
            total += sum(process.cpu_times()[:4])  # of itself, and of its children that have ended
        except psutil.NoSuchProcess:
            continue
    return total


def locked(statements: list[tuple[datetime, str, str]]) -> float:
    """Seconds for which the lock of live calls was held: from its statement to the end of the transaction."""
    since: dict[str, datetime] = {}
    total = 0.0
    for at, pid, statement in statements:
        if _TURN in statement:
            since[pid] = at
        elif statement.startswith(_ENDS) and (began := since.pop(pid, None)):
            total += (at - began).total_seconds()
    return total


class Load:
    """Calls of each kind, each from a number of its own, until everything that they cause is done."""

    def __init__(self, meter: Meter) -> None:
        self._meter, self._hotline = meter, meter.hotline
        self._crowd = ThreadPoolExecutor(_AT_ONCE)
        self._bench = Bench(meter.hotline, ThreadPoolExecutor(_AT_ONCE))
        self._number, self._sound = 0, human_speech(10)

    def callback(self, calls: int) -> None:
        """Callers ask by keypad to be rung back."""
        self._ring(calls, lambda: ScriptedCaller(keys=_CALLBACK), "SELECT count(*) FROM callback_tasks")

    def message(self, calls: int) -> None:
        """Callers leave ten seconds of speech, and all of it is transcribed."""

        def caller() -> ScriptedCaller:
            return ScriptedCaller(keys=_MESSAGE, sounds=[self._sound], hangs_up=True)

        self._ring(calls, caller, "SELECT count(*) FROM transcripts WHERE state = 'done'")

    def live(self, calls: int) -> None:
        """Callers wait, a member takes each call, both talk and hang up."""
        for _ in range(calls):
            assert len(self._bench.met(1)) == 1

    def _ring(self, calls: int, caller: Callable[[], ScriptedCaller], done: str) -> None:
        before = self._meter.count(done)
        numbers = range(self._number, self._number + calls)
        self._number += calls

        def ring(number: int) -> list[str]:
            at = {"SipHeader_X-Hotline-At": "closed"}
            return self._hotline.switch.call(ScriptedLine(caller()), f"+49151{number:08d}", at).errors

        assert not [errors for errors in self._crowd.map(ring, numbers) if errors]
        eventually(lambda: self._meter.count(done) == before + calls, 240, 0.2)
        time.sleep(2)  # what is written behind


def measure(meter: Meter, calls: dict[str, int]) -> Measured:
    """Warm everything, then measure a host without a call, and calls of each kind."""
    load = Load(meter)
    kinds: dict[str, Callable[[int], None]] = {
        "message": load.message,
        "callback": load.callback,
        "live call": load.live,
    }
    for rings in kinds.values():
        rings(2)
    before = meter.read()
    time.sleep(_IDLE)
    after = meter.read()
    idle = {name: (after.cpu[name] - before.cpu[name]) / (after.at - before.at) for name in before.cpu}
    with meter.logged() as statements:
        began = time.monotonic()
        time.sleep(_IDLE)
        seconds = time.monotonic() - began
    idle_queries = len(statements) / seconds
    assert idle_queries > 0, "the log of the database has not been understood"
    found = {kind: _of(meter, rings, calls[kind], idle, idle_queries) for kind, rings in kinds.items()}
    assert found["live call"].locked > 0, "no live call took the lock"
    return Measured(found, idle, idle_queries, meter.connections)


def _of(meter: Meter, rings: Callable[[int], None], calls: int, idle: dict[str, float], idle_queries: float) -> PerCall:
    before = meter.read()
    rings(calls)
    after = meter.read()
    seconds = after.at - before.at
    cpu = {name: max(0.0, (after.cpu[name] - before.cpu[name] - idle[name] * seconds) / calls) for name in idle}
    few = max(2, calls // 3)
    with meter.logged() as statements:
        began = time.monotonic()
        rings(few)
        seconds = time.monotonic() - began
    queries = (len(statements) - idle_queries * seconds) / few
    size = {name: (getattr(after, name) - getattr(before, name)) / calls for name in ("rows", "wal", "sound", "redis")}
    return PerCall(cpu, queries, locked(statements) / few, **size)


def document(text: str, written: str) -> str:
    """The document with other tables."""
    head, found, rest = text.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    assert found, f"{BEGIN!r} is missing"
    assert ended, f"{END!r} is missing"
    return head + BEGIN + "\n" + written + "\n" + END + tail


def main() -> None:
    """Measure, report, and write the document if that is wanted."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--calls", type=int, default=40, help="callbacks by keypad")
    arguments.add_argument("--messages", type=int, default=8)
    arguments.add_argument("--conversations", type=int, default=6)
    arguments.add_argument("--document", action="store_true", help="write docs/capacity.md")
    wanted = arguments.parse_args()
    calls = {"message": wanted.messages, "callback": wanted.calls, "live call": wanted.conversations}
    models = settings().model_dir.absolute()
    if not (models / "ko").is_dir():
        raise SystemExit("the Korean model is needed: python -m ivr models fetch ko")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        server = stack.enter_context(running())
        url = server.new_database()
        more = {**_SETTINGS, "LANGUAGES": '["de", "en", "ko"]', "INTERPRETERS": "[]", "CALLS_A_MINUTE": "1000"}
        hotline = RunningHotline(Path(folder), models, **more, DATABASE_URL=url)
        stack.callback(hotline.stop)
        database.forget_connections()
        os.environ["PGAPPNAME"] = _ME
        outbox.hand_over = job_queue.hand_over
        meter = Meter(hotline, server, url)
        stack.callback(meter.close)
        measured = measure(meter, calls)
    print(tables(measured))
    if wanted.document:
        FIGURES.write_text(json.dumps(asdict(measured), indent=1) + "\n")
        DOCUMENT.write_text(document(DOCUMENT.read_text(), tables(measured)))
    report = Report("capacity (PostgreSQL)")
    report.at_most("connections of a host to the database", measured.connections, CONNECTIONS, digits=0)
    report.at_most("statements of a call by keypad", measured.calls["callback"].queries, STATEMENTS, digits=0)
    for size in SIZES:
        report.shown(f"hosts: {size.name}", need(measured, size).hosts, digits=0)
    report.at_most("hosts that Bremen needs", need(measured, SIZES[0]).hosts, HOSTS, digits=0)
    report.finish()


if __name__ == "__main__":
    main()
