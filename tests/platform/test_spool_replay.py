"""Many entries of many calls are written together, and each as if it were alone."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, func, select, text
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


def test_a_mistake_among_entries_that_are_written_together_hands_no_job_over_twice(handed_over: list[int]) -> None:
    for name in ("a", "aa", "mistake", "aaaa", "aaaaa"):
        spool.keep("note", name, "CA1")
    assert spool.replay({"note": note}) == 4
    assert names() == ["a", "aa", "aaaa", "aaaaa"]
    assert len(handed_over) == len(set(handed_over)) == 4
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SpoolEntry)) == 4, "the mistake may be tried again"


def test_a_line_that_cannot_be_read_does_not_hold_up_its_call(handed_over: list[int]) -> None:
    spool.keep("note", "a", "CA1")
    spool_files.append(spool_files.names("calls")[0], b"no entry\n")
    spool.keep("note", "b", "CA1")
    assert spool.replay({"note": note}) == 2
    assert names() == ["a", "b"]
    assert spool_files.lines("damaged") == [b"no entry\n"]
    assert not spool.waiting()


def test_entries_of_many_calls_share_a_savepoint_and_the_statement_that_marks_them(
    handed_over: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.platform.spool_replay._MOST_SECONDS", 60.0)

    def quiet(session: Session, name: str) -> None:
        session.add(Checkpoint(name=name, at=utc_now()))

    for number in range(60):
        spool.keep("note", f"{number:03d}", f"CA{number % 6}")
    said: list[str] = []
    event.listen(database.engine(), "before_cursor_execute", lambda *args: said.append(args[2].split()[0]))
    assert spool.replay({"note": quiet}) == 60
    assert said.count("SAVEPOINT") == 1
    assert said.count("INSERT") == 2


def test_a_mistake_in_one_call_undoes_nothing_of_the_others(handed_over: list[int]) -> None:
    """Many calls are written at once first; then each by itself, and what one call had marked is not lost to others."""
    for number in range(40):
        spool.keep("note", "mistake" if number == 17 else f"{number:03d}", f"CA{number % 8}")
    assert spool.replay({"note": note}) == 39
    assert names() == [f"{number:03d}" for number in range(40) if number != 17]
    assert len(spool_files.lines("damaged")) == 1
    assert not spool.waiting()
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SpoolEntry)) == 39
        assert set(handed_over) == set(session.scalars(select(Work.id)))


def test_a_process_that_is_killed_in_the_middle_of_a_call_repeats_nothing(
    handed_over: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has committed, and had no time to remove the entries from the disk."""
    for number in range(5):
        spool.keep("note", f"{number:03d}", "CA1")
    with monkeypatch.context() as killed:
        killed.setattr(spool_files, "remove", lambda *_: None)
        assert spool.replay({"note": note}) == 5
    spool.keep("note", "after", "CA1")
    assert spool.replay({"note": note}) == 1
    assert names() == [*(f"{number:03d}" for number in range(5)), "after"]
    assert not spool.waiting()


def test_a_call_with_many_slow_entries_is_several_transactions(handed_over: list[int]) -> None:
    """What there was no time for is not marked as written."""

    def slow(session: Session, name: str) -> None:
        time.sleep(0.06)
        note(session, name)

    for number in range(12):
        spool.keep("note", f"{number:03d}", "CA1")
    committed: list[int] = []
    event.listen(database.engine(), "commit", lambda _: committed.append(1))
    assert spool.replay({"note": slow}) == 12
    assert names() == [f"{number:03d}" for number in range(12)]
    assert len(committed) >= 2
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SpoolEntry)) == 12


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
    with database.writing() as session:
        session.add(Checkpoint(name="other", at=utc_now()))
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


@contextmanager
def refused(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """A file of root's, which a command has left, or one on a bad sector."""
    locked = spool_files._locked

    def refuse(wanted: str, *how: int) -> object:
        if wanted == name:
            raise PermissionError(13, "Permission denied")
        return locked(wanted, *how)

    with monkeypatch.context() as within:
        within.setattr(spool_files, "_locked", refuse)
        yield


def test_a_file_that_cannot_be_read_holds_up_no_other_call(
    handed_over: list[int], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for call, name in (("CA1", "first"), ("CA2", "second"), ("", "of no call")):
        spool.keep("note", name, call)
    with refused(monkeypatch, spool._file_of("CA1")):
        assert spool.replay({"note": note}) == 2
        assert spool.replay({"note": note}) == 0
        assert names() == ["of no call", "second"]
        assert "Permission denied" in spool.unreadable()
        assert spool.oldest(utc_now()) > 0
    assert caplog.text.count("cannot be read (Permission denied); its entries wait") == 1, "it is said once"
    assert (spool.unreadable(), spool.replay({"note": note})) == ("", 1)
    assert names() == ["first", "of no call", "second"]


def test_what_came_later_in_a_call_waits_for_a_file_that_cannot_be_read(
    handed_over: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.keep("note", "first", "CA1")
    spool.keep_in_memory("note", "second", "CA1")
    with refused(monkeypatch, spool._file_of("CA1")):
        assert not spool.replay_group("CA1", {"note": note})
        assert names() == []
    assert spool.replay_group("CA1", {"note": note})
    assert names() == ["first", "second"]


@pytest.mark.parametrize("stray", ["directory", "dangling link", "fifo"])
def test_what_is_no_file_of_entries_is_left_alone(handed_over: list[int], stray: str) -> None:
    spool.keep("note", "a", "CA1")
    path = spool_files.path_of("calls/0-stray")
    if stray == "directory":
        (path / "within").mkdir(parents=True)
    elif stray == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(path.with_name("nowhere"))
    assert spool.replay({"note": note}) == 1
    assert names() == ["a"]
    assert not spool.waiting()


def test_a_place_for_bad_entries_that_cannot_be_written_keeps_no_good_one(handed_over: list[int]) -> None:
    spool.keep("note", "mistake", "CA1")
    spool.keep("note", "good", "CA2")
    spool_files.path_of("damaged").mkdir()
    with pytest.raises(OSError):
        spool.replay({"note": note})
    assert names() == ["good"]
    assert not spool.waiting("CA2")
    assert spool.waiting("CA1"), "it waits for a place"


def test_a_lock_file_of_another_user_holds_up_nothing(handed_over: list[int]) -> None:
    """Root has run a command: what it has left in the spool's directory cannot be opened by the hotline's user."""
    spool.keep("note", "a", "CA1")
    spool_files.path_of("replay.lock").mkdir()  # not even root can open it for writing
    assert spool.replay({"note": note}) == 1
    assert names() == ["a"]
    assert not spool.waiting()


def test_of_two_processes_one_replays(handed_over: list[int]) -> None:
    spool.keep("note", "a", "CA1")
    with spool_files.only_one() as first, spool_files.only_one() as second:
        assert (first, second) == (True, False)
        assert spool.replay({"note": note}) == 0
    assert spool.replay({"note": note}) == 1


def test_an_entry_of_a_newer_version_waits_for_it(handed_over: list[int], caplog: pytest.LogCaptureFixture) -> None:
    """The version before is started again: what the newer one had kept is written when that is back."""
    for number, kind in enumerate(("of a later version", "note", "of a later version")):
        spool.keep(kind, str(number), "CA1")
    assert spool.replay({"note": note}) == 1
    assert "of a kind unknown to this version: 'of a later version'" in caplog.text
    assert not spool.waiting()
    assert spool.retry_damaged() == 2
    assert spool.replay({"note": note, "of a later version": note}) == 2
    assert names() == ["0", "1", "2"]


def test_many_bad_entries_are_put_aside_at_once(handed_over: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one, each would read all before it and wait for the disk: minutes for ten thousand."""
    for number in range(200):
        spool.keep("of a later version", number, "CA1")
    looked, lines = [], spool_files.lines
    monkeypatch.setattr(spool_files, "lines", lambda name: looked.append(name) or lines(name))
    assert spool.replay({"note": note}) == 0
    assert looked.count("damaged") <= 2
    assert len(lines("damaged")) == 200
