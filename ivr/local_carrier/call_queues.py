"""Call queues of the carrier (`<Enqueue>`): their waiting callers, in the order of arrival."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from ivr.domain.carrier_ids import of_exchange

#: Carrier: a queue holds 1,000 calls unless another number was set.
_MOST = 1000


@dataclass
class _CallQueue:
    sid: str
    waiting: dict[str, float] = field(default_factory=dict)
    #: Seconds that callers waited who have left the queue, the last 50.
    waited: list[float] = field(default_factory=list)


class CallQueues:
    """The carrier's call queues by name."""

    def __init__(self, most: int = _MOST, exchange: int = 1) -> None:
        self._queues: dict[str, _CallQueue] = {}
        self._lock = threading.Lock()
        self._most, self._exchange = most, exchange

    def enter(self, name: str, call_sid: str) -> bool:
        """Add a call to the end of a queue. Returns False if the queue is full."""
        with self._lock:
            queue = self._queues.setdefault(name, _CallQueue(of_exchange("QU", self._exchange)))
            if len(queue.waiting) >= self._most:
                return False
            queue.waiting[call_sid] = time.monotonic()
            return True

    def leave(self, name: str, call_sid: str) -> float:
        """Remove a call from a queue. Returns the seconds that it has waited."""
        with self._lock:
            queue = self._queues[name]
            waited = time.monotonic() - queue.waiting.pop(call_sid)
            queue.waited = [*queue.waited[-49:], waited]
            return waited

    def form(self, name: str, call_sid: str) -> dict[str, str]:
        """The fields that a request for the wait URL has; times in seconds."""
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
