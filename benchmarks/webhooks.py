"""Turns of a call a second under gunicorn, beside bare Flask and beside the least that honest work needs, in one run.

    python -m benchmarks.webhooks [--calls 600] [--rounds 7] [--postgres] [--before CHECKOUT]

Every call is another one: it rings (`/voice/incoming`), presses `1` for German, which is written down, and `4` for
other concerns, of which nothing is written. What is pressed goes to the address in the document before. All servers
run the Procfile's gunicorn command, rounds are interleaved, the client is a process of its own. Medians of rounds.

`--before`: a checkout of an earlier version, whose application is measured in the same rounds.
"""

from __future__ import annotations

import argparse
import html
import json
import multiprocessing
import os
import re
import secrets
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psutil
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text
from twilio.request_validator import RequestValidator

from benchmarks.report import Report
from benchmarks.webhook_baselines import DOCUMENT, create_table
from benchmarks.webhook_client import Answers, send_all
from ivr.config.settings import load
from ivr.launcher.process_supervisor import Child, stop_all, tail
from ivr.launcher.run import _start_redis
from tests.support.environment import ROOT
from tests.support.postgres import running
from tests.support.servers import free_port

#: Requests under way at once: half of what the two processes' threads can take.
CONNECTIONS = 16
#: Of the second baseline; of bare Flask where a row is written behind; of bare Flask where nothing is written.
OF_LEAST, OF_BARE_BEHIND, OF_BARE_NOTHING = 0.6, 0.35, 0.4
#: Seconds after the last answer until which what is written behind must be in the database.
BEHIND = 2.0

#: The account that all requests are about. Those about another one are refused.
ACCOUNT = f"AC{'0' * 32}"
_TOKEN = secrets.token_hex(16)
_ACTION = re.compile(r'<Redirect method="POST">([^<]*)</Redirect>')


@dataclass
class Server:
    """An application under gunicorn."""

    name: str
    child: Child
    port: int
    database: str = ""
    #: Requests a second of each round, p99 of each round in ms, processor ms a request of each round, by kind.
    rates: dict[str, list[float]] = field(default_factory=dict)
    p99s: dict[str, list[float]] = field(default_factory=dict)
    costs: dict[str, list[float]] = field(default_factory=dict)

    def rows(self, query: str) -> int:
        """A count in its database."""
        engine = create_engine(self.database)
        try:
            with engine.connect() as connection:
                return int(connection.execute(text(query)).scalar() or 0)
        finally:
            engine.dispose()

    def processor_seconds(self) -> float:
        """What its processes have taken of the processors."""
        leader = psutil.Process(self.child.pid)
        times = [process.cpu_times() for process in (leader, *leader.children(recursive=True))]
        return sum(one.user + one.system for one in times)


def gunicorn(checkout: Path, application: str = "") -> str:
    """The command of a checkout's Procfile, with another application if one is named."""
    line = next(line for line in (checkout / "Procfile").read_text().splitlines() if line.startswith("web:"))
    command = line.removeprefix("web:").strip().replace("gunicorn", f"{sys.executable} -m gunicorn", 1)
    command = command.replace("${HOST:-127.0.0.1}:${PORT:-8000}", "127.0.0.1:$PORT")
    command = re.sub(r'"[^"]*"', f'"{application}"', command, count=1) if application else command
    return f"sh -c 'cd {checkout} && exec {command}'"


def start(name: str, checkout: Path, application: str, environment: dict[str, str], log: Path) -> Server:
    """A server that answers."""
    port = free_port()
    own = {**environment, "PORT": str(port), "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}"}
    own |= {"BASELINE_URL": own["PUBLIC_BASE_URL"], "PYTHONPATH": str(checkout)}
    child = Child(name, gunicorn(checkout, application), {**os.environ, **own}, log)
    child.start()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
            return Server(name, child, port)
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{name} does not answer:\n{tail(log, 30)}")


def start_ours(name: str, checkout: Path, folder: Path, database: str, redis: str) -> Server:
    """The product, or an earlier version of it, with a database of its own."""
    database = database or f"sqlite:///{folder / 'hotline.sqlite3'}"
    environment = {
        "VAR_DIR": str(folder), "DATABASE_URL": database, "REDIS_URL": redis, "SECRET_KEY": secrets.token_hex(32),
        "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": _TOKEN, "LANGUAGES": "[]", "IVR_CONFIG": "",
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    migrate = f"sh -c 'cd {checkout} && exec {sys.executable} -m ivr migrate'"
    child = Child("migrate", migrate, {**os.environ, **environment, "PYTHONPATH": str(checkout)}, folder / "migrate")
    child.start()
    while child.running:
        time.sleep(0.05)
    server = start(name, checkout, "", environment, folder / "log")
    server.database = database.replace("postgresql://", "postgresql+psycopg://")
    return server


def signed(server: Server, target: str, form: dict[str, str]) -> bytes:
    """A request as the carrier sends it."""
    signature = RequestValidator(_TOKEN).compute_signature(f"http://127.0.0.1:{server.port}{target}", form)
    body = urlencode(form)
    headers = {
        "Host": f"127.0.0.1:{server.port}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": len(body),
        "X-Twilio-Signature": signature,
        "I-Twilio-Idempotency-Token": secrets.token_hex(16),
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {target} HTTP/1.1\r\n{head}\r\n{body}".encode()


def target_of(document: bytes, port: int) -> str:
    """The path and query to which a document sends what is pressed."""
    match = _ACTION.search(document.decode())
    assert match, document
    return html.unescape(match[1]).partition("#")[0].removeprefix(f"http://127.0.0.1:{port}")


class Calls:
    """Calls that nobody has heard of yet, each from a number of its own."""

    _next = 0

    def __init__(self, count: int) -> None:
        self.forms = []
        for _ in range(count):
            Calls._next += 1
            self.forms.append(
                {
                    "CallSid": f"CA{secrets.token_hex(16)}", "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01",
                    "From": f"+49151{Calls._next:08d}", "To": "+494211782666", "CallStatus": "in-progress",
                    "Direction": "inbound", "FromCountry": "DE", "ToCountry": "DE", "Called": "+494211782666",
                }
            )  # fmt: skip

    def press(self, server: Server, key: str, documents: Sequence[bytes]) -> list[bytes]:
        """The requests in which each presses a key, sent where the documents say."""
        found = []
        for form, document in zip(self.forms, documents, strict=True):
            target = target_of(document, server.port)
            found.append(signed(server, target, {**form, "Digits": key, "msg": "Gather"}))
        return found


class Bench:
    """One run: the servers, and the process that plays the carrier."""

    def __init__(self, client: ProcessPoolExecutor, calls: int) -> None:
        self.client = client
        self.calls = calls
        self.key = Fernet.generate_key()
        self.sealing = Fernet(self.key)

    def time(self, server: Server, kind: str, requests: Sequence[bytes], says: str) -> Answers:
        """Send requests, check every answer, note how long it took."""
        before = server.processor_seconds()
        answers = self.client.submit(send_all, server.port, requests, CONNECTIONS).result(120)
        cost = server.processor_seconds() - before
        wrong = [body for status, body in zip(answers.statuses, answers.bodies, strict=True) if status != 200]
        assert not wrong, f"{server.name} refused {len(wrong)} of {len(requests)}: {wrong[0][:300]!r}"
        unlike = [body for body in answers.bodies if says not in body.decode()]
        assert not unlike, f"{server.name} said something else: {unlike[0][:600]!r}"
        server.rates.setdefault(kind, []).append(len(requests) / answers.seconds)
        server.p99s.setdefault(kind, []).append(statistics.quantiles(answers.latencies, n=100)[98] * 1000)
        server.costs.setdefault(kind, []).append(cost / len(requests) * 1000)
        return answers

    def baseline(self, server: Server, factor: int) -> None:
        """A round of a baseline: calls that press a key, with a sealed state in the address."""
        calls = Calls(self.calls * factor)
        state = {"step": "language", "language": "de", "facts": {"since": "2026-01-01T00:00:00+00:00", "x": "y" * 80}}
        requests = [
            signed(server, f"/voice/answer?state={self.sealing.encrypt(json.dumps(state).encode()).decode()}", form)
            for form in calls.forms
        ]
        rows = server.rows("SELECT count(*) FROM calls") if server.database else 0
        self.time(server, "any", requests, DOCUMENT)
        if server.database:
            assert server.rows("SELECT count(*) FROM calls") == rows + len(requests), "rows are missing"

    def ours(self, server: Server) -> float:
        """A round of the product; the seconds after which everything was in the database."""
        calls, behind = Calls(self.calls), 0.0
        known = server.rows("SELECT count(*) FROM calls")
        rang = self.time(
            server,
            "incoming",
            [signed(server, "/voice/incoming", form) for form in calls.forms],
            "Deutsch eins.",
        )
        behind = max(behind, self._until(server, "SELECT count(*) FROM calls", known + self.calls))
        counted = "SELECT count(*) FROM calls WHERE step = 'main_menu'"
        known = server.rows(counted)
        chose = self.time(server, "language key", calls.press(server, "1", rang.bodies), 'language="de-DE"')
        behind = max(behind, self._until(server, counted, known + self.calls))
        asked = self.time(server, "quiet key", calls.press(server, "4", chose.bodies), 'language="de-DE"')
        assert asked.bodies[0] != chose.bodies[0]
        time.sleep(0.2)
        assert server.rows(counted) == known + self.calls, "a key press that should write nothing has written"
        return behind

    @staticmethod
    def _until(server: Server, query: str, count: int) -> float:
        began = time.monotonic()
        while (found := server.rows(query)) != count:
            assert found < count, f"{found} rows in place of {count}"
            assert time.monotonic() - began < 60, f"{server.name}: only {found} of {count} rows were written"
            time.sleep(0.02)
        return time.monotonic() - began


def _ratio(server: Server, kind: str, other: Server) -> float:
    pairs = zip(server.rates[kind], other.rates["any"], strict=True)
    return statistics.median(ours / theirs for ours, theirs in pairs)


def _print(servers: Sequence[Server]) -> None:
    print(f"  {'':<24}{'requests/s':>12}{'p99':>12}{'processor':>14}")
    for server in servers:
        for kind, rates in server.rates.items():
            name = server.name if kind == "any" else f"{server.name}: {kind}"
            rate, p99, cost = map(statistics.median, (rates, server.p99s[kind], server.costs[kind]))
            print(f"  {name:<24}{rate:12.0f}{p99:9.1f} ms{cost:11.2f} ms")


def measure(folder: Path, calls: int, rounds: int, database: Callable[[], str], before: Path | None) -> None:
    """Start everything, run the rounds, report."""
    with ExitStack() as stack:
        processes: list[Child] = []
        stack.callback(lambda: stop_all(processes))
        base_environment = dict(os.environ) | {"VAR_DIR": str(folder)}
        redis = _start_redis(load(var_dir=folder, redis_url=f"unix://{folder}/redis.sock"), base_environment)
        processes.append(redis)
        context = multiprocessing.get_context("spawn")
        client = stack.enter_context(ProcessPoolExecutor(1, mp_context=context))
        bench = Bench(client, calls)
        least_database = database() or f"sqlite:///{folder / 'least.sqlite3'}"
        least_database = least_database.replace("postgresql://", "postgresql+psycopg://")
        baseline = {
            "BASELINE_DATABASE": least_database, "BASELINE_TOKEN": _TOKEN, "BASELINE_KEY": bench.key.decode(),
        }  # fmt: skip
        bare = start("bare Flask", ROOT, "benchmarks.webhook_baselines:bare()", baseline, folder / "bare.log")
        processes.insert(0, bare.child)
        create_table(least_database)
        least = start("the least", ROOT, "benchmarks.webhook_baselines:least()", baseline, folder / "least.log")
        least.database = least_database
        processes.insert(0, least.child)
        ours = [start_ours("the hotline", ROOT, folder / "ours", database(), f"unix://{folder}/redis.sock?db=1")]
        processes.insert(0, ours[0].child)
        if before:
            earlier = folder / "before"
            ours.append(start_ours("before", before, earlier, database(), f"unix://{folder}/redis.sock?db=2"))
            processes.insert(0, ours[1].child)
        behind = 0.0
        for number in range(rounds + 1):
            bench.baseline(bare, 3)
            for server in ours:
                seconds = bench.ours(server)
                behind = max(behind, seconds) if server is ours[0] else behind
            bench.baseline(least, 1)
            if number == 0:  # warms everything
                for server in (bare, least, *ours):
                    server.rates, server.p99s, server.costs = {}, {}, {}
        _print((bare, least, *ours))
        _report(bare, least, ours, behind, "PostgreSQL" if "postgresql" in least_database else "SQLite")


def _report(bare: Server, least: Server, ours: Sequence[Server], behind: float, kind: str) -> None:
    report = Report(f"webhooks ({kind})")
    report.shown("the least, of bare Flask", _ratio(least, "any", bare))
    new = ours[0]
    report.at_least("an incoming call, of the least", _ratio(new, "incoming", least), OF_LEAST)
    report.at_least("an incoming call, of bare Flask", _ratio(new, "incoming", bare), OF_BARE_BEHIND)
    report.at_least("the language key, of the least", _ratio(new, "language key", least), OF_LEAST)
    report.shown("the language key, of bare Flask", _ratio(new, "language key", bare))
    report.at_least("a key that writes nothing, of bare Flask", _ratio(new, "quiet key", bare), OF_BARE_NOTHING)
    report.at_most("written behind, after the last answer", behind, BEHIND, "s")
    for earlier in ours[1:]:
        for request in ("incoming", "language key", "quiet key"):
            pairs = zip(new.rates[request], earlier.rates[request], strict=True)
            report.shown(f"{request}: times the version before", statistics.median(a / b for a, b in pairs))
    report.finish()


def main() -> None:
    """Run it with the database that is wanted."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--calls", type=int, default=600, help="calls of a round")
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--postgres", action="store_true", help="PostgreSQL in place of SQLite")
    arguments.add_argument("--before", type=Path, help="a checkout of an earlier version")
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        server = stack.enter_context(running()) if wanted.postgres else None
        database = server.new_database if server else lambda: ""
        measure(Path(folder), wanted.calls, wanted.rounds, database, wanted.before)


if __name__ == "__main__":
    main()
