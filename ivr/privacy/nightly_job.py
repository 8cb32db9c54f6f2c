"""The nightly run of the Löschkonzept: delete, let the carrier forget, see that all is gone, and write that down."""

from __future__ import annotations

import functools
import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from redis.exceptions import RedisError
from sqlalchemy import Connection, delete, func, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.calls import erased_ids
from ivr.carrier import record_deletion
from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.enums import AccessAction, RecordingState, RetentionKind, SubjectRequestState
from ivr.domain.timestamps import utc_now
from ivr.models.privacy import DeletionRecord, PendingDeletion, SubjectRequest
from ivr.models.voicebox import Recording
from ivr.platform import database, job_queue, spool
from ivr.platform.column_types import insert
from ivr.platform.work_models import Checkpoint, Work
from ivr.privacy import deletion, erasure, redis_scan, retention_periods
from ivr.reporting import daily_metrics
from ivr.voicebox import audio_store

log = logging.getLogger(__name__)

#: The hour (local) after which the run of a day begins.
HOUR = 3
_CHECKPOINT, _SCRUB = "retention", "scrub"
#: What a record of an erasure says until the carrier has forgotten and pages were written anew.
FOLLOWS = "carrier and pages follow"
#: Seconds the carrier is asked for at night; failures in a row after which it is away.
_CARRIER_SECONDS, _ENOUGH = 1800.0, 5
#: Tries to write pages anew, and seconds to wait for a table.
_TRIES, _LOCK_SECONDS = 5, 3
#: Events of the carrier that come later are not believed in; and what is done is kept so long.
_LATE_EVENTS, _KEPT = timedelta(days=8), timedelta(days=30)
#: An answer is due within a month, or three (Art. 12 (3) GDPR): a request that nobody has finished by then lapses.
_LAPSES = timedelta(days=100)


def run(now: datetime) -> list[DeletionRecord]:
    """Delete what has been kept for long enough, whatever the hour; gives what was written down.

    What cannot be done now (the audio store is away, a table is locked) is written down as not gone, and done the
    next time.
    """
    count_days(now)
    with database.writing() as session:
        begun = [deletion.begin_record(session, kind, now) for kind in retention_periods.PERIODS]
    remains = {record.id: _left_by(deletion.delete_kind, record) for record in begun}
    destroy_audio()
    forget_at_carrier(_CARRIER_SECONDS)
    left = [] if scrub() else ["pages not written anew"]
    with database.reading() as session, suppress(OSError):  # the disk is away: the next time
        spool.forget_damaged(retention_periods.cutoff(session, RetentionKind.NUMBER_AND_NAME, now))
    for record in begun:
        remains[record.id] += [*_left_by(_remains, record), *left]
    with database.writing() as session:
        records = [deletion.finish_record(session, one.id, ", ".join(remains[one.id]), now) for one in begun]
        _forget_done(session, now)
    for record in records:
        if not record.verified:
            log.error("deletion of %s is not complete: %s", record.kind, record.remains)
    return records


def _left_by(step: Callable[[DeletionRecord], list[str] | None], record: DeletionRecord) -> list[str]:
    """What a step says is left; and that it was broken off, where it was."""
    try:
        return step(record) or []
    except (OSError, SQLAlchemyError) as error:
        log.exception("deletion of %s was broken off", record.kind)
        return [f"broken off: {type(error).__name__}"]


def _forget_done(session: Session, now: datetime) -> None:
    """What has no meaning any more.

    What the carrier has forgotten long ago, and work that was done; and whose data a request was about that nobody
    has finished.
    """
    session.execute(delete(PendingDeletion).where(PendingDeletion.done_at < now - _LATE_EVENTS))
    session.execute(delete(Work).where(Work.done_at < now - _KEPT))
    lapsed = (SubjectRequest.state == SubjectRequestState.OPENED, SubjectRequest.opened_at < now - _LAPSES)
    for asked in session.scalars(select(SubjectRequest).where(*lapsed)).all():
        asked.state, asked.done_at, asked.named = SubjectRequestState.DONE, now, ""
        asked.result = asked.result or "lapsed"
        detail = f"request {asked.id}, {asked.kind}: lapsed"
        access_log.append(session, access_log.SYSTEM, AccessAction.SUBJECT_REQUEST, now, detail=detail)


def count_days(now: datetime) -> None:
    """Figures outlive what they count: days that nobody has counted yet are counted first."""
    while True:
        with database.reading() as session:
            due = [day for day in daily_metrics.due(session, now) if day < daily_metrics.local_day(now)]
        if not due:
            return
        for day in due:
            with database.writing() as session:
                daily_metrics.count_day(session, day, now)


def _remains(record: DeletionRecord) -> list[str]:
    found, kind = [], record.kind
    if left := deletion.left(kind, record.cutoff_at or record.at, record.at):
        found.append(f"database: {left}")
    if kind == "audio":
        with database.reading() as session:
            gone = session.scalars(select(Recording.recording_sid).where(Recording.state == RecordingState.DELETED))
            kept = set(audio_store.recordings()).intersection(gone)
        if here := max(len(kept), _waiting("audio")):
            found.append(f"audio store: {here}")
    where = {"audio": ("recording",), RetentionKind.NUMBER_AND_NAME: ("call", "message")}.get(kind, ())
    if where and (waiting := _waiting(*where)):
        found.append(f"carrier: {waiting}")
    if kind == RetentionKind.NUMBER_AND_NAME:
        try:
            if mentioned := redis_scan.values_of_callers(job_queue.impatient()):
                found.append(f"Redis: {mentioned}")
        except RedisError as error:
            found.append(f"Redis could not be asked ({type(error).__name__})")
    return found


def _waiting(*kinds: str) -> int:
    with database.reading() as session:
        undone = select(func.count()).select_from(PendingDeletion)
        undone = undone.where(PendingDeletion.kind.in_(kinds), PendingDeletion.done_at.is_(None))
        return session.scalar(undone) or 0


def destroy_audio() -> int:
    """Destroy keys and audio that are planned to go; how many recordings are gone from our store."""
    return _carry_out("audio", audio_store.delete, _CARRIER_SECONDS)


def forget_at_carrier(seconds: float = 20.0) -> int:
    """Let the carrier forget what is planned, for so long at the most; how much it has forgotten."""
    return sum(
        _carry_out(kind, functools.partial(record_deletion.delete_record, kind), seconds)
        for kind in ("call", "message", "recording")
    )


def _carry_out(kind: str, forget: Callable[[str], None], seconds: float) -> int:
    """What is refused, or cannot be asked for, is tried again the next time."""
    done, failures, last = 0, 0, ""
    until = time.monotonic() + seconds
    while failures < _ENOUGH and time.monotonic() < until:
        with database.reading() as session:
            query = select(PendingDeletion.sid).where(
                PendingDeletion.kind == kind, PendingDeletion.done_at.is_(None), PendingDeletion.sid > last
            )
            sid = session.scalar(query.order_by(PendingDeletion.sid).limit(1))
        if sid is None:
            break
        last = sid
        try:
            forget(sid)
        except record_deletion.NotDeleted as error:
            log.warning("a %s was not deleted (%s)", kind, error)
        except OSError as error:  # requests' errors are such as well
            failures += 1
            log.warning("a %s could not be deleted now (%s)", kind, type(error).__name__)
        else:
            _note_gone(kind, sid)
            done += 1
    return done


def _note_gone(kind: str, sid: str) -> None:
    now = utc_now()
    with database.writing() as session:
        gone = erased_ids.hidden(sid)
        planned = PendingDeletion.sid.in_((sid, *erased_ids.all_hidden(sid)))
        session.execute(delete(PendingDeletion).where(PendingDeletion.kind == kind, planned))
        session.add(PendingDeletion(kind=kind, sid=gone, planned_at=now, done_at=now))
        if kind == "recording":
            known = update(Recording).where(Recording.recording_sid == sid, Recording.carrier_deleted_at.is_(None))
            session.execute(known.values(carrier_deleted_at=now))


def scrub() -> bool:
    """Leave nothing of deleted rows in the database's pages: SQLite is written anew, PostgreSQL's tables are.

    Whether that was possible: somebody who reads for long (a backup) stands in the way.
    """
    engine = database.engine()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT", writing=True) as connection:
        if engine.dialect.name == "sqlite":
            raw = connection.connection.cursor()
            raw.execute("PRAGMA query_only=OFF")
            for _ in range(_TRIES):
                try:
                    raw.execute("VACUUM")
                    if raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                        return True
                except sqlite3.OperationalError:
                    log.warning("the database is busy and is written anew later")
                time.sleep(1.0)
            return False
        connection.execute(text(f"SET lock_timeout = '{_LOCK_SECONDS}s'"))
        done = [_rewritten(connection, table) for table in _REWRITTEN]
        connection.execute(text("SET lock_timeout = DEFAULT"))
    return all(done)


def _rewritten(connection: Connection, table: str) -> bool:
    for _ in range(_TRIES):
        try:
            connection.execute(text(f"VACUUM (FULL, ANALYZE) {table}"))
            return True
        except SQLAlchemyError as error:
            log.warning("%s is busy and is written anew later (%s)", table, type(error).__name__)
            time.sleep(1.0)
    return False


#: Tables that hold what is a caller's.
_REWRITTEN = (
    "calls", "callback_tasks", "contacts", "voicebox_messages", "recordings", "transcripts", "search_words",
    "task_events", "drafts", "postal_orders", "appointment_wishes", "text_messages", "line_entries", "conversations",
    "legs", "interpreter_requests", "legal_holds", "known_callers", "frequent_callers", "blocked_numbers",
    "pending_deletions",
)  # fmt: skip


def want_scrub(session: Session, now: datetime) -> None:
    """Something was erased by day: its pages are written anew as soon as the clock comes round."""
    _set(session, _SCRUB, now)


def nightly(now: datetime) -> bool:
    """Run if it is time and nobody has today; whether it ran."""
    zone = settings().hours.zone
    local = now.astimezone(zone)
    begins = local.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    if local < begins:
        begins -= timedelta(days=1)
    with database.reading() as session:
        last = session.get(Checkpoint, _CHECKPOINT)
    is_time = last is None or last.at < begins
    if is_time:
        count_days(now)  # where that fails the night is not over yet
        with database.writing_alone() as session:  # of several clocks one
            last = session.get(Checkpoint, _CHECKPOINT)
            is_time = last is None or last.at < begins
            if is_time:
                _set(session, _CHECKPOINT, now)
    if not is_time:
        finish_erasures()
        return False
    if last is None and local.hour != HOUR:
        return False  # a house that has just been set up, or has a new version by day, waits for the night
    run(now)
    return True


def finish_erasures() -> None:
    """After an erasure by day: the carrier forgets at once, pages are written anew when the hotline is closed."""
    with database.reading() as session:
        wanted = session.get(Checkpoint, _SCRUB)
    if wanted is None:
        return
    destroy_audio()
    forget_at_carrier()
    if opening_hours.is_open(settings().hours, utc_now()) or not scrub():
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
    """What was erased since the backup is erased again.

    What is due by its period goes in the next night: until then holds that were placed since the backup can be
    placed again.

    Raises:
        Unreadable: an entry could not be used; what the others name is erased.
    """
    unreadable: erasure.Unreadable | None = None
    counts = {"tasks": 0, "calls": 0, "recordings": 0, "traces": 0}
    with database.writing() as session:
        try:
            counts = erasure.replay(session, now)
        except erasure.Unreadable as error:
            unreadable = error
        if any(counts.values()):
            deletion.write_record(session, "replay", sum(counts.values()), FOLLOWS, now)
        want_scrub(session, now)
    destroy_audio()
    scrub()
    if unreadable is not None:
        raise unreadable
    return counts
