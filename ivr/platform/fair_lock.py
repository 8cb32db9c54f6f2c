"""A lock that threads get in the order in which they asked for it.

`threading.Lock` may be taken again at once by the thread that has released it, so of many threads one could wait for
seconds. Here the one that has waited longest is next.
"""

from __future__ import annotations

import threading
from collections import deque


class FairLock:
    """First come, first served. It is not reentrant."""

    def __init__(self) -> None:
        self._state = threading.Lock()
        self._held = False
        #: Each waiting thread sleeps on a lock of its own.
        self._waiting: deque[threading.Lock] = deque()

    def acquire(self, timeout: float) -> bool:
        """Take the lock; False where that was not possible within so many seconds."""
        with self._state:
            if not self._held:
                self._held = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=timeout):
            return True
        with self._state:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        return True  # it was passed on at the last moment

    def release(self) -> None:
        """Pass the lock on to the thread that has waited longest."""
        with self._state:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False
