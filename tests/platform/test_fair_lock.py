"""Threads of one process write in the order in which they asked, so that none of many waits for seconds."""

from __future__ import annotations

import threading
import time

from ivr.platform.fair_lock import FairLock
from tests.support.waiting import eventually


def test_who_has_waited_longest_is_next() -> None:
    lock, order = FairLock(), list[int]()
    assert lock.acquire(1)

    def wait(number: int) -> None:
        assert lock.acquire(10)
        order.append(number)
        lock.release()

    crowd = []
    for number in range(8):
        crowd.append(threading.Thread(target=wait, args=(number,)))
        crowd[-1].start()
        eventually(lambda: len(lock._waiting) == len(crowd))
    lock.release()
    for one in crowd:
        one.join()
    assert order == list(range(8))


def test_who_writes_again_and_again_keeps_nobody_out() -> None:
    lock, turns = FairLock(), {"busy": 0, "patient": 0}
    until = time.monotonic() + 0.5

    def take_turns(name: str) -> None:
        while time.monotonic() < until:
            assert lock.acquire(5)
            time.sleep(0.001)
            turns[name] += 1
            lock.release()

    crowd = [threading.Thread(target=take_turns, args=(name,)) for name in turns]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    # The first thread may have had some turns before the second one began.
    assert abs(turns["busy"] - turns["patient"]) <= max(turns.values()) / 10


def test_who_gives_up_leaves_the_lock_to_others() -> None:
    lock = FairLock()
    assert lock.acquire(1)
    assert not lock.acquire(0.01)
    lock.release()
    assert lock.acquire(0.01)
