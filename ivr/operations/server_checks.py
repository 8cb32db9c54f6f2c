"""Looks at what the hotline stands on: database, Redis, audio store, keys, backups, people who may log in."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from redis.exceptions import RedisError
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ivr.accounts import demo_logins, mfa
from ivr.audit import anchors
from ivr.calls import synthetic_calls
from ivr.config.settings import settings
from ivr.domain.enums import RecordingState
from ivr.domain.parts import Part
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.voicebox import Recording
from ivr.operations import backup, key_escrow, wide_ids
from ivr.platform import blob_storage, connection_pools, database, job_queue
from ivr.platform.crypto import CannotOpen
from ivr.reporting import promise_list_files
from ivr.voicebox import audio_store

#: Seconds by which clocks of servers may differ from this host's.
_CLOCKS_DIFFER = 2.0
#: How many of the newest sealed values are opened.
_OPENED = 3
#: Hours after which another list of promises should be there.
_LIST_HOURS = 2
#: So many synthetic calls in a row may fail before it is said.
_CALLS_MISSED = 2
#: The share of a database server's connections that may be in use.
_CONNECTIONS = 0.8
#: The share of the numbers of 32 bits that may be used.
_NUMBERS = 0.25


def redis() -> Iterator[Part]:
    """Whether Redis keeps jobs over a restart, and refuses to throw some away when its memory is full."""
    connection = job_queue.impatient()
    kept, memory = connection.info("persistence"), connection.info("memory")
    if not kept.get("aof_enabled"):
        remedy = "Set `appendonly yes` there. Jobs come back from the database all the same, a lease later."
        yield Part("redis persistence", "loses its jobs with a restart", remedy, is_a_note=True)
    elif kept.get("aof_last_write_status", "ok") != "ok":
        yield Part("redis persistence", "cannot write its file", "See its log, and the room on its disk.")
    if memory.get("maxmemory") and memory.get("maxmemory_policy", "noeviction") != "noeviction":
        remedy = "Set `maxmemory-policy noeviction` there, or take another Redis than that of a cache."
        yield Part("redis persistence", f"throws keys away when full ({memory['maxmemory_policy']})", remedy)


def clocks() -> Iterator[Part]:
    """Whether the clocks of the servers agree with this host's."""
    with database.glancing() as connection:
        if connection.dialect.name == "postgresql":
            yield from _clock("the database server", connection.scalar(text("SELECT clock_timestamp()")))
    try:
        seconds, microseconds = job_queue.impatient().time()
    except RedisError:  # it is a line of its own that it does not answer
        return
    yield from _clock("Redis", datetime.fromtimestamp(seconds + microseconds / 1e6, UTC))


def _clock(whose: str, at: datetime | None) -> Iterator[Part]:
    differs = 0.0 if at is None else (at - datetime.now(UTC)).total_seconds()
    if abs(differs) > _CLOCKS_DIFFER:
        remedy = "Let NTP run on both (timedatectl)."
        yield Part("clocks", f"that of {whose} is {differs:+.0f} s from this host's", remedy)


def connections() -> Iterator[Part]:
    """How many connections this host opens, and whether the database server has some left."""
    with database.glancing() as connection:
        if connection.dialect.name != "postgresql":
            return
        used = connection.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
        most = connection.scalar(text("SELECT current_setting('max_connections')::int"))
        pooled = connection_pools.is_pooled(connection)
    own = connection_pools.share_of(settings().database_connections)
    if pooled and not settings().database_pooler:
        what = "something between this host and the database server gives each transaction another connection"
        yield Part("connections", what, "Set DATABASE_POOLER=true (docs/operators.md).")
    elif used and most and used > most * _CONNECTIONS:
        remedy = "Raise max_connections there, or put PgBouncer before it (docs/operators.md)."
        yield Part("connections", f"{used} of the database server's {most} are in use", remedy)
    else:
        each = f"each process voice {own.voice + 1}, web {own.web + 1}"
        of = "through a pooler" if pooled else f"of the database server's {most}"
        yield Part("connections", f"this host opens {own.in_all} at most ({each}), {of}", is_a_note=True)


def ids() -> Iterator[Part]:
    """Whether rows are numbered with 64 bits."""
    with database.glancing() as connection:
        tables = wide_ids.narrow(connection)
        used = wide_ids.used(connection) if tables else 0.0
    if tables:
        state = f"{len(tables)} tables number their rows with 32 bits, of which {used:.0%} are used"
        remedy = "Run: python -m ivr widen-ids (docs/operators.md); calls go on."
        yield Part("ids", state, remedy, is_a_note=used < _NUMBERS)


def store() -> Iterator[Part]:
    """Whether the audio store takes, gives and deletes a blob."""
    place, name, content = blob_storage.store(), f"doctor/{secrets.token_hex(8)}", secrets.token_bytes(64)
    try:
        place.put(name, content)
        found = place.get(name)
        place.delete(name)
        left = list(place.names(name))
    except (OSError, blob_storage.Missing) as error:
        reason = getattr(error, "strerror", None) or str(error)
        yield Part(
            "audio store", f"cannot be used: {reason}", "See AUDIO_STORE, its credentials and their permissions."
        )
        return
    if found != content or left:
        what = "gives back something else than was stored" if found != content else "does not delete"
        yield Part("audio store", what, "See the bucket's rules: no versions, no lock on objects, no cache before it.")


def store_that_is_there() -> Iterator[Part]:
    """The same; where nothing was ever kept here, nothing is made to look."""
    if settings().audio_store or settings().var_dir.is_dir():
        yield from store()
    else:
        yield Part("audio store", "not known without VAR_DIR", is_a_note=True)


def _stored_last(session: Session) -> Sequence[str]:
    """The carrier's ids of the recordings that were stored last."""
    stored = (Recording.state == RecordingState.STORED, Recording.recording_sid.is_not(None))
    newest = select(Recording.recording_sid).where(*stored).order_by(Recording.id.desc()).limit(_OPENED)
    return [sid for sid in session.scalars(newest) if sid is not None]


def recordings() -> Iterator[Part]:
    """Whether the recordings that were stored last are in the audio store."""
    with database.reading() as session:
        gone = [sid for sid in _stored_last(session) if _is_gone(sid)]
    if gone:
        remedy = (
            "See that AUDIO_STORE, or the disk under VAR_DIR, is the one of before. Where it is lost: "
            "python -m ivr restore --replace BACKUP"
        )
        yield Part("recordings", f"the audio of {', '.join(gone)} is not there", remedy)


def keys() -> Iterator[Part]:
    """Whether the keys of the settings open what was sealed last, and have signed the access log."""
    with database.reading() as session:
        sids = _stored_last(session)
        people = session.scalars(select(User).where(User.totp_secret.is_not(None)).order_by(User.id.desc())).all()
    closed = [problem for sid in sids if (problem := _closed(sid))]
    for person in people[:_OPENED]:
        try:
            mfa.secret_of(person)
        except CannotOpen as error:
            closed.append(str(error))
    if closed:
        remedy = "Put the former key back into AUDIO_MASTER_KEYS (behind the present one)."
        yield Part("keys", "; ".join(closed), remedy)
    if faults := anchors.disagreeing_lately():
        remedy = "See `python -m ivr audit verify`. A former SECRET_KEY belongs into SECRET_KEY_PREVIOUS."
        yield Part("keys", "; ".join(faults), remedy)


def _is_gone(recording_sid: str) -> bool:
    try:
        audio_store.about(recording_sid)
    except audio_store.Missing:
        return True
    except audio_store.Unreadable:
        pass
    return False


def _closed(recording_sid: str) -> str:
    try:
        audio_store.about(recording_sid)
    except audio_store.Missing:
        pass  # a line of its own
    except audio_store.Unreadable as error:
        return f"recording {recording_sid}: {error}"
    return ""


def backups() -> Iterator[Part]:
    """Whether the last backup is recent enough."""
    hours = settings().backup_hours
    if not hours:
        return
    remedy = "Run `python -m ivr backup` by a timer. BACKUP_HOURS=0 says that you make backups by other means."
    with database.reading() as session:
        last = backup.last_made(session)
    if last is None:
        yield Part("backups", "none was ever made", remedy, is_a_note=settings().local)
    elif (age := (utc_now() - last).total_seconds() / 3600) > hours:
        yield Part("backups", f"the last one was made {age:.0f} hours ago", remedy, is_a_note=settings().local)


def promise_lists() -> Iterator[Part]:
    """Whether this host has a list of open promises for the day when everything is down."""
    name, local = "promise list", settings().local
    if not settings().promise_list_dir:
        remedy = "Set PROMISE_LIST_DIR and PROMISE_LIST_PASSWORD: see docs/operators.md, when everything is down."
        yield Part(name, "nobody could call back if everything were down: none is written", remedy, is_a_note=True)
        return
    there = promise_list_files.made()
    age = (utc_now() - there[-1][0]).total_seconds() / 3600 if there else None
    if age is None or age > _LIST_HOURS:
        state = "none was written on this host" if age is None else f"the newest is {age:.0f} hours old"
        remedy = "Process clock writes it: see its log, and the room and the owner of PROMISE_LIST_DIR."
        yield Part(name, state, remedy, is_a_note=local)


def escrow() -> Iterator[Part]:
    """Whether the keys of the settings can be had again if this installation's hosts are lost."""
    keys_here = key_escrow.keys_of(settings())
    if "AUDIO_MASTER_KEYS" not in keys_here:
        return  # local mode makes its own
    with database.reading() as session:
        known = key_escrow.is_noted(session, keys_here)
    if not known:
        remedy = "Run: python -m ivr keys escrow FILE --for NAME --for NAME (docs/keys.md)"
        yield Part("key escrow", "the present keys are in nobody's hands but this host's", remedy, is_a_note=True)


def synthetic() -> Iterator[Part]:
    """Whether the hotline has reached itself lately, where it calls itself."""
    name, minutes = "synthetic call", settings().synthetic_call_minutes
    if not minutes:
        remedy = "Set SYNTHETIC_CALL_MINUTES and SYNTHETIC_CALL_FROM: see docs/operators.md."
        yield Part(name, "nobody notices by himself when callers do not get through: none is made", remedy,
                   is_a_note=True)  # fmt: skip
        return
    with database.reading() as session:
        last, step = synthetic_calls.last_success(session), synthetic_calls.last_step(session)
    if last is None or (utc_now() - last).total_seconds() > _CALLS_MISSED * 60 * minutes:
        state = "none has ever had a receipt code" if last is None else f"the last good one was at {last:%H:%M} UTC"
        reached = f"the latest came as far as step {step!r}" if step else "the latest did not come in"
        yield Part(name, f"{state}; {reached}", "Ring the hotline yourself. See the carrier, its webhooks, the clock.")


def people() -> Iterator[Part]:
    """Whether somebody can administer the hotline, and nobody can log in as for trying."""
    administers = (User.role == "administrator", User.active, User.demo.is_(settings().local))
    with database.reading() as session:
        there = session.scalar(select(User.id).where(*administers).limit(1))
        trying = [user.username for user in demo_logins.users(session)]
    if there is None and not settings().local:
        remedy = 'Run: python -m ivr users add NAME --name "…" --role administrator'
        yield Part("people", "there is no administrator", remedy)
    if trying and not settings().local:
        yield Part("people", f"log-ins for trying: {', '.join(trying)}", "Run: python -m ivr demo remove")


#: What is looked at, with the name of its part. All but the audio store need the database or Redis.
CHECKS: tuple[tuple[str, Callable[[], Iterator[Part]]], ...] = (
    ("redis persistence", redis), ("clocks", clocks), ("connections", connections), ("ids", ids),
    ("audio store", store_that_is_there), ("recordings", recordings),
    ("keys", keys), ("key escrow", escrow), ("backups", backups), ("promise list", promise_lists),
    ("synthetic call", synthetic), ("people", people),
)  # fmt: skip
