"""Many entries of many calls are written together, and each as if it were alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from ivr.config.settings import Settings
from ivr.domain.enums import WorkKind
from ivr.domain.timestamps import utc_now
from ivr.platform import database, outbox, spool, spool_files
from ivr.platform.work_models import Checkpoint, SpoolEntry, Work


def note(session: Session, name: str) -> None:
    """A handler: writes a row, and a job."""
    session.add(Checkpoint(name=name, at=utc_now()))
    session.flush()
    outbox.add(session, WorkKind.DELETE_AT_CARRIER, len(name))
    if name.startswith("mistake"):
        raise RuntimeError("a mistake of ours")
    if name.startswith("too long"):
        session.execute(text("INSERT INTO checkpoints (name, at) VALUES (NULL, NULL)"))


def names() -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Checkpoint.name).order_by(Checkpoint.name)))


@pytest.fixture
def handed_over(empty_database: Settings, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setattr(outbox, "hand_over", lambda jobs: found.extend(job.work_id for job in jobs))
    return found


def test_an_entry_that_cannot_be_written_is_set_aside_and_undoes_nothing_else(handed_over: list[int]) -> None:
    for call, name in (("CA1", "a"), ("CA1", "mistake"), ("CA1", "aa"), ("CA2", "too long"), ("CA2", "b" * 4)):
        spool.keep("note", name, call)
    assert spool.replay({"note": note}) == 3
    assert names() == ["a", "aa", "bbbb"], "what follows in the same call is written too"
    assert len(spool_files.lines("damaged")) == 2
    assert not spool.waiting()
    with database.reading() as session:
        rows = set(session.scalars(select(Work.id)))
    assert set(handed_over) == rows, "no job of what was undone"


def test_many_entries_are_few_transactions(handed_over: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.platform.spool_replay._MOST_SECONDS", 60.0)
    for number in range(250):
        spool.keep("note", f"{number:03d}", f"CA{number % 40}")
    transactions, alone = 0, database.writing_alone

    @contextmanager
    def counted(**how: bool) -> Iterator[Session]:
        nonlocal transactions
        transactions += 1
        with alone(**how) as session:
            yield session

    monkeypatch.setattr(database, "writing_alone", counted)
    assert spool.replay({"note": note}) == 250
    assert transactions <= 4
    assert len(names()) == 250


def test_a_long_transaction_makes_room_for_others(handed_over: list[int]) -> None:
    """Others write between two transactions of a replay."""

    def slow(session: Session, name: str) -> None:
        time.sleep(0.1)
        note(session, name)

    for number in range(12):
        spool.keep("note", f"{number:03d}", f"CA{number}")
    replaying = threading.Thread(target=spool.replay, args=({"note": slow},))
    replaying.start()
    time.sleep(0.05)
    began = time.monotonic()
    with database.writing() as session:
        session.add(Checkpoint(name="other", at=utc_now()))
    assert time.monotonic() - began < 1.0
    assert replaying.is_alive()
    replaying.join()
    assert len(names()) == 13


def test_two_who_replay_one_call_at_once_write_it_once(handed_over: list[int]) -> None:
    for number in range(20):
        spool.keep("note", f"{number:03d}", "CA1")
    both = [threading.Thread(target=spool.replay_group, args=("CA1", {"note": note})) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert names() == [f"{number:03d}" for number in range(20)]
    assert not spool.waiting()
    assert spool.damaged() == 0
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SpoolEntry)) == 20


def test_what_is_appended_while_a_call_is_replayed_stays(handed_over: list[int]) -> None:
    def meanwhile(session: Session, name: str) -> None:
        if name == "first":
            spool.keep("note", "second", "CA1")
        note(session, name)

    spool.keep("note", "first", "CA1")
    spool.replay({"note": meanwhile})
    assert names() == ["first"]
    assert spool.waiting("CA1")
    spool.replay({"note": meanwhile})
    assert names() == ["first", "second"]
    assert not spool.waiting()


def test_a_schema_that_is_behind_puts_nothing_aside(handed_over: list[int]) -> None:
    """The entry is all right; the database will be."""

    def newer(session: Session, name: str) -> None:
        session.execute(text("INSERT INTO not_there_yet (name) VALUES ('x')"))

    spool.keep("note", "a", "CA1")
    with pytest.raises(Exception, match="not_there_yet"):
        spool.replay({"note": newer})
    assert spool.damaged() == 0
    assert spool.replay({"note": note}) == 1
