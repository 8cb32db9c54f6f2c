"""Eight calls begin every second, and each process of the host is ended and started again, as an upgrade does.

The carrier asks through the shipped HAProxy. No caller notices: each hears the code, and the carrier has had no error.
Each process ends within ten seconds. `make test` leaves it out; `.ci/run` places 80 calls, `make soak` 320.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from ivr.launcher.process_supervisor import Child
from ivr.platform import spool
from tests.soak.test_held_rows_under_load import A_SECOND, Ringing
from tests.support.environment import ROOT
from tests.support.postgres import Postgres
from tests.support.proxies import Proxy, certificate
from tests.support.receipts import codes_heard
from tests.support.running_hotline import RunningHotline
from tests.support.servers import free_port
from tests.support.waiting import OTHERS, eventually

CALLS = 320
#: Seconds that a process may take to end with all its requests answered.
DRAINED = 10.0 * OTHERS


@pytest.fixture
def behind_haproxy(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningHotline]:
    folder, port = tmp_path_factory.mktemp("haproxy"), free_port()
    authority = certificate(folder)
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(authority))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    hotline = RunningHotline(
        tmp_path_factory.mktemp("rolling"),
        tmp_path_factory.mktemp("no models"),
        local_carrier=f"{sys.executable} -m tests.soak.chaos.local_carrier",
        DATABASE_URL=postgres.new_database(),
        LANGUAGES='["de", "en"]',
        CALLS_A_MINUTE="1000",
        PUBLIC_BASE_URL=f"https://127.0.0.1:{port}",
        TRUSTED_PROXIES="1",
    )
    proxy = Proxy("haproxy", folder, port, hotline.settings)
    configure(hotline)
    yield hotline
    proxy.stop()
    hotline.stop()


def configure(hotline: RunningHotline) -> None:
    """The carrier is told the address of the proxy."""
    from click.testing import CliRunner

    from ivr.cli import hotline as command_line

    done = CliRunner().invoke(command_line, ["carrier", "configure", "--yes"])
    assert done.exit_code == 0, done.output


def restarted(child: Child) -> float:
    """End a process as a process manager does, and start it again; how long it took to end."""
    began = time.monotonic()
    child.terminate()
    while child.running and time.monotonic() - began < 3 * DRAINED:
        time.sleep(0.02)
    took = time.monotonic() - began
    child.end(time.monotonic())
    child.start()
    return took


def ring_all(hotline: RunningHotline, callers: list[Ringing]) -> None:
    began, threads = time.monotonic(), []
    for number, caller in enumerate(callers):
        time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
        threads.append(threading.Thread(target=caller.rings, args=(hotline,)))
        threads[-1].start()
    for thread in threads:
        thread.join()


@pytest.mark.alone
@pytest.mark.since("soak")
def test_no_caller_notices_that_all_processes_are_restarted(behind_haproxy: RunningHotline) -> None:
    hotline = behind_haproxy
    callers = [Ringing(f"+49151{number:08d}") for number in range(CALLS)]
    crowd = threading.Thread(target=ring_all, args=(hotline, callers))
    crowd.start()
    ended: dict[str, float] = {}
    for name in ("worker", "clock", "voice", "web"):  # the order of an upgrade: `web` answers while `voice` is away
        time.sleep(1.0)
        ended[name] = restarted(hotline.children[name])
        hotline.await_ready()
    crowd.join()
    eventually(lambda: not spool.waiting(), 15)
    without = [caller for caller in callers if not codes_heard("de", caller.said)]
    longest = max(caller.seconds for caller in callers)
    print(f"{CALLS} calls, the longest {longest:.1f} s; without a code {len(without)}; ended within seconds: {ended}")
    assert [caller.errors for caller in callers if caller.errors] == []
    assert [(caller.call_sid, caller.said[-2:]) for caller in without] == []
    assert {name: seconds for name, seconds in ended.items() if seconds > DRAINED} == {}
    with psycopg.connect(hotline.settings.database_url) as connection:
        tasks = connection.execute("SELECT count(*), count(DISTINCT call_id) FROM callback_tasks").fetchone()
    assert tasks == (CALLS, CALLS), "every caller has a task, and one"
