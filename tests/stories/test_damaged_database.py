"""The file of the database is damaged: that is said with its remedy, calls go on, and nothing is lost once restored."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select, text

from ivr.cli import hotline as command_line
from ivr.config.settings import Settings
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.operations import backup
from ivr.platform import database, database_damage, spool
from ivr.platform.database_faults import Damaged
from ivr.telephony import call_intake
from ivr.web.app import create_app
from tests.support.environment import forget_settings
from tests.support.webhook_calls import WebhookCall

#: The file of SQLite; the test makes the damage itself.
pytestmark = pytest.mark.sqlite

BY_KEY = ["2", "1", "2", "1", "#", "3"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the database of these tests is kept with its backup; the first one makes them."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture
def file(empty_database: Settings, made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with some rows in it, closed, so that all of it is in its file; and its backup."""
    monkeypatch.setattr(database_damage, "_known", database_damage._Known())
    monkeypatch.setattr(database_damage, "_CHECK_EVERY", 0.0)
    var_dir = empty_database.var_dir
    if not any(made.iterdir()):
        with database.writing() as session:
            rows = [{"name": f"{number:040d}"} for number in range(300)]
            session.execute(text("INSERT INTO checkpoints (name, at) VALUES (:name, '2026-11-27')"), rows)
        backup.back_up(var_dir / "backup.tar", utc_now())
        forget_settings()
        shutil.copytree(var_dir, made, dirs_exist_ok=True)
    forget_settings()
    shutil.copytree(made, var_dir, dirs_exist_ok=True)
    with database.reading() as session:
        session.execute(text("SELECT 1 FROM checkpoints"))
    database_damage.look(5)
    database.engine().dispose()
    return var_dir / "hotline.sqlite3"


def header(file: Path) -> None:
    with file.open("r+b") as content:
        content.write(b"x" * 100)


def page(file: Path) -> None:
    """All pages but the first five."""
    with file.open("r+b") as content:
        content.seek(4096 * 5)
        content.write(b"\xde\xad" * ((file.stat().st_size - 4096 * 5) // 2))


def emptied(file: Path) -> None:
    os.truncate(file, 0)


def gone(file: Path) -> None:
    file.unlink()


def another_program_s(file: Path) -> None:
    file.write_bytes(b"%PDF-1.7" + b"0" * 100_000)


#: `make test` damages a page and empties the file; each of the others takes seconds, most of them for the restore.
IN_ALL_WAYS = [
    *(pytest.param(damage, id=damage.__name__) for damage in (page, emptied)),
    *(
        pytest.param(damage, id=damage.__name__, marks=pytest.mark.since("ci"))
        for damage in (header, gone, another_program_s)
    ),
]


@pytest.fixture
def client(file: Path) -> FlaskClient:
    return create_app().test_client()


@pytest.mark.parametrize("damage", IN_ALL_WAYS)
def test_calls_go_on_and_a_person_is_told_the_remedy(
    client: FlaskClient, file: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    database.engine().dispose()
    damage(file)
    caplog.set_level(logging.ERROR)
    answer = client.get("/readyz")
    assert answer.status_code == 200, "this host serves callers"
    assert answer.json["complete"] is False
    assert "is damaged" in answer.json["database"]
    (missing,) = [one for one in answer.json["missing"] if one["part"] == "database"]
    assert missing["remedy"].endswith("python -m ivr restore --replace BACKUP")
    call = WebhookCall(client, BY_KEY).to_its_end()
    assert set(call.statuses) <= {200, 204}
    assert "cannot give you a reference number" in call.documents[-1]
    assert spool.waiting()
    assert client.get("/desk/").status_code in (302, 503)
    said = [record for record in caplog.records if "is damaged (" in record.getMessage()]
    assert len(said) == 1, "it is said once"
    done = CliRunner().invoke(command_line, ["restore", "--replace", str(file.parent / "backup.tar")])
    assert done.exit_code == 0, done.output
    assert client.get("/readyz").json["database"] == "ok"
    assert call_intake.replay_spool() >= 1
    with database.reading() as session:
        assert len(session.scalars(select(CallbackTask)).all()) == 1


@pytest.mark.parametrize("damage", [header, another_program_s], ids=lambda damage: damage.__name__)
def test_each_command_says_it_in_one_sentence(file: Path, damage: Callable[[Path], None]) -> None:
    damage(file)
    for command in (["migrate"], ["retention", "plan"], ["reconcile"]):
        done = CliRunner().invoke(command_line, command)
        assert done.exit_code == 1
        assert done.output.count("\n") == 1, done.output
        assert "is damaged (" in done.output
        assert "python -m ivr restore --replace BACKUP" in done.output


def test_a_restore_over_a_damaged_file_has_to_be_meant(file: Path) -> None:
    page(file)
    done = CliRunner().invoke(command_line, ["restore", str(file.parent / "backup.tar")])
    assert done.exit_code == 1
    assert "--replace sets its file aside" in done.output


def test_another_process_learns_of_it_and_says_it_once(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    (file.parent / "database.damaged").write_text("file is not a database")
    header(file)
    for _ in range(5):
        with pytest.raises(database.Away), database.reading():
            pass
    assert len([record for record in caplog.records if "is damaged (" in record.getMessage()]) == 1


def test_a_removed_file_of_changes_is_noticed_at_once_and_over_when_nobody_has_it_open(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not by damage that it leads to later: a connection that is opened now does not see what it holds."""
    with database.writing() as session:
        session.execute(text("INSERT INTO checkpoints (name, at) VALUES ('latest', '2026-11-27')"))
    database_damage.check()
    file.with_name(f"{file.name}-wal").unlink()
    with caplog.at_level(logging.ERROR), pytest.raises(Damaged, match="its -wal file was removed"):
        for _ in range(2):
            database_damage.check()
    assert "restore --replace" in caplog.text
    database_damage.look_again()
    assert (file.parent / "database.damaged").read_text().startswith("its -wal file")
    database.engine().dispose()  # the processes are stopped
    database_damage.look_again()
    database_damage.check()


@pytest.mark.parametrize("left", [0, 2000])
def test_a_file_of_changes_that_was_cut_off_is_told_with_the_remedy_and_calls_go_on(
    client: FlaskClient, file: Path, left: int
) -> None:
    """Nothing is wrong with the server or its address; whoever restarts for that loses what was written last."""
    with database.writing() as session:
        rows = [{"name": f"latest {number:040d}"} for number in range(300)]
        session.execute(text("INSERT INTO checkpoints (name, at) VALUES (:name, '2026-11-27')"), rows)
    os.truncate(file.with_name(f"{file.name}-wal"), left)
    (missing,) = [one for one in client.get("/completez").json["missing"] if one["part"] == "database"]
    assert "its -wal file was cut off" in missing["what"]
    assert missing["remedy"].endswith("python -m ivr restore --replace BACKUP")
    call = WebhookCall(client, BY_KEY).to_its_end()
    assert set(call.statuses) <= {200, 204}
    assert spool.waiting()
    done = CliRunner().invoke(command_line, ["restore", "--replace", str(file.parent / "backup.tar")])
    assert done.exit_code == 0, done.output
    assert client.get("/readyz").json["database"] == "ok"
    assert call_intake.replay_spool() >= 1


@pytest.mark.parametrize("which", ["", "/..", "-wal"])
def test_a_file_that_can_only_be_read_is_told_with_its_remedy(
    client: FlaskClient, file: Path, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root has run a command, or the disk was mounted read-only after errors: reading goes on, nothing is written."""
    with database.writing() as session:
        session.execute(text("UPDATE checkpoints SET at = at"))
    closed = {"": file, "/..": file.parent, "-wal": file.with_name(f"{file.name}-wal")}[which]
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != closed)
    (missing,) = [one for one in client.get("/completez").json["missing"] if one["part"] == "database"]
    assert missing["what"] == f"cannot be written: {closed}"
    assert missing["remedy"].startswith("Give it to the hotline's user (chown)")
    assert client.get("/readyz").status_code == 200, "this host serves callers"


def test_no_other_process_takes_that_back_while_changes_are_missed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database's own file is whole to whoever opens it now; what is missing is not in it."""
    with database.writing() as session:
        session.execute(text("INSERT INTO checkpoints (name, at) VALUES ('latest', '2026-11-27')"))
    database_damage.check()
    file.with_name(f"{file.name}-wal").unlink()
    with pytest.raises(Damaged):
        for _ in range(2):
            database_damage.check()
    with monkeypatch.context() as patch:
        patch.setattr(database_damage, "_known", database_damage._Known())  # another process
        database_damage.look_again()
        with pytest.raises(Damaged, match="its -wal file was removed"):
            database_damage.check()
    assert (file.parent / "database.damaged").exists()
    database.engine().dispose()


def test_closing_the_last_connection_is_no_damage(file: Path) -> None:
    for _ in range(3):
        with database.writing() as session:
            session.execute(text("DELETE FROM checkpoints WHERE name = 'x'"))
        database_damage.check()
        database.engine().dispose()
        assert not file.with_name(f"{file.name}-wal").exists()
        database_damage.check()


def test_a_file_that_was_restored_by_hand_is_used_again(file: Path) -> None:
    whole = file.read_bytes()
    header(file)
    database_damage.look(5)
    with pytest.raises(database.Away), database.writing():
        pass
    file.write_bytes(whole)
    database_damage.look_again()
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM checkpoints")) >= 300


def test_a_file_that_is_put_in_its_place_while_processes_run_gets_no_changes_of_the_former_one(file: Path) -> None:
    """SQLite finds the former -wal file beside it and writes its pages into the new file: a mixture of both."""
    other = file.with_name("yesterday.sqlite3")
    shutil.copy(file, other)
    with database.writing() as session:
        session.execute(text("INSERT INTO checkpoints (name, at) VALUES ('latest', '2026-11-27')"))
    database_damage.check()
    other.replace(file)
    database_damage.check()
    with database.writing() as session:
        session.execute(text("UPDATE checkpoints SET at = at"))
        assert session.scalar(text("SELECT count(*) FROM checkpoints WHERE name = 'latest'")) == 0
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
    (aside,) = file.parent.glob("hotline.sqlite3.former-*-wal")
    assert b"latest" in aside.read_bytes(), "nothing is lost"
    for _ in range(2):
        database_damage.check()
    database.engine().dispose()


def test_an_emptied_file_is_not_begun_anew_as_if_nothing_had_been(file: Path, empty_database: Settings) -> None:
    empty_database.audio_dir.mkdir(parents=True)
    emptied(file)
    done = CliRunner().invoke(command_line, ["migrate"])
    assert done.exit_code == 1
    assert "delete the file to begin anew" in done.output
    assert file.stat().st_size == 0


def test_a_server_that_is_away_is_not_damaged(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = create_app().test_client()

    def away(*_: object, **__: object) -> None:
        raise database.Away("gone")

    monkeypatch.setattr(database, "reading", away)
    assert client.get("/readyz").json["database"] == "does not answer"
