"""Runs one row of the outbox: lease it, do it, finish it, or postpone it with the reason.

A failure is noted on the row and tried again by the clock with growing pauses; when these are used up a state
that people see stands on the transcript, and it is still tried once an hour. See docs/decisions/003-outbox.md.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rq import get_current_job
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import alert_delivery, sms_job
from ivr.contact_centre import dialer_job
from ivr.domain.timestamps import utc_now
from ivr.platform import database, outbox
from ivr.platform.work_models import Work
from ivr.reporting import report_mail_job
from ivr.transcription import transcribe_job
from ivr.voicebox import fetch_job

log = logging.getLogger(__name__)

#: What does each kind of work, given the id of its subject.
HANDLERS: Mapping[str, Callable[[int], None]] = {
    "fetch_recording": fetch_job.fetch_recording,
    "delete_at_carrier": fetch_job.delete_at_carrier,
    "discard_recording": fetch_job.discard_recording,
    "find_recording": fetch_job.find_recording,
    "ask_for_recording": fetch_job.ask_for_recording,
    "send_text_message": sms_job.send,
    "send_alert": alert_delivery.send,
    "send_report": report_mail_job.send,
    "transcribe": transcribe_job.transcribe,
    "ring_leg": dialer_job.ring_leg,
    "hang_up_leg": dialer_job.hang_up_leg,
    "bring_caller": dialer_job.bring_caller,
    "end_room": dialer_job.end_room,
    "tell_no_interpreter": dialer_job.tell_no_interpreter,
}
#: What is made visible when the tries with short pauses are used up.
GIVEN_UP = {
    "fetch_recording": fetch_job.fetch_given_up,
    "send_text_message": sms_job.given_up,
    "send_alert": alert_delivery.given_up,
    "transcribe": transcribe_job.given_up,
    "ring_leg": dialer_job.ring_given_up,
}


def run(work_id: int, worker: str = "by hand") -> None:
    """The one job there is; its argument is the id of a row of the outbox."""
    job = get_current_job()
    worker = (job.worker_name if job else None) or worker
    while _run_once(work_id, worker):
        pass  # it was asked for again while it was being done


def _run_once(work_id: int, worker: str) -> bool:
    with database.writing() as session:
        work = _claim(session, work_id, worker)
        if work is None:
            return False
        work_id = work.id
        _tell_a_person(session, work)  # of work that kills its workers there is no failure to report
    outbox.tries.set(work.attempts)
    try:
        with _lease_kept(work_id, worker):
            HANDLERS[work.kind](work.subject_id)
    except Exception as error:
        log.warning("%s %d failed (%s)", work.kind, work_id, type(error).__name__, exc_info=True)
        with database.writing() as session:
            outbox.postpone(session, work, f"{type(error).__name__}: {error}", utc_now())
            _tell_a_person(session, session.get_one(Work, work_id))
        return False
    with database.writing() as session:
        return not outbox.finish(session, work, utc_now())


def _claim(session: Session, work_id: int, worker: str) -> Work | None:
    """The row the job was made for. A job of transcription takes the most urgent message that waits instead: there are
    as many jobs as messages, and the queue's order is that of their arrival."""
    now = utc_now()
    if session.scalar(select(Work.kind).where(Work.id == work_id)) == "transcribe":
        for candidate in transcribe_job.most_urgent(session, now):
            if work := outbox.claim(session, candidate, worker, now):
                return work
    return outbox.claim(session, work_id, worker, now)


def _tell_a_person(session: Session, work: Work) -> None:
    if outbox.is_spent(work):
        work.failed_at = utc_now()
        log.error("%s %d needs a person: %s", work.kind, work.id, work.last_error)
        if work.kind in GIVEN_UP:
            GIVEN_UP[work.kind](session, work.subject_id)


@contextmanager
def _lease_kept(work_id: int, worker: str) -> Iterator[None]:
    done = threading.Event()

    def renew() -> None:
        while not done.wait(outbox.LEASE.total_seconds() / 4):
            try:
                with database.writing() as session:
                    outbox.renew(session, work_id, worker, utc_now())
            except Exception:  # the database may be away for a moment; the next renewal counts
                log.warning("the lease of work %d could not be renewed", work_id)

    keeper = threading.Thread(target=renew, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
