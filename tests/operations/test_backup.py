"""Backup and restore: what was there is there again, in either database, and nothing that is damaged is restored."""

from __future__ import annotations

import fcntl
import io
import secrets
import shutil
import tarfile
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, Table, delete, select, text

from ivr.callbacks import claims, events
from ivr.cli import hotline as command_line
from ivr.config import settings
from ivr.domain import master_keys
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask, TaskEvent
from ivr.models.voicebox import Recording
from ivr.operations import backup, table_dump
from ivr.operations.migrate import migrate
from ivr.platform import blob_storage, database
from ivr.platform.orm import Base
from ivr.voicebox import audio_store
from ivr.workers import carrier_reconciliation
from tests.support.environment import environment_kept, forget_settings, use_environment
from tests.support.people import a_task, hire, the_task
from tests.support.postgres import Postgres
from tests.support.running_hotline import RunningHotline
from tests.support.speech import human_speech
from tests.support.voicebox_calls import leave_message
from tests.support.waiting import eventually

KEYS = master_keys.new("2026")
SECRET, OTHER_SECRET = secrets.token_hex(32), secrets.token_hex(32)


def everything() -> dict[str, list[tuple]]:
    """All rows of all tables, but those that tell that a backup was restored."""
    told = ("access_log", "access_head", "checkpoints")
    with database.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
            if table.name not in told
        }


@pytest.fixture
def move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated_database: Path) -> Callable[..., None]:
    """Go on in another, empty hotline (with the same keys)."""

    def to(name: str, url: str = "") -> None:
        from ivr.operations.migrate import migrate

        monkeypatch.setenv("VAR_DIR", str(tmp_path / name))
        monkeypatch.setenv("DATABASE_URL", url)
        forget_settings()
        if not url and migrated_database.exists():
            settings.settings().var_dir.mkdir(parents=True, exist_ok=True)
            shutil.copy(migrated_database, settings.settings().var_dir / "hotline.sqlite3")
        else:
            migrate()

    return to


@pytest.fixture
def lived_in(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hotline with people, tasks, notes and recordings, of which the last was deleted again."""
    monkeypatch.setenv("AUDIO_MASTER_KEYS", KEYS)
    settings.settings.cache_clear()
    mia = hire()["mia"]
    for language, words in (("de", "der Strom wird abgestellt"), ("tr", "elektrik kesildi"), ("fa", "برق ما قطع شد")):
        task = a_task(language=language, text=words)
        with database.writing() as session:
            found = session.get_one(CallbackTask, task)
            claims.claim(session, found, mia, utc_now())
            events.note(session, found, mia, "🏠 „Zu Hause“ <b>", utc_now())
    last = a_task()
    with database.writing() as session:
        session.execute(delete(TaskEvent).where(TaskEvent.task_id == last))
        session.execute(text("DELETE FROM contacts WHERE task_id = :id"), {"id": last})
        session.execute(delete(CallbackTask).where(CallbackTask.id == last))


def run(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(command_line, list(arguments))
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer.exit_code, answer.output


def test_a_hotline_is_restored_row_by_row_and_every_recording_can_be_heard(lived_in, tmp_path: Path, move) -> None:
    file, before = tmp_path / "night.tar", everything()
    assert run("backup", str(file)) == (0, f"{file}: 4 calls, 3 tasks, 3 recordings\n")
    assert file.stat().st_mode & 0o077 == 0
    sids = list(audio_store.recordings())
    move("another machine")
    code, said = run("restore", str(file))
    assert code == 0, said
    assert "reconcile --since" in said
    assert everything() == before
    for sid in sids:
        assert audio_store.load(sid)
        assert audio_store.about(sid)["call_sid"]


@pytest.mark.since("ci")
def test_an_id_that_was_given_is_not_given_again(lived_in, tmp_path: Path, move) -> None:
    """An address must never lead to another person, though the last task was deleted before the backup."""
    highest = max(row[0] for row in everything()["callback_tasks"])
    run("backup", str(tmp_path / "b.tar"))
    move("another machine")
    run("restore", str(tmp_path / "b.tar"))
    assert a_task() == highest + 2


def test_a_backup_holds_what_is_there_though_tables_are_written_anew_meanwhile(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration, or ids that are widened: a transaction that began before sees an empty table."""
    with environment_kept():
        use_environment({"DATABASE_URL": postgres.new_database(), "VAR_DIR": str(tmp_path / "house")})
        migrate()
        tasks = [a_task() for _ in range(3)]
        changing = threading.Thread(target=_write_anew, args=("callback_tasks",))
        reflected = table_dump.tables

        def tables(connection: Connection) -> dict[str, Table]:
            found = reflected(connection)
            changing.start()
            changing.join(1.5)
            return found

        monkeypatch.setattr(table_dump, "tables", tables)
        summary = backup.back_up(tmp_path / "b.tar", utc_now())
        changing.join()
    assert summary.rows["callback_tasks"] == len(tasks)


def _write_anew(table: str) -> None:
    with database.engine().begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} ALTER COLUMN caller_name TYPE text, ALTER COLUMN id TYPE bigint"))
        connection.execute(text(f"ALTER TABLE {table} ALTER COLUMN id TYPE integer USING id + 0"))


@pytest.mark.since("ci")
@pytest.mark.parametrize("there", ["sqlite", "postgresql"])
def test_a_hotline_moves_from_one_database_to_the_other(
    lived_in, tmp_path: Path, move, postgres: Postgres, there: str
) -> None:
    before = everything()
    run("backup", str(tmp_path / "b.tar"))
    move("moved", postgres.new_database() if there == "postgresql" else "")
    code, said = run("restore", str(tmp_path / "b.tar"))
    assert code == 0, said
    assert database.engine().dialect.name == there
    assert everything() == before
    assert the_task(a_task(text="und weiter")).state == "open"
    run("backup", str(tmp_path / "back.tar"))
    move("back home")
    assert run("restore", str(tmp_path / "back.tar"))[0] == 0
    assert [row for row in everything()["callback_tasks"] if row in before["callback_tasks"]] == before[
        "callback_tasks"
    ]


def test_nothing_personal_can_be_read_in_the_file(lived_in, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    run("backup", str(file))
    content = file.read_bytes()
    task = the_task(1)
    for word in ("Strom", "Zu Hause", "Mitglied", task.callback_number, task.receipt_code):
        assert word.encode() not in content


def test_without_its_master_key_it_stays_closed(lived_in, tmp_path: Path, move, monkeypatch) -> None:
    run("backup", str(tmp_path / "b.tar"))
    move("another machine")
    monkeypatch.setenv("AUDIO_MASTER_KEYS", master_keys.new("other"))
    settings.settings.cache_clear()
    code, said = run("restore", str(tmp_path / "b.tar"))
    assert code == 1
    assert "the master key '2026' is not in AUDIO_MASTER_KEYS" in said
    assert everything()["calls"] == []


def test_another_master_key_of_the_same_name_is_named(lived_in, tmp_path: Path, move, monkeypatch) -> None:
    """Each host of a new house makes one that is called as the year is."""
    run("backup", str(tmp_path / "night.tar"))
    move("another machine")
    monkeypatch.setenv("AUDIO_MASTER_KEYS", master_keys.new("2026"))
    settings.settings.cache_clear()
    code, said = run("restore", str(tmp_path / "night.tar"))
    assert code == 1
    assert "the master key '2026' in AUDIO_MASTER_KEYS is not the one it was sealed with" in said


def test_what_is_damaged_or_cut_short_is_not_restored(lived_in, tmp_path: Path) -> None:
    """And what is there stays as it is."""
    file, bad, before = tmp_path / "b.tar", tmp_path / "bad.tar", everything()
    run("backup", str(file))
    content = file.read_bytes()
    for at in (600, len(content) // 3, len(content) // 2):
        at = content.rindex(b"\0" * 16, 0, at) + 20  # inside of some member or its header
        bad.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        code, said = run("restore", "--replace", str(bad))
        assert code == 1, said
    for length in (0, 100, len(content) // 2, len(content) - 11000):
        bad.write_bytes(content[:length])
        code, said = run("restore", "--replace", str(bad))
        assert code == 1
        assert "not restored" in said
    assert everything() == before


@pytest.mark.since("ci")
def test_a_hotline_that_holds_calls_is_not_overwritten_by_mistake(lived_in, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    run("backup", str(file))
    before = everything()
    a_task()
    code, said = run("restore", str(file))
    assert (code, "holds calls already" in said) == (1, True)
    assert run("restore", "--replace", str(file))[0] == 0
    assert everything() == before
    code, said = run("backup", str(file))
    assert (code, "never overwritten" in said) == (1, True)


def test_a_restore_says_that_a_backup_is_of_another_secret_key(lived_in, tmp_path: Path, move, monkeypatch) -> None:
    """A new machine has made one of its own; nothing else would tell that what was sealed and hashed is not found."""
    monkeypatch.setenv("SECRET_KEY", OTHER_SECRET)
    forget_settings()
    run("backup", str(tmp_path / "b.tar"))
    monkeypatch.setenv("SECRET_KEY", SECRET)
    move("another machine")
    code, said = run("restore", str(tmp_path / "b.tar"))
    assert (code, "made with another SECRET_KEY" in said, "SECRET_KEY_PREVIOUS" in said) == (0, True, True)
    monkeypatch.setenv("SECRET_KEY_PREVIOUS", OTHER_SECRET)
    forget_settings()
    code, said = run("restore", "--replace", str(tmp_path / "b.tar"))
    assert (code, "another SECRET_KEY" in said) == (0, False)


def others_make_a_table() -> None:
    with database.engine().execution_options(writing=True).begin() as connection:
        connection.execute(text("CREATE TABLE figures_of_the_controller (day TEXT, euros DOUBLE PRECISION)"))
        connection.execute(text("INSERT INTO figures_of_the_controller VALUES ('monday', 4.5)"))


def euros() -> list[float]:
    with database.reading() as session:
        return [float(one) for one in session.scalars(text("SELECT euros FROM figures_of_the_controller"))]


def test_a_table_that_others_have_made_beside_ours_stays_and_is_in_no_backup(
    lived_in, tmp_path: Path, move, monkeypatch
) -> None:
    """An earlier version backed it up as well, and could then not restore the backup, after it had dropped all."""
    others_make_a_table()
    before = everything()
    with monkeypatch.context() as earlier_version:
        earlier_version.setattr(table_dump.schema, "known_revisions", lambda: ())
        assert run("backup", str(tmp_path / "earlier.tar"))[0] == 0
    with database.engine().execution_options(writing=True).begin() as connection:
        connection.execute(text("CREATE TABLE prices (euros NUMERIC(8, 2))"))
        connection.execute(text("INSERT INTO prices VALUES (4.5)"))  # of a type that no backup can write
    assert run("backup", str(tmp_path / "b.tar"))[0] == 0
    for backed_up in sorted(tmp_path.glob("*.tar")):
        code, said = run("restore", "--replace", str(backed_up))
        assert code == 0, said
        assert everything() == before
        assert euros() == [4.5]
    move("another machine")
    assert run("restore", str(tmp_path / "b.tar"))[0] == 0
    assert everything() == before


@pytest.mark.parametrize("flags", [(), ("--replace",)])
def test_the_database_of_another_program_is_not_taken_for_an_empty_one(
    lived_in, tmp_path: Path, monkeypatch, postgres: Postgres, flags: tuple[str, ...]
) -> None:
    run("backup", str(tmp_path / "b.tar"))
    on_postgresql = database.engine().dialect.name == "postgresql"
    address = postgres.new_database() if on_postgresql else f"sqlite:///{tmp_path}/other.sqlite3"
    monkeypatch.setenv("DATABASE_URL", address)
    forget_settings()
    others_make_a_table()
    code, said = run("restore", *flags, str(tmp_path / "b.tar"))
    assert (code, said.count("\n")) == (1, 1)
    assert "it has tables such as figures_of_the_controller" in said
    assert euros() == [4.5]


@pytest.mark.since("ci")
def test_a_recording_without_audio_is_named(lived_in, tmp_path: Path, move) -> None:
    sid = next(audio_store.recordings())
    audio_store.delete(sid)
    code, said = run("backup", str(tmp_path / "b.tar"))
    assert (code, "1 recordings is not" in said or "not in the audio store" in said) == (1, True)
    move("another machine")
    code, said = run("restore", str(tmp_path / "b.tar"))
    assert (code, sid in said) == (1, True)


@pytest.mark.since("ci")
def test_what_is_deleted_while_the_backup_is_made_stays_deleted(lived_in, tmp_path: Path, move, monkeypatch) -> None:
    copy, (sid, *_) = backup._copy_objects, audio_store.recordings()

    def slowly(to: object) -> set[str]:
        with database.writing() as session:
            session.execute(text("UPDATE recordings SET state = 'deleted' WHERE recording_sid = :sid"), {"sid": sid})
        audio_store.delete(sid)
        return copy(to)

    monkeypatch.setattr(backup, "_copy_objects", slowly)
    assert run("backup", str(tmp_path / "b.tar"))[0] == 0
    move("another machine")
    code, said = run("restore", str(tmp_path / "b.tar"))
    assert code == 0, said
    with database.reading() as session:
        assert session.scalar(select(Recording.state).where(Recording.recording_sid == sid)) == "deleted"


def test_a_full_disk_leaves_no_half_backup(lived_in, tmp_path: Path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup.os, "fsync", full)
    code, said = run("backup", str(tmp_path))
    assert (code, "No space left" in said) == (1, True)
    assert list(tmp_path.glob("*.tar")) == list(tmp_path.glob(".*.part")) == []


def test_what_a_killed_backup_has_left_is_removed_by_the_next_one_and_what_is_being_written_is_not(
    lived_in, tmp_path: Path
) -> None:
    """A host that stops in the night kills it; what was left of each filled the disk."""
    abandoned, being_written = tmp_path / ".hotline-1.tar.part", tmp_path / ".hotline-2.tar.part"
    foreign = tmp_path / ".film.part"
    for path in (abandoned, being_written, foreign):
        path.write_bytes(bytes(1000))
    with being_written.open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert run("backup", str(tmp_path))[0] == 0
        code, said = run("backup", str(tmp_path / "hotline-2.tar"))
    assert (code, "another process is writing" in said) == (1, True)
    assert (abandoned.exists(), being_written.stat().st_size, foreign.exists()) == (False, 1000, True)
    assert run("backup", str(tmp_path / "hotline-2.tar"))[0] == 0, "the other one was killed"


@pytest.mark.since("ci")
def test_a_backup_of_an_older_schema_is_restored_and_brought_up_to_date(
    empty_database, tmp_path: Path, monkeypatch
) -> None:
    from alembic import command

    from ivr.platform.schema import alembic_config

    with database.engine().execution_options(writing=True).begin() as connection:
        connection.execute(
            text(
                "INSERT INTO calls (call_sid, state, started_at) VALUES ('CA1', 'ended', '2026-11-01 10:00:00.000000')"
            )
        )
    command.downgrade(alembic_config(), "0003")
    assert run("backup", str(tmp_path / "old.tar"))[0] == 0
    assert run("restore", "--replace", str(tmp_path / "old.tar"))[0] == 0
    with database.engine().connect() as connection:
        assert table_dump.revision(connection) == revision_of_today()
        assert connection.scalar(text("SELECT count(*) FROM calls")) == 1


@pytest.mark.since("ci")
def test_a_backup_of_a_newer_version_changes_nothing(lived_in, tmp_path: Path, monkeypatch) -> None:
    real = table_dump.revision
    monkeypatch.setattr(table_dump, "revision", lambda _: "9999")
    assert run("backup", str(tmp_path / "new.tar"))[0] == 0
    monkeypatch.setattr(table_dump, "revision", real)
    before = everything()
    code, said = run("restore", "--replace", str(tmp_path / "new.tar"))
    assert (code, "schema 9999 is not known" in said) == (1, True)
    assert everything() == before


@pytest.mark.since("ci")
def test_a_recording_that_goes_between_its_key_and_its_audio_is_gone(lived_in, tmp_path: Path, monkeypatch) -> None:
    """Deleted while the backup is made, after its key was copied."""
    sid, get = next(audio_store.recordings()), blob_storage.Directory.get

    def deleted_meanwhile(self: blob_storage.Directory, name: str) -> bytes:
        if name.startswith("audio/") and sid in name:
            with database.writing() as session:
                found = {"sid": sid}
                session.execute(text("UPDATE recordings SET state = 'deleted' WHERE recording_sid = :sid"), found)
            audio_store.delete(sid)
        return get(self, name)

    monkeypatch.setattr(blob_storage.Directory, "get", deleted_meanwhile)
    assert run("backup", str(tmp_path / "b.tar"))[0] == 0
    monkeypatch.setattr(blob_storage.Directory, "get", get)
    code, said = run("restore", "--replace", str(tmp_path / "b.tar"))
    assert code == 0, said


def revision_of_today() -> str:
    from alembic.script import ScriptDirectory

    from ivr.platform.schema import alembic_config

    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


def test_no_backup_is_said_to_be_none(empty_database, tmp_path: Path) -> None:
    other = tmp_path / "other.tar"
    with tarfile.open(other, "w") as tar:
        tar.addfile(tarfile.TarInfo("x"), io.BytesIO())
    for file in (other, Path(__file__)):
        code, said = run("restore", str(file))
        assert (code, "no backup" in said) == (1, True)


@pytest.mark.since("ci")
def test_the_drill(hotline: RunningHotline, caller, tmp_path: Path) -> None:
    """A hotline in full work is backed up; database, audio and Redis are lost; it is restored, and goes on: every task
    that was there is there, and a message the carrier still has is taken in."""
    people = [leave_message(caller, human_speech(3)) for _ in range(3)]

    def stored() -> int:
        with database.reading() as session:
            sids = [person.report.recording_sids[0] for person in people]
            found = select(Recording.id).where(Recording.recording_sid.in_(sids), Recording.state == "stored")
            return len(session.scalars(found).all())

    eventually(lambda: stored() == 3, 30)
    calling = threading.Thread(target=lambda: [leave_message(caller, human_speech(3)) for _ in range(3)])
    calling.start()
    file = tmp_path / "drill.tar"
    code, said = run("backup", str(file))
    calling.join()
    assert code == 0, said
    code, said = run("restore", "--replace", str(file))
    assert (code, "Stop the processes of every host first" in said) == (1, True)
    hotline.kill("worker", "clock")
    unheard_of = leave_message(caller, human_speech(3))  # after the backup; the carrier still has it
    hotline.kill("web", "voice", "redis")
    try:
        forget_settings()
        shutil.rmtree(hotline.settings.audio_dir)
        shutil.rmtree(hotline.settings.var_dir / "redis")
        (hotline.settings.var_dir / "redis").mkdir()
        code, said = run("restore", "--replace", str(file))
        assert code == 0, said
    finally:
        hotline.restart("redis", "web", "voice", "worker", "clock")
        hotline.await_ready()
    with database.reading() as session:
        for person in people:
            sid = person.report.recording_sids[0]
            task = session.scalars(select(CallbackTask).where(CallbackTask.call.has(call_sid=person.call_sid))).one()
            assert task.due_at - task.first_contact_at == timedelta(hours=24)
            assert audio_store.load(sid)
    later = leave_message(caller, human_speech(3))

    def there() -> bool:
        with database.reading() as session:
            return bool(session.scalar(select(CallbackTask.id).where(CallbackTask.call.has(call_sid=later.call_sid))))

    eventually(there, 20)
    carrier_reconciliation.reconcile(utc_now() - timedelta(hours=1))
    with database.reading() as session:
        taken_in = CallbackTask.call.has(call_sid=unheard_of.call_sid)
        assert session.scalars(select(CallbackTask).where(taken_in)).one().messages
    eventually(lambda: audio_store.has(unheard_of.report.recording_sids[0]), 60)  # the sweep's turn
