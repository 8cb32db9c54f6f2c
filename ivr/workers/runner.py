"""Runs a job of the outbox: claim its row, execute it, then finish it or postpone it with the reason.

The scheduler repeats a failed job with growing pauses. When these are used up, the failure becomes visible to people,
and the job is still repeated once an hour. See docs/decisions/003-outbox.md.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rq import get_current_job
from sqlalchemy.orm import Session

from ivr.accounts import link_mail_job
from ivr.callbacks import alert_delivery, sms_job
from ivr.contact_centre import dialer_job, duty_call_job
from ivr.domain.complete import complete
from ivr.domain.enums import WorkKind
from ivr.domain.timestamps import utc_now
from ivr.platform import database, monitoring, outbox, settings_store, tracing
from ivr.platform.work_models import Work
from ivr.reporting import report_mail_job
from ivr.transcription import answer_job, gist_job, language_job, second_job, transcribe_job
from ivr.voicebox import fetch_job

log = logging.getLogger(__name__)

#: The function of each kind of job. Its argument is the id of the job's subject.
HANDLERS: Mapping[WorkKind, Callable[[int], None]] = complete(
    "workers/runner.py, HANDLERS",
    {
        WorkKind.FETCH_RECORDING: fetch_job.fetch_recording,
        WorkKind.DELETE_AT_CARRIER: fetch_job.delete_at_carrier,
        WorkKind.DISCARD_RECORDING: fetch_job.discard_recording,
        WorkKind.FIND_RECORDING: fetch_job.find_recording,
        WorkKind.ASK_FOR_RECORDING: fetch_job.ask_for_recording,
        WorkKind.SEND_TEXT_MESSAGE: sms_job.send,
        WorkKind.SEND_ALERT: alert_delivery.send,
        WorkKind.SEND_REPORT: report_mail_job.send,
        WorkKind.SEND_LINK: link_mail_job.send,
        WorkKind.TRANSCRIBE: transcribe_job.transcribe,
        WorkKind.UNDERSTAND_ANSWER: answer_job.understand,
        WorkKind.CHECK_LANGUAGE: language_job.check,
        WorkKind.RENDER_GIST: gist_job.render,
        WorkKind.HEAR_AGAIN: second_job.hear,
        WorkKind.RING_LEG: dialer_job.ring_leg,
        WorkKind.HANG_UP_LEG: dialer_job.hang_up_leg,
        WorkKind.BRING_CALLER: dialer_job.bring_caller,
        WorkKind.END_ROOM: dialer_job.end_room,
        WorkKind.TELL_LEG: dialer_job.tell_leg,
        WorkKind.RECALL_LEG: dialer_job.recall_leg,
        WorkKind.TELL_STILL_LOOKING: dialer_job.tell_still_looking,
        WorkKind.TELL_NO_INTERPRETER: dialer_job.tell_no_interpreter,
        WorkKind.ASK_FOR_DUTY: duty_call_job.ask_for_duty,
    },
    WorkKind,
)
#: Makes a failure visible when the attempts with short pauses are used up.
GIVEN_UP: Mapping[str, Callable[[Session, int], None]] = {
    WorkKind.FETCH_RECORDING: fetch_job.fetch_given_up,
    WorkKind.SEND_ALERT: alert_delivery.given_up,
    WorkKind.TRANSCRIBE: transcribe_job.given_up,
    WorkKind.RING_LEG: dialer_job.ring_given_up,
}


def run(work_id: int, worker: str = "by hand") -> None:
    """Run a row of the outbox. This is the only function that RQ calls."""
    settings_store.look()
    job = get_current_job()
    worker = (job.worker_name if job else None) or worker
    while _run_once(work_id, worker):
        pass  # the job was requested again while it ran


def _run_once(work_id: int, worker: str) -> bool:
    # A claim and a finish that a power cut undoes lead to the job being repeated, which is safe: only what the job
    # itself writes waits for the disk.
    with database.writing(durable=False) as session:
        work = _claim(session, work_id, worker)
        if work is None:
            return False
        work_id = work.id
        _report_if_spent(session, work)  # a job that kills its worker raises no error to report
    outbox.attempt.set(work.attempts)
    try:
        about = tracing.span("job", kind=work.kind, attempt=work.attempts)
        with _lease_kept(work_id, worker), outbox.running(work) as running, about:
            _handler(work)(work.subject_id)
    except Exception as error:
        log.warning("%s %d failed (%s)", work.kind, work_id, type(error).__name__, exc_info=True)
        with database.writing() as session:
            told = f"{type(error).__name__}: {error}"
            outbox.postpone(session, work, told, utc_now(), getattr(error, "retry_after", 0.0))
            _report_if_spent(session, session.get_one(Work, work_id))
        monitoring.count("jobs", 1, work.kind, "failed")
        return False
    monitoring.count("jobs", 1, work.kind, "done")
    if running.is_done is not None:
        return not running.is_done
    with database.writing(durable=False) as session:
        return not outbox.finish(session, work, utc_now())


def _handler(work: Work) -> Callable[[int], None]:
    """The function that runs a row's job.

    Raises:
        LookupError: this version does not know the kind of job; a newer one may have written the row.
    """
    if work.kind not in HANDLERS:
        raise LookupError(f"work.kind holds the unknown value {work.kind!r} (row with id {work.id})")
    return HANDLERS[WorkKind(work.kind)]


def _claim(session: Session, work_id: int, worker: str) -> Work | None:
    """Claim the row, or for a transcription the most urgent message that waits.

    There are as many transcription jobs as messages, and RQ keeps them in the order of arrival.
    """
    now = utc_now()
    most_urgent = transcribe_job.claim_most_urgent(session, work_id, worker, now)
    return most_urgent or outbox.claim(session, work_id, worker, now)


def _report_if_spent(session: Session, work: Work) -> None:
    if outbox.is_spent(work):
        work.failed_at = utc_now()
        log.error("%s %d needs a person: %s", work.kind, work.id, work.last_error)
        if work.kind in GIVEN_UP:
            GIVEN_UP[work.kind](session, work.subject_id)


@contextmanager
def _lease_kept(work_id: int, worker: str) -> Iterator[None]:
    done = threading.Event()

    def renew() -> None:
        while not done.wait(outbox.lease().total_seconds() / 4):
            try:
                with database.writing() as session:
                    outbox.renew(session, work_id, worker, utc_now())
            except Exception:  # a short outage of the database; the next renewal counts
                log.warning("the lease of work %d could not be renewed", work_id)

    keeper = threading.Thread(target=renew, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
