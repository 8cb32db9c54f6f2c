"""The scheduler (process `clock`): a loop that records missed deadlines and repairs what was not enqueued.

Any number of schedulers may run, because every change is conditional. A missed deadline is recorded without Redis and
without workers.
"""

from __future__ import annotations

import functools
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import text

from ivr.accounts import kept_forms, login_sessions, notices, password_links
from ivr.audit import anchors, break_glass
from ivr.callbacks import (
    alert_delivery,
    alert_digest,
    cap_alarms,
    carrier_faults,
    guessing,
    house_alarms,
    sla_clocks,
    undo,
)
from ivr.calls import caller_language, screening
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence, call_distribution, duty_calls, duty_roster, kept_places, queue_order
from ivr.contact_centre.early_instants import watch
from ivr.domain import opening_hours
from ivr.domain.enums import RetentionKind
from ivr.domain.timestamps import utc_now
from ivr.notices import present
from ivr.platform import (
    clock_watch,
    counted_once,
    database,
    heartbeat,
    job_queue,
    live_events,
    memory_report,
    monitoring,
    outbox,
    schema,
    settings_store,
    spool,
)
from ivr.privacy import nightly_job, retention_periods
from ivr.reporting import costs, daily_metrics, promise_list_files, report_mail
from ivr.telephony import call_intake
from ivr.transcription import transcribe_job
from ivr.workers import carrier_reconciliation, lost_events, runner, synthetic_call

log = logging.getLogger(__name__)

#: Seconds between two rounds. A missed deadline is recorded at most 10 s late.
TICK = 1.0
_SWEEP_EVERY = _ALERTS_EVERY = _OVERDUE_EVERY = 2.0
_MODELS_EVERY = 3.0
_PRESENCES_EVERY = 5.0
_FORGET_EVERY = 600.0
_COUNT_EVERY = 5.0
_WATCH_EVERY = _POLL_EVERY = _DELETE_EVERY = _LIST_EVERY = 30.0
_COSTS_FIRST, _COSTS_EVERY = 20.0, 3600.0
_CALL_EVERY = 5.0
_ANCHOR_EVERY = _CAPS_EVERY = 60.0
_RECONCILE_FIRST = 1.0
#: Seconds for which the database must have answered before a reconciliation.
_STABLE_SECONDS = 10
#: Seconds for which a reconciliation waits for this host's spool.
_SPOOL_PATIENCE = 300
_GRACE = timedelta(minutes=1)
_WHOLE_EVERY = 24 * 3600.0
#: Recipients of alerts and reports to whom something is being sent, each in a thread.
_senders = ThreadPoolExecutor(32, thread_name_prefix="alerts")
_sending_to: set[str] = set()


def run() -> None:
    """Run until SIGTERM, SIGINT or SIGHUP."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # logs are opened anew by themselves
    outbox.hand_over = job_queue.hand_over
    live_events.publish = live_events.publish_soon
    schema.await_current(stop.is_set)
    settings_store.begin()
    threading.Thread(target=_reconcile, args=(stop,), name="reconciliation", daemon=True).start()
    threading.Thread(target=_poll_lost_events, args=(stop,), name="lost events", daemon=True).start()
    threading.Thread(target=_ask_for_prices, args=(stop,), name="prices", daemon=True).start()
    threading.Thread(target=_call_ourselves, args=(stop,), name="synthetic call", daemon=True).start()
    threading.Thread(target=_write_promise_lists, args=(stop,), name="promise list", daemon=True).start()
    threading.Thread(target=_run_nightly_job, args=(stop,), name="deletion", daemon=True).start()
    memory_report.begin()
    monitoring.begin("clock")
    done_at: dict[Callable[[], object], float] = {}
    while not stop.wait(TICK):
        for duty, seconds in _duties():
            now = time.monotonic()
            if duty not in done_at or now - done_at[duty] >= seconds:
                done_at[duty] = now
                _try(duty)


def _duties() -> Sequence[tuple[Callable[[], object], float]]:
    """What is done again and again in this order, each after so many seconds, and at once after the start.

    An idle hotline does little else; what may wait for some seconds is not looked for each second.
    """
    return (
        (live, heartbeat.EVERY),
        (call_intake.replay_spool, TICK),
        (sweep, _SWEEP_EVERY),
        (send_alerts, _ALERTS_EVERY),
        (enqueue_overdue, _OVERDUE_EVERY),
        (wake_transcripts, _MODELS_EVERY),
        (end_presences, _PRESENCES_EVERY),
        (ask_for_duty, _PRESENCES_EVERY),
        (distribute, TICK),
        (count_days, _COUNT_EVERY),
        (watch_clock, _WATCH_EVERY),
        (cap_alarms.tell_reached, _CAPS_EVERY),
        (forget, _FORGET_EVERY),
    )


def _poll_lost_events(stop: threading.Event) -> None:
    """A thread of its own, because the carrier may be slow and deadlines are recorded within ten seconds anyway."""
    while not stop.wait(_POLL_EVERY):
        _try(lost_events.ask_for_lost_events)
        _try(lost_events.check_ended_calls)
        _try(lost_events.end_silent_calls)


def _ask_for_prices(stop: threading.Event) -> None:
    """A thread of its own, because the carrier may be slow."""
    pause = _COSTS_FIRST
    while not stop.wait(pause):
        _try(lambda: costs.refresh(utc_now()))
        pause = _COSTS_EVERY


def _call_ourselves(stop: threading.Event) -> None:
    """A thread of its own, because a call takes a minute."""
    while settings().synthetic_call_minutes and not stop.wait(_CALL_EVERY):
        _try(synthetic_call.make_if_due)


def _write_promise_lists(stop: threading.Event) -> None:
    """A thread of its own, because the document takes seconds and its disk may be slow."""
    while not stop.wait(_LIST_EVERY):
        _try(lambda: promise_list_files.write_if_due(utc_now()))


def _reconcile(stop: threading.Event) -> None:
    """A thread of its own, because the carrier may be slow.

    The whole audio store is compared when the scheduler starts, which may be after a restore, and once a day.
    """
    looked: float | None = None
    first = _RECONCILE_FIRST
    while not stop.wait(first if looked is None else settings().reconcile_seconds):
        first = min(settings().reconcile_seconds, 10.0)
        whole = looked is None or time.monotonic() - looked > _WHOLE_EVERY
        if _try(functools.partial(_reconcile_when_stable, stop, whole)) and whole:
            looked = time.monotonic()


def _reconcile_when_stable(stop: threading.Event, whole: bool) -> None:
    # After an outage of the database, all hosts must first write their spools, which know more than the carrier.
    stable = waited = 0
    while stable < _STABLE_SECONDS:
        with database.reading() as session:
            session.execute(text("SELECT 1"))
        if stop.wait(1.0):
            return
        waited += 1
        stable = 0 if spool.waiting() and waited < _SPOOL_PATIENCE else stable + 1
    carrier_reconciliation.reconcile(audio=whole, grace=_GRACE)


def watch_clock() -> None:
    """Renew the last instant that was seen, or tell the house that the clock has leapt; set back what was ahead."""
    watch(utc_now())


def live() -> None:
    """Give a sign of life."""
    with database.noting() as connection:
        heartbeat.beat(connection, utc_now())


def sweep() -> None:
    """Record all deadlines that are at risk or missed. Not by a clock that has leapt: what is recorded stays."""
    changed = sla_clocks.BATCH if clock_watch.may_record(utc_now()) else 0
    while changed == sla_clocks.BATCH:
        with database.writing() as session:
            changed = sla_clocks.sweep(session, utc_now())
        if changed:
            log.warning("%d deadlines are newly at risk or missed", changed)


def send_alerts() -> None:
    """Write the due alerts and send them in threads, so that a slow server delays nothing else."""
    now = utc_now()
    with database.writing() as session:
        alert_digest.write_due_messages(session, now)
    with database.reading() as session:
        due = alert_delivery.due(session, now)
    for work_id, recipient in due:
        if recipient not in _sending_to:  # a slow recipient takes one thread at most
            _sending_to.add(recipient)
            _senders.submit(_send, work_id, recipient)


def _send(work_id: int, recipient: str) -> None:
    try:
        runner.run(work_id, f"clock {socket.gethostname()} {os.getpid()}")
    except Exception as error:  # the database does not answer; the row is repeated later
        log.warning("job %d could not be run (%s)", work_id, type(error).__name__)
    finally:
        _sending_to.discard(recipient)


def count_days() -> None:
    """Count the metrics of today, and of recent days with new facts, for reports and the dashboard."""
    now = utc_now()
    if clock_watch.is_ahead(now):  # the days until then would be final, and never counted again
        return
    with database.reading() as session:
        groups = daily_metrics.together(session, daily_metrics.due(session, now))
    for days in groups:
        with database.writing() as session:
            daily_metrics.count_days(session, days, utc_now())
    if settings().report_mails and clock_watch.look(now).is_right:
        with database.writing() as session:
            report_mail.plan(session, now)


def distribute() -> None:
    """Match waiting callers with free members, in case an event was lost.

    After closing time nobody keeps a place in the call queue: their callback becomes a task like any other.
    """
    now = utc_now()
    with database.reading() as session:
        if queue_order.is_empty(session):
            return
    closed = not opening_hours.is_open(present.hours(), now) and not clock_watch.is_ahead(now)
    with database.writing_alone() as session:
        kept_places.drop_kept_places(session, now, closed=closed)
        call_distribution.match(session, now)


def end_presences() -> None:
    """Members who have gone without saying so are not rung any more."""
    now = utc_now()
    with database.reading() as session:
        over = duty_roster.whose_duty_is_over(session, now)
        if not agent_presence.have_gone(session, over, now):
            return
    with database.writing_alone() as session:
        agent_presence.end_stale(session, over, now)


def ask_for_duty() -> None:
    """Members whose duty begins, and who come by telephone, are rung and asked whether they answer calls."""
    now = utc_now()
    with database.reading() as session:
        if next(duty_calls.to_ask(session, now), None) is None:
            return
    with database.writing_alone() as session:
        duty_calls.plan(session, now)


def enqueue_overdue() -> None:
    """Hand over jobs again that should be in a job queue or running by now.

    Raises:
        RedisError: Redis does not answer. The jobs are not postponed: they are handed over when it is back.
    """
    connection = job_queue.impatient()
    job_queue.check(connection)
    with database.writing() as session:
        jobs = outbox.overdue(session, utc_now())
    if jobs:
        job_queue.hand_over_missing(jobs, connection)


def wake_transcripts() -> None:
    """Plan transcripts again that waited for a model that is now installed."""
    with database.writing() as session:
        woken = transcribe_job.requeue_waiting_for_models(session)
    if woken:
        log.info("%d messages waited for a model that is installed now", woken)


def forget() -> None:
    """Delete what is remembered about callers when its period is over."""
    now = utc_now()
    if not clock_watch.look(now).is_right:
        return
    with database.writing() as session:
        caller_language.forget(session, now, retention_periods.days(session, RetentionKind.REMEMBERED_LANGUAGE))
        guessing.forget(session, now)
        counted_once.forget(session, now)
        house_alarms.forget(session, now)
        screening.forget(session, now)
        undo.forget(session, now)
        alert_digest.forget(session, now)
        carrier_faults.forget(session, now)
        break_glass.forget(session, now)
        login_sessions.forget(session, now)
        notices.forget(session, now)
        password_links.forget(session, now)
        kept_forms.forget(session, now)


def write_anchor() -> None:
    """Write an anchor of the access log to the blob store, where access to the database cannot change it."""
    now = utc_now()
    anchors.keep(now, thin=clock_watch.look(now).is_right)


def _run_nightly_job(stop: threading.Event) -> None:
    """A thread of its own, because the nightly run takes long."""
    kept: float | None = None
    while not stop.wait(_DELETE_EVERY):
        _try(lambda: nightly_job.nightly(utc_now()))
        if kept is None or time.monotonic() - kept > _ANCHOR_EVERY:
            kept = time.monotonic()
            _try(write_anchor)


def _try(duty: Callable[[], object]) -> bool:
    try:
        duty()
        return True
    except Exception as error:  # the database or Redis does not answer; the next round repeats it
        log.warning("the scheduler could not finish a step (%s)", type(error).__name__)
        return False
