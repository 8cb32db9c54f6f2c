"""The nightly run of the deletion concept (Löschkonzept): it deletes expired data, verifies that, and records it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from redis.exceptions import RedisError
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.enums import AccessAction, PresenceState, RecordingState, RetentionKind, SubjectRequestState
from ivr.domain.timestamps import utc_now
from ivr.models.contact_centre import DutyException, Presence
from ivr.models.privacy import DeletionRecord, PendingDeletion, SubjectRequest
from ivr.models.voicebox import Recording
from ivr.notices import present
from ivr.platform import clock_watch, database, job_queue, spool
from ivr.platform.column_types import insert
from ivr.platform.work_models import Checkpoint, Work
from ivr.privacy import deletion, deletion_records, erasure, redis_scan, retention_periods
from ivr.privacy.page_rewrite import scrub
from ivr.privacy.recording_deletion import NIGHT_SECONDS, count_pending, destroy_audio, forget_at_carrier
from ivr.reporting import daily_metrics
from ivr.voicebox import audio_store, spoken_answers

log = logging.getLogger(__name__)

#: The local hour after which the run of a day begins.
HOUR = 3
_CHECKPOINT, _SCRUB = "retention", "scrub"
#: The remark of an erasure's record until the carrier has deleted its records and pages were rewritten.
FOLLOWS = "carrier and pages follow"
#: The time in which late events of the carrier are possible; the time for which finished jobs and absences are kept.
_LATE_EVENTS, _KEPT = timedelta(days=8), timedelta(days=30)
#: An answer is due within three months at most (Art. 12 (3) GDPR). An unfinished request lapses after this time.
_LAPSES = timedelta(days=100)


def run(now: datetime) -> list[DeletionRecord]:
    """Delete expired data at any hour. Returns the records.

    What fails (the audio store does not answer, a table is locked) is recorded as remaining, and repeated the next
    time.
    """
    count_days(now)
    with database.writing() as session:
        begun = [deletion_records.begin_record(session, kind, now) for kind in retention_periods.PERIODS]
    remains = {record.id: _left_by(deletion.delete_kind, record) for record in begun}
    destroy_audio()
    forget_at_carrier(NIGHT_SECONDS)
    left = [] if scrub() else ["pages not written anew"]
    with database.reading() as session, suppress(OSError):  # the disk fails: repeated the next time
        spool.forget_damaged(retention_periods.cutoff(session, RetentionKind.NUMBER_AND_NAME, now))
    for record in begun:
        remains[record.id] += [*_left_by(_remains, record), *left]
    with database.writing() as session:
        records = [deletion_records.finish_record(session, one.id, ", ".join(remains[one.id]), now) for one in begun]
        _forget_done(session, now)
    for record in records:
        if not record.verified:
            log.error("deletion of %s is not complete: %s", record.kind, record.remains)
    return records


def _left_by(step: Callable[[DeletionRecord], list[str] | None], record: DeletionRecord) -> list[str]:
    """What remains after a step, or that the step failed."""
    try:
        return step(record) or []
    except (OSError, SQLAlchemyError) as error:
        log.exception("the deletion of %s failed", record.kind)
        return [f"broken off: {type(error).__name__}"]


def _forget_done(session: Session, now: datetime) -> None:
    """Delete finished deletions and jobs, old absences and presences. Let unfinished requests lapse.

    A lapsed request does not say any more whose data it was about.
    """
    session.execute(delete(PendingDeletion).where(PendingDeletion.done_at < now - _LATE_EVENTS))
    session.execute(delete(Work).where(Work.done_at < now - _KEPT))
    gone = (Presence.state == PresenceState.OFFLINE, Presence.since_at < now - _KEPT, Presence.leg_id.is_(None))
    session.execute(delete(Presence).where(*gone))
    session.execute(delete(DutyException).where(DutyException.day < daily_metrics.local_day(now - _KEPT)))
    spoken_answers.forget(session, now)
    lapsed = (SubjectRequest.state == SubjectRequestState.OPENED, SubjectRequest.opened_at < now - _LAPSES)
    for asked in session.scalars(select(SubjectRequest).where(*lapsed)).all():
        asked.state, asked.done_at, asked.named = SubjectRequestState.DONE, now, ""
        asked.result = asked.result or "lapsed"
        detail = f"request {asked.id}, {asked.kind}: lapsed"
        access_log.append(session, access_log.SYSTEM, AccessAction.SUBJECT_REQUEST, now, detail=detail)


def count_days(now: datetime) -> None:
    """Count the days that were not counted yet, because metrics must survive the data that they count."""
    while True:
        with database.reading() as session:
            due = [day for day in daily_metrics.due(session, now) if day < daily_metrics.local_day(now)]
            groups = daily_metrics.together(session, due)
        if not groups:
            return
        for days in groups:
            with database.writing() as session:
                daily_metrics.count_days(session, days, now)


def _remains(record: DeletionRecord) -> list[str]:
    found, kind = [], record.kind
    if left := deletion.left(kind, record.cutoff_at or record.at, record.at):
        found.append(f"database: {left}")
    if kind == "audio":
        with database.reading() as session:
            gone = session.scalars(select(Recording.recording_sid).where(Recording.state == RecordingState.DELETED))
            kept = set(audio_store.recordings()).intersection(gone)
        if here := max(len(kept), count_pending("audio")):
            found.append(f"audio store: {here}")
    where = {"audio": ("recording",), RetentionKind.NUMBER_AND_NAME: ("call", "message")}.get(kind, ())
    if where and (waiting := count_pending(*where)):
        found.append(f"carrier: {waiting}")
    if kind == RetentionKind.NUMBER_AND_NAME:
        try:
            if mentioned := redis_scan.values_of_callers(job_queue.impatient()):
                found.append(f"Redis: {mentioned}")
        except RedisError as error:
            found.append(f"Redis could not be asked ({type(error).__name__})")
    return found


def want_scrub(session: Session, now: datetime) -> None:
    """Request that pages are rewritten after an erasure by day. The scheduler does it."""
    _set(session, _SCRUB, now)


def nightly(now: datetime) -> bool:
    """Run once a night, on one host. Returns whether it ran now. After a leap of the clock it waits for a person."""
    if not clock_watch.look(now).is_right:
        finish_erasures()
        return False
    zone = settings().hours.zone
    local = now.astimezone(zone)
    begins = local.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    if local < begins:
        begins -= timedelta(days=1)
    with database.reading() as session:
        last = session.get(Checkpoint, _CHECKPOINT)
    if last is not None and clock_watch.is_in_future(last.at, now):
        log.error("the last deletion is said to be in the future (%s), when a clock was wrong: it is done now", last.at)
    is_time = _is_time(last, begins, now)
    if is_time:
        count_days(now)  # if this fails, the run is repeated
        with database.writing_alone() as session:  # one of several schedulers
            last = session.get(Checkpoint, _CHECKPOINT)
            is_time = _is_time(last, begins, now)
            if is_time:
                _set(session, _CHECKPOINT, now)
    if not is_time:
        finish_erasures()
        return False
    if last is None and local.hour != HOUR:
        return False  # a new installation, or a new version by day, waits for the night
    run(now)
    return True


def _is_time(last: Checkpoint | None, begins: datetime, now: datetime) -> bool:
    return last is None or last.at < begins or clock_watch.is_in_future(last.at, now)


def finish_erasures() -> None:
    """Finish an erasure by day: delete at the carrier at once, and rewrite pages when the hotline is closed."""
    with database.reading() as session:
        wanted = session.get(Checkpoint, _SCRUB)
    if wanted is None:
        return
    destroy_audio()
    forget_at_carrier()
    if opening_hours.is_open(present.hours(), utc_now()) or not scrub():
        return
    with database.writing() as session:
        if session.scalar(select(PendingDeletion.sid).where(PendingDeletion.done_at.is_(None)).limit(1)) is None:
            session.execute(
                update(DeletionRecord)
                .where(DeletionRecord.remains == FOLLOWS, DeletionRecord.at <= wanted.at)
                .values(verified=True, remains="")
            )
            session.execute(delete(Checkpoint).where(Checkpoint.name == _SCRUB, Checkpoint.at == wanted.at))


def _set(session: Session, name: str, now: datetime) -> None:
    new = insert(session.get_bind().dialect, Checkpoint).values(name=name, at=now)
    session.execute(new.on_conflict_do_update(index_elements=[Checkpoint.name], set_={"at": now}))


def after_restore(now: datetime) -> dict[str, int]:
    """Erase again what was erased since the restored backup was made.

    What is due by its period goes in the next night: until then holds that were placed since the backup can be
    placed again.

    Raises:
        Unreadable: an entry could not be used. The data of all other entries is erased.
    """
    unreadable: erasure.Unreadable | None = None
    counts = {"tasks": 0, "calls": 0, "recordings": 0, "traces": 0}
    with database.writing() as session:
        try:
            counts = erasure.replay(session, now)
        except erasure.Unreadable as error:
            unreadable = error
        if any(counts.values()):
            deletion_records.write_record(session, "replay", sum(counts.values()), FOLLOWS, now)
        want_scrub(session, now)
    destroy_audio()
    scrub()
    if unreadable is not None:
        raise unreadable
    return counts
