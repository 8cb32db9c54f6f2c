"""The clock: a plain loop over the database that keeps promises honest and repairs what was not enqueued.

Any number may run; every change it makes is conditional. It needs neither Redis nor workers to record a breach.
"""

from __future__ import annotations

import logging
import signal
import threading
import time

from ivr import database, outbox, sla
from ivr.instants import utc_now
from ivr.workers import queues, transcription

log = logging.getLogger(__name__)

#: Seconds between two looks at the database. A breach is recorded at most 10 s late.
TICK = 1.0
_MODELS_EVERY = 3.0


def run() -> None:
    """Tick until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    outbox.hand_over = queues.hand_over
    looked = 0.0
    while not stop.wait(TICK):
        _try(sweep)
        _try(enqueue_overdue)
        if time.monotonic() - looked > _MODELS_EVERY:
            looked = time.monotonic()
            _try(wake_transcripts)


def sweep() -> None:
    """Record promises that were missed."""
    with database.writing() as session:
        marked = sla.record_breaches(session, utc_now())
    if marked:
        log.warning("%d promises missed", len(marked))


def enqueue_overdue() -> None:
    """Hand over work that should be on a queue or in work by now."""
    with database.writing() as session:
        errands = outbox.overdue(session, utc_now())
    if errands:
        queues.hand_over_missing(errands, queues.impatient())


def wake_transcripts() -> None:
    """Transcribe what waited for a model that has arrived."""
    with database.writing() as session:
        woken = transcription.requeue_waiting_for_models(session)
    if woken:
        log.info("%d messages waited for a model that is here now", woken)


def _try(duty: object) -> None:
    try:
        duty()  # type: ignore[operator]
    except Exception as error:  # the database or Redis is away: the next tick will do
        log.warning("the clock could not do one of its duties (%s)", type(error).__name__)
