"""Signals that operators and their tools send: who is answered, or whose job runs, is not cut off by one."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest

from tests.support.running_hotline import RunningHotline
from tests.support.waiting import eventually

#: Seconds after which a process that a signal ends is gone.
_GONE = 1.0


def is_there(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_that_all_processes_of_a_service_get_ends_none_that_is_at_work(
    hotline: RunningHotline, number: signal.Signals
) -> None:
    """`systemctl kill --signal=HUP hotline-voice`, or `pkill -HUP gunicorn`; logrotate sends SIGUSR1."""
    services = ("voice", "web", "worker")
    at_work = [one for name in services for one in psutil.Process(hotline.children[name].pid).children(recursive=True)]
    for process in at_work:
        process.send_signal(number)
    time.sleep(_GONE)
    assert [process for process in at_work if not is_there(process)] == []
    hotline.await_ready()


@pytest.mark.parametrize("name", ["worker", "clock"])
def test_worker_and_clock_go_on_at_one_signal_and_end_in_order_at_the_other(hotline: RunningHotline, name: str) -> None:
    """After SIGHUP whoever keeps them running starts them again, with what their settings say now."""
    child = hotline.children[name]
    os.kill(child.pid, signal.SIGUSR1)
    time.sleep(_GONE)
    assert child.running
    os.kill(child.pid, signal.SIGHUP)
    eventually(lambda: not child.running, 60)
    assert child._process is not None
    assert child._process.returncode == 0
    child.start()
    hotline.await_ready()
