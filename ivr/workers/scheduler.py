"""The clock: a plain loop over the database that keeps promises honest and repairs what was not enqueued.

Any number may run; every change it makes is conditional. It needs neither Redis nor workers to record a breach.
"""

from __future__ import annotations

import functools
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import text

from ivr.accounts import login_sessions
from ivr.audit import anchors, break_glass
from ivr.callbacks import alert_delivery, alert_digest, receipt_lookup, sla_clocks
from ivr.calls import caller_language, screening
from ivr.config.settings import settings
from ivr.contact_centre import call_distribution, call_queue
from ivr.domain import opening_hours
from ivr.domain.timestamps import utc_now
from ivr.platform import database, job_queue, outbox
from ivr.privacy import nightly_job, retention_periods
from ivr.reporting import daily_metrics, report_mail
from ivr.telephony import call_intake
from ivr.transcription import transcribe_job
from ivr.workers import carrier_reconciliation, lost_events, runner

log = logging.getLogger(__name__)

#: Seconds between two looks at the database. A breach is recorded at most 10 s late.
TICK = 1.0
_MODELS_EVERY = 3.0
_FORGET_EVERY = 600.0
_COUNT_EVERY = 5.0
_ASK_EVERY = 30.0
_DELETE_EVERY = 30.0
_KEEP_EVERY = 60.0
_RECONCILE_FIRST = 1.0
#: Seconds for which the database must have answered before.
_PEACE = 10
_UNHEARD_FOR = timedelta(minutes=1)
_WHOLE_EVERY = 24 * 3600.0
#: Recipients of alerts and reports who are being told at the same time, each in a thread.
_senders = ThreadPoolExecutor(32, thread_name_prefix="alerts")
_being_told: set[str] = set()


def run() -> None:
    """Tick until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    outbox.hand_over = job_queue.hand_over
    threading.Thread(target=_reconcile, args=(stop,), name="reconciliation", daemon=True).start()
    threading.Thread(target=_ask, args=(stop,), name="lost events", daemon=True).start()
    threading.Thread(target=_delete, args=(stop,), name="deletion", daemon=True).start()
    looked = forgot = counted = 0.0
    while not stop.wait(TICK):
        _try(call_intake.replay_spool)
        _try(sweep)
        _try(tell)
        _try(enqueue_overdue)
        if time.monotonic() - looked > _MODELS_EVERY:
            looked = time.monotonic()
            _try(wake_transcripts)
        _try(distribute)
        if time.monotonic() - counted > _COUNT_EVERY:
            counted = time.monotonic()
            _try(count_days)
        if time.monotonic() - forgot > _FORGET_EVERY:
            forgot = time.monotonic()
            _try(forget)


def _ask(stop: threading.Event) -> None:
    """In a thread of its own: the carrier may be slow, and promises are recorded within ten seconds all the same."""
    while not stop.wait(_ASK_EVERY):
        _try(lost_events.ask_for_lost_events)
        _try(lost_events.ask_for_departed)


def _reconcile(stop: threading.Event) -> None:
    """In a thread of its own: the carrier may be slow. The whole audio store is looked through when the clock starts,
    which may be after a restore, and once a day."""
    looked: float | None = None
    first = _RECONCILE_FIRST
    while not stop.wait(first if looked is None else settings().reconcile_seconds):
        first = min(settings().reconcile_seconds, 10.0)
        whole = looked is None or time.monotonic() - looked > _WHOLE_EVERY
        if _try(functools.partial(_reconcile_in_peace, stop, whole)) and whole:
            looked = time.monotonic()


def _reconcile_in_peace(stop: threading.Event, whole: bool) -> None:
    # Right after an outage of the database other hosts still have to write down what they know better.
    for _ in range(_PEACE):
        with database.reading() as session:
            session.execute(text("SELECT 1"))
        if stop.wait(1.0):
            return
    carrier_reconciliation.reconcile(audio=whole, unheard_for=_UNHEARD_FOR)


def sweep() -> None:
    """Record promises that are at risk or missed: all of them, however many there are at once."""
    changed = sla_clocks.BATCH
    while changed == sla_clocks.BATCH:
        with database.writing() as session:
            changed = sla_clocks.sweep(session, utc_now())
        if changed:
            log.warning("%d promises came to be at risk or missed", changed)


def tell() -> None:
    """Put alerts together and send them; nobody waits here for a server that does not answer."""
    now = utc_now()
    with database.writing() as session:
        alert_digest.put_together(session, now)
    with database.reading() as session:
        due = alert_delivery.due(session, now)
    for work_id, recipient in due:
        if recipient not in _being_told:  # one who does not answer takes one thread at the most
            _being_told.add(recipient)
            _senders.submit(_send, work_id, recipient)


def _send(work_id: int, recipient: str) -> None:
    try:
        runner.run(work_id, f"clock {socket.gethostname()} {os.getpid()}")
    except Exception as error:  # the database is away: the row is still there
        log.warning("work %d was not done (%s)", work_id, type(error).__name__)
    finally:
        _being_told.discard(recipient)


def count_days() -> None:
    """Count what has happened today and has become known of the last days, for reports and the dashboard."""
    now = utc_now()
    with database.reading() as session:
        due = daily_metrics.due(session, now)
    for day in due:
        with database.writing() as session:
            daily_metrics.keep(session, day, utc_now())
    if settings().report_mails:
        with database.writing() as session:
            report_mail.plan(session, now)


def distribute() -> None:
    """Whoever waits and whoever is free find each other even where an event was lost; after closing time nobody is
    kept waiting for a callback in turn, which is a task like any other."""
    now = utc_now()
    with database.reading() as session:
        if call_queue.is_empty(session):
            return
    with database.writing_alone() as session:
        call_queue.drop_kept_places(session, now, closed=not opening_hours.is_open(settings().hours, now))
        call_distribution.match(session, now)


def enqueue_overdue() -> None:
    """Hand over work that should be on a queue or in work by now."""
    with database.writing() as session:
        jobs = outbox.overdue(session, utc_now())
    if jobs:
        job_queue.hand_over_missing(jobs, job_queue.impatient())


def wake_transcripts() -> None:
    """Transcribe what waited for a model that has arrived."""
    with database.writing() as session:
        woken = transcribe_job.requeue_waiting_for_models(session)
    if woken:
        log.info("%d messages waited for a model that is here now", woken)


def forget() -> None:
    """Delete what is remembered of callers for no longer than it may be."""
    now = utc_now()
    with database.writing() as session:
        caller_language.forget(session, now, retention_periods.days(session, "remembered_language"))
        receipt_lookup.forget(session, now)
        screening.forget(session, now)
        alert_digest.forget(session, now)
        break_glass.forget(session, now)
        login_sessions.forget(session, now)


def keep_head() -> None:
    """Keep the access log's newest line where who can change the database cannot."""
    anchors.keep(utc_now())


def _delete(stop: threading.Event) -> None:
    """In a thread of its own: the nightly run takes its time."""
    kept: float | None = None
    while not stop.wait(_DELETE_EVERY):
        _try(lambda: nightly_job.nightly(utc_now()))
        if kept is None or time.monotonic() - kept > _KEEP_EVERY:
            kept = time.monotonic()
            _try(keep_head)


def _try(duty: Callable[[], object]) -> bool:
    try:
        duty()
        return True
    except Exception as error:  # the database or Redis is away: the next tick will do
        log.warning("the clock could not do one of its duties (%s)", type(error).__name__)
        return False
