"""A process opens the database once. Writes of live calls wait for each other; others give up soon, for callers."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.people import a_task

#: Opens an SQLite file, reads from it and closes it again, as a command does beside the running hotline.
READ_AND_CLOSE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM calls").fetchone()
connection.close()
"""


@pytest.fixture
def of_a_process_that_answers_callers(empty_database, monkeypatch) -> Iterator[None]:
    """Wait a tenth of a second for a lock, and leave the database alone after an outage, as `web` does."""
    monkeypatch.setattr(database._patience, "seconds", 0.1)
    monkeypatch.setattr(database._patience, "pause", 1.0)
    database.close()
    yield
    database.close()


@contextmanager
def another_process_writes_for(seconds: float) -> Iterator[None]:
    """Hold what a write of live calls needs, on a connection of its own, and give it back while the block runs."""
    other = database.connect(database.engine().url.render_as_string(hide_password=False))
    connection = other.execution_options(writing=True).connect()
    on_postgresql = other.dialect.name == "postgresql"
    connection.execute(text(f"SELECT pg_advisory_xact_lock({database._ALONE})" if on_postgresql else "SELECT 1"))
    timer = threading.Timer(seconds, connection.close)
    timer.start()
    try:
        yield
    finally:
        timer.join()
        other.dispose()


def postpone(task_id: int) -> None:
    with database.writing_alone() as session:
        session.get_one(CallbackTask, task_id).due_at += timedelta(hours=1)


@pytest.mark.usefixtures("of_a_process_that_answers_callers")
def test_a_write_of_live_calls_waits_for_another_process() -> None:
    task_id, before = a_task(number="+4917612345678"), utc_now()
    with another_process_writes_for(0.6):
        if database.engine().dialect.name == "sqlite":
            with pytest.raises(SQLAlchemyError), database.writing() as session:
                session.execute(text("SELECT 1"))
        postpone(task_id)
    with database.reading() as session:
        assert session.get_one(CallbackTask, task_id).due_at > before


@pytest.mark.usefixtures("of_a_process_that_answers_callers")
def test_writes_of_live_calls_at_one_instant_all_succeed() -> None:
    """Eight callers at one instant: one after the other, although all together take longer than others wait."""
    task_id = a_task(number="+4917612345678")
    with database.reading() as session:
        before = session.get_one(CallbackTask, task_id).due_at
    failed: list[BaseException] = []

    def call() -> None:
        try:
            with database.writing_alone() as session:
                session.get_one(CallbackTask, task_id).due_at += timedelta(hours=1)
                threading.Event().wait(0.05)
        except Exception as error:
            failed.append(error)

    callers = [threading.Thread(target=call) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    with database.reading() as session:
        assert (failed, session.get_one(CallbackTask, task_id).due_at - before) == ([], timedelta(hours=8))


def test_all_threads_get_one_engine(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connections of a second one would be counted by nobody and closed by nobody."""
    database.close()
    connect, made, found = database.connect, [], []

    def slowly(url: str) -> Engine:
        time.sleep(0.05)
        made.append(connect(url))
        return made[-1]

    monkeypatch.setattr(database, "connect", slowly)
    asking = [threading.Thread(target=lambda: found.append(database.engine())) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(made) == 1
    assert [one is made[0] for one in found] == [True] * 4


@pytest.mark.sqlite
def test_another_process_that_closes_the_file_does_not_take_the_latest_changes(empty_database) -> None:
    """Who closes SQLite's file as the last removes its -wal file; that nobody else has it open is said by locks."""
    changes = empty_database.var_dir / "hotline.sqlite3-wal"
    task_id = a_task(number="+4917612345678")
    other = database.connect(database.engine().url.render_as_string(hide_password=False))
    subprocess.run([sys.executable, "-c", READ_AND_CLOSE, str(changes).removesuffix("-wal")], check=True)
    assert changes.exists()
    with other.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM callback_tasks WHERE id = :id"), {"id": task_id}) == 1
    other.dispose()


@pytest.mark.sqlite
@pytest.mark.parametrize("write", [database.writing, database.writing_alone, database.noting])
def test_connections_that_can_only_read_are_given_up_when_that_is_noticed(empty_database, write) -> None:
    """SQLite opens a file for reading alone where it may not write, and so it stays after the file's mode is mended."""
    database.close()
    engine, file = database.engine(), empty_database.var_dir / "hotline.sqlite3"

    def for_reading_alone(*_: object) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{file}?mode=ro", uri=True, check_same_thread=False)

    event.listen(engine, "do_connect", for_reading_alone)
    with database.reading() as one, database.reading() as other:  # two connections
        for session in (one, other):
            session.execute(text("SELECT 1"))
    event.remove(engine, "do_connect", for_reading_alone)
    with pytest.raises(SQLAlchemyError, match="readonly"), write() as session:
        session.execute(text("DELETE FROM checkpoints"))
    for _ in range(2):
        with write() as session:
            session.execute(text("DELETE FROM checkpoints"))
