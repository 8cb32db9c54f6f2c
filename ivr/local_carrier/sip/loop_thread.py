"""A thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

#: Seconds for which a thread that computes may keep the frames of all calls waiting.
_SHARED_EVERY = 0.001


class LoopThread(ABC):
    """Begins, runs and ends in its thread; others ask it to :meth:`do` things."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    async def _begin(self) -> None:
        """What is done before :meth:`start` returns."""

    @abstractmethod
    async def _end(self) -> None:
        """What is done last."""

    def start(self) -> None:
        """Begin.

        Raises:
            OSError: an address cannot be bound.
        """
        sys.setswitchinterval(min(sys.getswitchinterval(), _SHARED_EVERY))
        failed: list[OSError] = []
        ready = threading.Event()

        def run() -> None:
            loop = self._loop = asyncio.new_event_loop()
            try:
                loop.run_until_complete(self._begin())
            except OSError as error:
                failed.append(error)
                return
            finally:
                ready.set()
            loop.run_forever()
            loop.run_until_complete(self._end())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

        self._thread = threading.Thread(target=run, daemon=True, name=self._name)
        self._thread.start()
        ready.wait()
        if failed:
            raise failed[0]

    def stop(self) -> None:
        """End, and wait for it."""
        if self._loop is not None and self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def do(self, action: Callable[[], object]) -> None:
        """Do something in the thread, soon; nothing once it has ended."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action)
