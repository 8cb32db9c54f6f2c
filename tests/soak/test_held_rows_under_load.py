"""Eight calls begin every second, and every ten seconds somebody holds the row of one of them for 1.7 s.

Everybody but who waits for their receipt code while their row is held hears it within the call, and nothing waits in
the spool longer than five seconds. The callers are a process of their own on the same machine. It is run with the
cores to itself: three hundred calls.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
import pytest
import requests

from ivr.domain.timestamps import utc_now
from ivr.platform import spool
from tests.support.environment import ROOT
from tests.support.postgres import Postgres
from tests.support.receipts import codes_heard
from tests.support.running_hotline import RunningHotline
from tests.support.waiting import eventually

CALLS = 300
A_SECOND = 8
HELD_SECONDS, HELD_EVERY = 1.7, 10.0
LONGEST_IN_THE_SPOOL = 5.0
#: Asked for by keypad: German, work, no recording, the number is right, no postal code, at any time.
KEYS = ["1", "2", "2", "1", "#", "3"]
#: Sentences from the last question on: it, the usual time, the code twice, the goodbye.
_LAST_WORDS = 6


@pytest.fixture
def loaded_hotline(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningHotline]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    hotline = RunningHotline(
        tmp_path_factory.mktemp("loaded"),
        tmp_path_factory.mktemp("no models"),
        local_carrier=f"{sys.executable} -m tests.soak.chaos.local_carrier",
        DATABASE_URL=postgres.new_database(),
        LANGUAGES='["de", "en"]',
        CALLS_A_MINUTE="1000",
    )
    yield hotline
    hotline.stop()


@dataclass
class Ringing:
    """One caller, and what came of the call."""

    number: str
    call_sid: str = ""
    said: list[str] = field(default_factory=list)
    #: When each of it was heard.
    heard_at: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def rings(self, hotline: RunningHotline) -> None:
        """Place the call in the callers' process, and note what is heard."""
        began = time.monotonic()
        script = {"from": self.number, "at": "closed", "keys": KEYS}
        url = f"{hotline.settings.exchange_url}/softphone/scripts"
        with requests.post(url, data={"script": json.dumps(script)}, stream=True, timeout=(10, 120)) as events:
            for line in events.iter_lines():
                event = json.loads(line)
                match event["type"]:
                    case "dialled":
                        self.call_sid = event["call_sid"]
                    case "said":
                        self.said.append(event["text"])
                        self.heard_at.append(time.monotonic())
                    case "report":
                        self.errors += event["errors"]
        self.seconds = time.monotonic() - began


class Holder(threading.Thread):
    """Somebody who holds the row of the latest call for some time, again and again."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self.over = threading.Event()
        #: Whose row was held, from when until when.
        self.held: list[tuple[str, float, float]] = []

    def run(self) -> None:
        pause = 2.0
        while not self.over.wait(pause):
            with psycopg.connect(self._url) as connection:
                row = connection.execute(
                    "SELECT call_sid FROM calls WHERE state = 'in_progress' ORDER BY id DESC LIMIT 1 FOR UPDATE"
                ).fetchone()
                pause = 0.1 if row is None else HELD_EVERY - HELD_SECONDS
                if row is not None:
                    began = time.monotonic()
                    time.sleep(HELD_SECONDS)
                    self.held.append((row[0], began, time.monotonic()))

    def held_at_the_end(self, caller: Ringing) -> bool:
        """Whether a caller's row was held while they waited for their code: after their last answer, until the end."""
        since, until = (caller.heard_at[-_LAST_WORDS:] or [0.0])[0], (caller.heard_at or [0.0])[-1]
        return any(sid == caller.call_sid and began <= until and since <= ended for sid, began, ended in self.held)


class Watch(threading.Thread):
    """Somebody who looks at the spool ten times a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.longest = 0.0

    def run(self) -> None:
        while not self.over.wait(0.1):
            self.longest = max(self.longest, spool.oldest(utc_now()))


@pytest.mark.alone
@pytest.mark.since("soak")
def test_a_held_row_costs_nobody_else_their_code(loaded_hotline: RunningHotline) -> None:
    holder, watch = Holder(loaded_hotline.settings.database_url), Watch()
    holder.start()
    watch.start()
    callers = [Ringing(f"+49151{number:08d}") for number in range(CALLS)]
    threads = []
    began = time.monotonic()
    for number, caller in enumerate(callers):
        time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
        thread = threading.Thread(target=caller.rings, args=(loaded_hotline,))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    holder.over.set()
    holder.join()
    eventually(lambda: not spool.waiting(), LONGEST_IN_THE_SPOOL)
    watch.over.set()
    watch.join()
    others = [caller for caller in callers if not holder.held_at_the_end(caller)]
    without = [caller for caller in others if not codes_heard("de", caller.said)]
    slowest = max(caller.seconds for caller in callers)
    print(
        f"{len(callers)} calls in {took:.0f} s, the longest {slowest:.1f} s; {len(holder.held)} rows held; "
        f"longest in the spool {watch.longest:.1f} s; without a code {len(without)}"
    )
    assert holder.held
    assert [caller.errors for caller in callers if caller.errors] == []
    assert [(caller.call_sid, caller.said[-2:]) for caller in without] == []
    assert watch.longest < LONGEST_IN_THE_SPOOL
    with psycopg.connect(loaded_hotline.settings.database_url) as connection:
        tasks = connection.execute("SELECT count(*), count(DISTINCT call_id) FROM callback_tasks").fetchone()
    assert tasks == (CALLS, CALLS), "every caller has a task, and one"
