"""What lines in real time share: a person presses keys and hangs up while the switch waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ivr.local_carrier.lines import HungUp, KeyEntry, Line


class RealTimeLine(Line):
    """A line whose other end acts when it likes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._keys = ""
        self._hung_up = False

    def press(self, keys: str) -> None:
        """Keys were pressed."""
        with self._changed:
            self._keys += keys
            self._changed.notify_all()

    def interrupt(self) -> None:
        """The REST interface ends or redirects the call."""
        with self._changed:
            super().interrupt()
            self._changed.notify_all()

    def hang_up(self) -> None:
        """The caller hung up."""
        with self._changed:
            self._hung_up = True
            self._changed.notify_all()

    def drop_keys(self) -> None:
        """Forget the keys pressed so far."""
        with self._changed:
            self._keys = ""

    def keys(self, count: int, finish: str, timeout: int) -> KeyEntry:
        """Wait for keys. The time-out begins again with each key."""
        typed = ""
        self._listens()
        while len(typed) < count:
            if not self._wait_until(lambda: bool(self._keys), timeout):
                break
            with self._changed:
                key, self._keys = self._keys[0], self._keys[1:]
            if key in finish:
                return KeyEntry(typed, key)
            typed += key
        return KeyEntry(typed)

    def wait(self, seconds: float) -> None:
        """Let `seconds` of real time pass."""
        self._wait_until(lambda: False, seconds)

    def _listens(self) -> None:
        """Keys are waited for from now on."""

    def _is_gone(self) -> bool:
        """Whether the other end is not there any more."""
        return self._hung_up

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _wait_until(self, happened: Callable[[], bool], seconds: float) -> bool:
        """Wait at most `seconds` for a condition. Returns whether it came true.

        Raises:
            HungUp: the other end is gone.
            Interrupted: the REST interface ends or redirects the call.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                if self._is_gone():
                    raise HungUp
                self._check_interrupted()
                if happened():
                    return True
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 1.0))
