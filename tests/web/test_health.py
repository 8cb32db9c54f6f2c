"""A load balancer is told whether this host can serve callers, a person what is missing and what to do about it."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import text

from ivr.config import settings as configuration
from ivr.config.settings import Settings
from ivr.domain.timestamps import utc_now
from ivr.platform import database, heartbeat, job_queue, memory_report, spool, spool_files, spool_memory
from ivr.transcription import whisper_engine
from ivr.web import readiness
from ivr.web.app import create_app, create_call_app
from tests.support.transcription import set_up


@pytest.fixture
def ask(empty_database: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Asks `/readyz`: what the balancer sees, and what is missing by part."""
    monkeypatch.setattr(readiness, "_asked", (0.0, "", ""))
    monkeypatch.setattr(job_queue, "workers_alive", lambda _: dict.fromkeys(job_queue.names(), 1))
    monkeypatch.setattr(job_queue, "require_room", lambda _: None)
    with database.noting() as connection:
        heartbeat.beat(connection, utc_now())
    client = create_app().test_client()

    def asked() -> tuple[int, dict[str, dict[str, str]]]:
        monkeypatch.setattr(readiness, "_asked", (0.0, "", ""))
        answer = client.get("/readyz")
        return answer.status_code, {
            one["part"]: one for one in answer.json["missing"] + answer.json["notes"] if one["part"] != "models"
        }

    asked.client = client  # type: ignore[attr-defined]
    return asked


def away(*_: object, **__: object) -> None:
    raise database.Away("gone")


def test_nothing_is_missing(ask: Any) -> None:
    assert ask() == (200, {})
    assert ask.client.get("/readyz").json["complete"] is True


def test_whoever_wakes_a_person_has_a_question_of_their_own(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host without workers lives, and serves callers; it is not complete. A language without a model wakes nobody."""
    assert ask.client.get("/completez").status_code == 200
    monkeypatch.setattr(job_queue, "workers_alive", lambda _: dict.fromkeys(job_queue.names(), 0))
    asked = {path: ask.client.get(path) for path in ("/healthz", "/readyz", "/completez")}
    assert [answer.status_code for answer in asked.values()] == [200, 200, 503]
    assert asked["/completez"].json == asked["/readyz"].json
    assert "workers" in ask.client.get("/completez", headers={"Accept": "text/plain"}).text


def test_processes_that_answer_calls_alone_are_asked_the_same(ask: Any) -> None:
    answer = create_call_app().test_client().get("/readyz")
    assert (answer.status_code, answer.json["ready"]) == (200, True)


def test_a_person_reads_sentences(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "reading", away)
    told = ask.client.get("/readyz", headers={"Accept": "text/html,*/*;q=0.8"}).text
    assert told.splitlines()[0] == "This host serves callers."
    assert "database: does not answer. See that the database server runs" in told


def test_without_the_database_callers_are_served(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "reading", away)
    status, missing = ask()
    assert status == 200
    assert missing["database"]["what"] == "does not answer"


def test_an_older_schema(ask: Any) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0004'"))
    status, missing = ask()
    assert (status, missing["schema"]["remedy"]) == (200, "Run: python -m ivr migrate")


def test_no_redis(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_: object) -> None:
        raise job_queue.RedisError("gone")

    monkeypatch.setattr(job_queue, "workers_alive", silent)
    status, missing = ask()
    assert (status, missing["redis"]["what"]) == (200, "does not answer")


def test_no_worker(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_queue, "workers_alive", lambda _: {"calls": 1, "general": 0})
    status, missing = ask()
    assert (status, missing["workers"]["what"]) == (200, "none for general")


@pytest.fixture
def a_redis(valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """A server of its own, with workers that have just said that they live."""
    monkeypatch.setenv("REDIS_URL", valkey_url)
    configuration.settings.cache_clear()
    with Redis.from_url(valkey_url) as server:
        job_queue.report_alive(server, "host-1", dict.fromkeys(job_queue.names(), 1))
        yield server


def full(server: Redis) -> None:
    server.config_set("maxmemory", "1")


def replica(server: Redis) -> None:
    server.execute_command("REPLICAOF", "127.0.0.1", "1")


def another_password(server: Redis) -> None:
    server.config_set("requirepass", "x")
    job_queue.impatient().connection_pool.disconnect()


def few_rights(server: Redis) -> None:
    server.acl_setuser("default", reset_keys=True, keys=["somebody:*"])


@pytest.mark.parametrize(
    ("spoil", "what", "remedy"),
    [
        (None, None, ""),
        (full, "takes no jobs: its memory is full", "maxmemory"),
        (replica, "takes no jobs: it is a replica that can only be read", "primary"),
        (another_password, "refuses the log-in", "password of REDIS_URL"),
        (few_rights, "refuses the log-in", "what this user may do"),
    ],
)
def test_a_redis_that_answers_and_takes_nothing_is_told_as_what_it_is(
    spoil: Callable[[Redis], None] | None, what: str | None, remedy: str, a_redis: Redis, empty_database: Settings
) -> None:
    """It was said to be well, or not to answer, and process `worker` was to be started, which ran."""
    if spoil is not None:
        spoil(a_redis)
    redis, workers = readiness._redis_and_workers()
    assert (redis.state, workers.state) == ((what, "not known without Redis") if what else ("ok", "ok"))
    assert remedy in redis.remedy
    assert a_redis.keys() == [b"hotline:workers"] if what is None else True, "asking leaves nothing"


@pytest.mark.parametrize(("ago", "what"), [(31, "has given no sign for 31 s"), (None, "has never run")])
def test_a_dead_scheduler(ask: Any, ago: int | None, what: str) -> None:
    with database.writing() as session:
        session.execute(text("DELETE FROM checkpoints"))
        if ago is not None:
            heartbeat.beat(session.connection(), utc_now() - timedelta(seconds=ago))
    status, missing = ask()
    assert (status, missing["scheduler"]["what"]) == (200, what)
    assert "`clock`" in missing["scheduler"]["remedy"]


def test_a_missing_bucket(ask: Any, buckets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AUDIO_STORE": "s3://nobody-made-it/recordings",
        "AUDIO_S3_ENDPOINT": buckets,
    }.items():
        monkeypatch.setenv(key, value)
    configuration.settings.cache_clear()
    status, missing = ask()
    assert status == 200
    assert "NoSuchBucket" in missing["audio"]["what"] or "no bucket" in missing["audio"]["what"]
    assert "AUDIO_STORE" in missing["audio"]["remedy"]


def test_a_low_disk(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 10**8, 10**8)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    status, missing = ask()
    assert (status, missing["disk"]["what"]) == (200, "is low: 95 MB are free")


@pytest.mark.parametrize("full", ["audio", "spool", "log"])
def test_a_disk_of_its_own_that_is_low_is_told_though_the_others_have_room(
    ask: Any, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    """Recordings would stay at the carrier, and nobody would know why until the tries are used up."""
    place = configuration.settings().var_dir / full
    place.mkdir(parents=True, exist_ok=True)
    found, usage = Path.stat, namedtuple("usage", "total used free")

    def stat(path: Path, **how: Any) -> os.stat_result:
        known = found(path, **how)
        return os.stat_result((*known[:2], known.st_dev + 1, *known[3:])) if path == place else known

    monkeypatch.setattr(Path, "stat", stat)
    rooms = {place: usage(10**9, 10**9, 0)}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: rooms.get(path, usage(10**12, 0, 10**12)))
    _, missing = ask()
    assert (missing["disk"]["what"], missing["disk"]["remedy"]) == (
        "is low: 0 MB are free", f"Free some space on the disk of {place}.",
    )  # fmt: skip


def test_entries_that_wait(ask: Any) -> None:
    spool.keep("turn", {}, "CA1")
    status, missing = ask()
    assert status == 200
    assert missing["spool"]["what"].startswith("entries wait for the database, the oldest for ")
    assert ask.client.get("/readyz").json["complete"] is True, "for a moment that is nothing to be told of"


def test_entries_that_wait_for_long(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.keep("turn", {}, "CA1")
    monkeypatch.setattr(spool, "oldest", lambda _: 61.0)
    assert ask()[1]["spool"]["what"] == "entries wait for the database, the oldest for 61 s"
    assert ask.client.get("/readyz").json["complete"] is False


def test_entries_that_were_set_aside(ask: Any) -> None:
    spool_files.append("damaged", b"something\n")
    assert "python -m ivr spool-retry" in ask()[1]["damaged entries"]["remedy"]


def test_entries_in_the_memory_of_this_process_and_of_others(ask: Any) -> None:
    spool.keep_in_memory("turn", {}, "CA1")
    assert ask()[1]["memory"]["what"] == "1 entries are kept in memory alone"
    other = spool_files.path_of("memory") / str(os.getppid())
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_text("       4")
    status, missing = ask()
    assert (status, missing["memory"]["what"]) == (200, "5 entries are kept in memory alone")


def test_what_another_process_tells_is_read(ask: Any, tmp_path: Path) -> None:
    memory_report.begin()
    spool.keep_in_memory("turn", {}, "CA1")
    assert (spool_files.path_of("memory") / str(os.getpid())).read_text() == "       1"
    spool.save_memory()
    assert (spool_files.path_of("memory") / str(os.getpid())).read_text() == "       0"


def test_a_host_that_can_keep_nothing_any_more_serves_nobody(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_memory, "MOST", 1)
    assert ask()[0] == 200
    spool.keep_in_memory("turn", {}, "CA1")
    status, missing = ask()
    assert status == 503
    assert "before the processes are stopped" in missing["memory"]["remedy"]


def test_a_language_that_any_engine_serves_misses_no_model(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vosk need not have one of it."""
    assert ask.client.get("/readyz").json["models"] == "none for de, en"
    set_up(monkeypatch, TRANSCRIPTION_ENGINES='{"en": ["whisper"]}')
    monkeypatch.setattr(whisper_engine, "model_directory", lambda path=None: Path("model"))
    monkeypatch.setattr(readiness, "_asked", (0.0, "", ""))
    assert ask.client.get("/readyz").json["models"] == "none for de"


def test_languages_whose_messages_nobody_transcribes_are_a_note(ask: Any) -> None:
    answer = ask.client.get("/readyz").json
    assert answer["models"].startswith("none for ")
    assert (answer["complete"], answer["missing"]) == (True, [])
    assert [one["part"] for one in answer["notes"]] == ["models"]
