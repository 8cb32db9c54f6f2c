"""Hands items to a function in a thread of this process, so that whoever has them does not wait for it.

    soon = BackgroundQueue("queue", hand_over)
    soon.put(jobs)      # returns at once; `hand_over(jobs)` runs in the thread

The thread begins with the first item, and anew after a fork, which no thread survives.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class BackgroundQueue(Generic[Item]):
    """Items for one function, in their order. The function must not raise: that would end the thread."""

    def __init__(self, name: str, take: Callable[[Item], None]) -> None:
        self._name, self._take = name, take
        self._pending: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._process = 0

    def put(self, item: Item) -> None:
        """Hand an item over."""
        if self._process != os.getpid():
            self._process = os.getpid()
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        self._pending.put(item)

    def more(self) -> list[Item]:
        """The items that wait already, for a function that takes several at one time."""
        found: list[Item] = []
        while not self._pending.empty():
            found.append(self._pending.get())
        return found

    def _run(self) -> None:
        while True:
            self._take(self._pending.get())
