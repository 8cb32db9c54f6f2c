"""Looks at everything the hotline needs: each part is fine, or what is missing is said with its remedy.

Whether this host can answer callers is another question: it can without the database, Redis and workers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import suppress

import requests
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ivr.config.settings import settings
from ivr.domain.enums import DatabaseFault
from ivr.domain.parts import OK, Part
from ivr.domain.timestamps import utc_now
from ivr.platform import (
    blob_storage,
    clock_watch,
    database,
    database_damage,
    disks,
    heartbeat,
    job_queue,
    memory_report,
    redis_faults,
    schema,
    spool,
    spool_memory,
)
from ivr.platform.database_faults import Damaged, fault_of
from ivr.prompts.script import offered_languages
from ivr.voicebox import audio_store

#: Megabytes below which the disk counts as low.
_LOW_MB = 500
#: Seconds for which the file of the database is examined.
_EXAMINE_SECONDS = 0.5
#: Seconds that the audio store may take, and for which its answer is believed.
_STORE_SECONDS = 2.0
_STORE_CACHE = 15.0
#: Seconds that the exchange of this host may take.
_EXCHANGE_SECONDS = 1.0
#: Seconds for which an entry may wait in the spool before a person should know.
_WAITS_LONG = 5.0


def parts() -> Sequence[Part]:
    """All parts, in the order in which a person would look at them."""
    database_part = _database()
    answers = database_part.state == OK
    return [
        database_part,
        _schema() if answers else Part("schema", "not known without the database"),
        *_redis_and_workers(),
        _scheduler() if answers else Part("scheduler", "not known without the database"),
        _audio_store(),
        _disk(),
        _clock() if answers else Part("clock", "not known without the database"),
        _spool(),
        _damaged_entries(),
        _memory(),
        _models(),
        *_exchange(),
    ]


def serves_callers() -> bool:
    """Whether this host can answer callers and keep what they ask for.

    It can while the database is away (the spool), and while the disk is full as well (the memory), until that is full.
    """
    return spool_memory.count() < spool_memory.MOST


def _database() -> Part:
    try:
        database_damage.look(_EXAMINE_SECONDS)
        with database.reading() as session:
            session.execute(text("SELECT 1 FROM calls LIMIT 1"))
    except Damaged as error:
        what, _, remedy = str(error).partition("). ")
        return Part("database", f"{what})", remedy)
    except SQLAlchemyError as error:
        return _not_made() or _not_writable() or Part("database", *_DATABASE[fault_of(error)])
    return _not_writable() or Part("database")


def _not_made() -> Part | None:
    path = database_damage.file()
    if path is None or path.exists():
        return None
    remedy = (
        "Of a new installation: python -m ivr migrate. Where there was one: see that its disk is mounted, or bring it "
        "back: python -m ivr restore BACKUP"
    )
    return Part("database", f"there is no file {path}", remedy)


def _not_writable() -> Part | None:
    """SQLite's file can be read and not written: another user's, or a disk that was mounted read-only after errors."""
    path = database_damage.not_writable()
    if path is None:
        return None
    remedy = (
        "Give it to the hotline's user (chown), or see why its disk is read-only. Callers are served; what they ask "
        "for waits in the spool."
    )
    return Part("database", f"cannot be written: {path}", remedy)


_DATABASE = {
    DatabaseFault.AWAY: (
        "does not answer",
        "See that the database server runs and that DATABASE_URL is right. Callers are served; what they ask for "
        "waits in the spool.",
    ),
    DatabaseFault.BUSY: ("is busy", "Somebody holds a lock for long. Look for a long transaction."),
    DatabaseFault.FULL: ("has no room on its disk", "Free some space on the disk of the database."),
    DatabaseFault.DAMAGED: (
        "is damaged",
        "Stop all processes and bring it back: python -m ivr restore --replace BACKUP. Callers are served; what they "
        "ask for waits in the spool.",
    ),
    DatabaseFault.BEHIND: ("has not the tables of this version", "Run: python -m ivr migrate"),
    DatabaseFault.INPUT: ("refuses what is read from it", "See the log."),
}


def _schema() -> Part:
    try:
        version = schema.behind()
    except SQLAlchemyError:
        return Part("schema", "not known without the database")
    if version is None:
        return Part("schema")
    return Part("schema", f"is older than this version ({version})", "Run: python -m ivr migrate")


def _redis_and_workers() -> Sequence[Part]:
    try:
        alive = job_queue.workers_alive(job_queue.impatient())
        job_queue.require_room(job_queue.impatient())
    except (RedisError, ValueError) as error:
        what, remedy = redis_faults.explain(error if isinstance(error, RedisError) else RedisError())
        remedy = f"{remedy} Jobs wait in the database meanwhile."
        return [Part("redis", what, remedy), Part("workers", "not known without Redis")]
    missing = [name for name, count in alive.items() if not count]
    if not missing:
        return [Part("redis"), Part("workers")]
    remedy = "Start the process `worker`. Recordings stay at the carrier until they are fetched."
    return [Part("redis"), Part("workers", f"none for {', '.join(missing)}", remedy)]


def _scheduler() -> Part:
    remedy = "Start the process `clock`. Missed promises are not noticed without it."
    try:
        with database.glancing() as connection:
            silent = heartbeat.silent_for(connection, utc_now())
    except SQLAlchemyError:
        return Part("scheduler", "not known without the database")
    if silent is None:
        return Part("scheduler", "has never run", remedy)
    if silent > heartbeat.SILENCE:
        return Part("scheduler", f"has given no sign for {silent:.0f} s", remedy)
    return Part("scheduler")


_asking = ThreadPoolExecutor(1, thread_name_prefix="audio store")
_asked: tuple[float, str, str] = (0.0, "", "")


def _audio_store() -> Part:
    with suppress(SQLAlchemyError), database.reading() as session:
        if (gone := audio_store.gone(session)) is not None:
            remedy = (
                "See that its disk is mounted (VAR_DIR). New recordings stay at the carrier. Where it is lost: "
                f"python -m ivr restore --replace BACKUP, or begin anew: mkdir -p {gone}"
            )
            return Part("audio", f"there is no directory {gone}, in which recordings were kept", remedy)
    return _place_of_audio()


def _place_of_audio() -> Part:
    global _asked
    place = settings().audio_store or str(settings().audio_dir)
    at, of, state = _asked
    if of != place or time.monotonic() - at > _STORE_CACHE:
        state = _within(_STORE_SECONDS, blob_storage.store)
        _asked = time.monotonic(), place, state
    remedy = "See AUDIO_STORE and its credentials. Recordings stay at the carrier until they can be stored."
    return Part("audio", state, "" if state == OK else remedy)


def _within(seconds: float, store: Callable[[], blob_storage.Objects]) -> str:
    try:
        _asking.submit(lambda: store().check()).result(seconds)
    except TookTooLong:
        return "does not answer"
    except OSError as error:
        return f"cannot be used: {error.strerror or error}"
    return OK


def _disk() -> Part:
    place = settings().var_dir
    if not place.is_dir():
        remedy = "The first start makes it. Where there was one: see that its disk is mounted, and VAR_DIR."
        return Part("disk", f"there is no directory {place}", remedy)
    try:
        room, place = disks.least_room()
    except OSError as error:
        return Part("disk", f"cannot be used: {error.strerror}", "See VAR_DIR.")
    free = room // 1024 // 1024
    if free < _LOW_MB:
        return Part("disk", f"is low: {free} MB are free", f"Free some space on the disk of {place}.")
    return Part("disk")


def _clock() -> Part:
    now = utc_now()
    try:
        with database.reading() as session:
            found, names = clock_watch.compare(session, now), clock_watch.in_future(session, now)
    except SQLAlchemyError:
        return Part("clock", "not known without the database")
    if not found.is_right:
        remedy = "Put it right, or, if it is right, run: python -m ivr retention confirm-clock. Nothing is deleted now."
        return Part("clock", f"is {found.state} of the last instant that was seen, {found.last}", remedy)
    if names:
        remedy = "A clock was wrong. Run: python -m ivr retention confirm-clock"
        return Part("clock", f"checkpoints lie in the future: {', '.join(names)}", remedy)
    return Part("clock")


def _spool() -> Part:
    if not spool.waiting():
        return Part("spool")
    try:
        problem, waits = spool.unreadable(), spool.oldest(utc_now())
    except OSError as error:
        return Part("spool", f"cannot be read: {error.strerror}", "See VAR_DIR.")
    if problem:
        remedy = "Give it to the hotline's user (chown), or mend the disk. All other entries are written meanwhile."
        return Part("spool", f"a file cannot be read: {problem}", remedy)
    state = f"entries wait for the database, the oldest for {waits:.0f} s"
    return Part("spool", state, "They are written as soon as the database takes them.", waits < _WAITS_LONG)


def _damaged_entries() -> Part:
    if not spool.damaged():
        return Part("damaged entries")
    remedy = "See the log, mend the cause, then run: python -m ivr spool-retry"
    return Part("damaged entries", "entries that cannot be replayed are in var/spool/damaged", remedy)


def _memory() -> Part:
    count = memory_report.of_all(spool.in_memory())
    if not count:
        return Part("memory")
    remedy = "Free some space, or bring the database back, before the processes are stopped: they are lost otherwise."
    return Part("memory", f"{count} entries are kept in memory alone", remedy)


def _exchange() -> Sequence[Part]:
    """Without a carrier: the process through which every call comes in and goes out."""
    if settings().has_carrier:
        return []
    try:
        requests.get(f"{settings().exchange_url}/healthz", timeout=_EXCHANGE_SECONDS).raise_for_status()
    except requests.RequestException as error:
        remedy = "Start the process `exchange`, and see its log. No call comes in and none goes out without it."
        return [Part("exchange", f"does not answer ({type(error).__name__})", remedy)]
    return [Part("exchange")]


def _models() -> Part:
    from ivr.transcription import engines  # the recogniser's library takes a while to import

    missing = sorted(language for language in offered_languages() if not engines.at_hand(language))
    if not missing:
        return Part("models")
    if not (place := settings().model_dir).is_dir() and settings().vosk_model_dir is not None:
        remedy = "See VOSK_MODEL_DIR, and that its disk is mounted. Messages wait until then and can be heard."
        return Part("models", f"there is no directory {place}", remedy, is_a_note=True)
    remedy = "Run: python -m ivr models fetch LANGUAGE. Their messages wait until then and can be heard."
    return Part("models", f"none for {', '.join(missing)}", remedy, is_a_note=True)
