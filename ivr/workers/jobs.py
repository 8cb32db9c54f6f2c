"""Runs one row of the outbox: lease it, do it, finish it, or postpone it with the reason.

A failure is noted on the row and tried again by the clock with growing pauses; after the last try a state
that people see stands on the recording or transcript. See docs/decisions/003-outbox.md.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rq import get_current_job

from ivr import database, outbox
from ivr.instants import utc_now
from ivr.workers import fetching, transcription

log = logging.getLogger(__name__)

#: What does each kind of work, given the id of its subject.
HANDLERS = {
    "fetch_recording": fetching.fetch_recording,
    "delete_at_carrier": fetching.delete_at_carrier,
    "discard_recording": fetching.discard_recording,
    "transcribe": transcription.transcribe,
}
#: What is made visible when the last try has failed.
GIVEN_UP = {
    "fetch_recording": fetching.fetch_given_up,
    "transcribe": transcription.given_up,
}


def run(work_id: int) -> None:
    """The one job there is; its argument is the id of a row of the outbox."""
    job = get_current_job()
    worker = (job.worker_name if job else None) or "by hand"
    with database.writing() as session:
        work = outbox.claim(session, work_id, worker, utc_now())
    if work is None:
        return
    try:
        with _lease_kept(work_id, worker):
            HANDLERS[work.kind](work.subject_id)
    except Exception as error:
        log.warning("%s %d failed (%s)", work.kind, work_id, type(error).__name__, exc_info=True)
        with database.writing() as session:
            last = outbox.postpone(session, work_id, f"{type(error).__name__}: {error}", utc_now())
        if last and work.kind in GIVEN_UP:
            GIVEN_UP[work.kind](work.subject_id)
        return
    with database.writing() as session:
        outbox.finish(session, work_id, utc_now())


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
