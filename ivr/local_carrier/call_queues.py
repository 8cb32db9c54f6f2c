"""Queues of the carrier (`<Enqueue>`): who waits, for how long, in the order of arrival."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from ivr.local_carrier.store import new_sid

#: Carrier: a queue holds 100 calls unless it was made larger.
_MOST = 100


@dataclass
class _Queue:
    sid: str = field(default_factory=lambda: new_sid("QU"))
    waiting: dict[str, float] = field(default_factory=dict)
    #: Seconds those waited who have left.
    waited: list[float] = field(default_factory=list)


class Queues:
    """The carrier's queues by name."""

    def __init__(self, most: int = _MOST) -> None:
        self._queues: dict[str, _Queue] = {}
        self._lock = threading.Lock()
        self._most = most

    def enter(self, name: str, call_sid: str) -> bool:
        """Join the end of a queue; False if it is full."""
        with self._lock:
            queue = self._queues.setdefault(name, _Queue())
            if len(queue.waiting) >= self._most:
                return False
            queue.waiting[call_sid] = time.monotonic()
            return True

    def leave(self, name: str, call_sid: str) -> float:
        """Leave a queue; the seconds waited."""
        with self._lock:
            queue = self._queues[name]
            waited = time.monotonic() - queue.waiting.pop(call_sid)
            queue.waited = [*queue.waited[-49:], waited]
            return waited

    def form(self, name: str, call_sid: str) -> dict[str, str]:
        """What a wait URL is told."""
        with self._lock:
            queue = self._queues[name]
            average = sum(queue.waited) / len(queue.waited) if queue.waited else 0.0
            return {
                "QueueSid": queue.sid,
                "QueuePosition": str([*queue.waiting].index(call_sid) + 1),
                "QueueTime": str(round(time.monotonic() - queue.waiting[call_sid])),
                "AvgQueueTime": str(round(average)),
                "CurrentQueueSize": str(len(queue.waiting)),
            }
