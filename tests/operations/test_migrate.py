"""A hotline that has worked for a while gets a new schema: nothing it has promised is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select, text

from ivr.accounts import former_names
from ivr.callbacks import claims, queries
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.alerts import HouseAlarm
from ivr.models.callbacks import CallbackTask
from ivr.operations.migrate import migrate
from ivr.platform import database, schema
from tests.support.environment import ROOT, environment_kept, forget_settings, use_environment
from tests.support.postgres import Postgres

NOW = "2026-11-20 10:00:00.000000"


def test_a_hotline_of_the_first_release_moves_on(empty_database, monkeypatch) -> None:
    """The first release had SQLite only."""
    monkeypatch.setenv("DATABASE_URL", "")
    forget_settings()
    empty_database.var_dir.joinpath("hotline.sqlite3").unlink(missing_ok=True)
    command.upgrade(schema.alembic_config(), "0001")
    with database.engine().execution_options(writing=True).begin() as connection:
        for statement in (
            "INSERT INTO teams (id, key, name) VALUES (1, 'benefits', 'Leistung')",
            "INSERT INTO calls (id, call_sid, from_number, state, started_at)"
            f" VALUES (1, 'CA1', '+49421', 'ended', '{NOW}')",
            "INSERT INTO callback_tasks (id, kind, state, call_id, team_id, language, concern, urgency, receipt_code,"
            " provisional, first_contact_at, due_at) VALUES (7, 'callback', 'open', 1, 1, 'tr', 'benefits', 'normal',"
            f" '12345674', 0, '{NOW}', '{NOW}')",
            "INSERT INTO users (id, username, name, role, password_hash, active)"
            " VALUES (2, 'mia', 'Mia', 'member', 'x', 1), (3, 'lena', 'Lena', 'supervisor', 'x', 1)",
            f"INSERT INTO calls (id, call_sid, state, started_at) VALUES (2, 'CA2', 'ended', '{NOW}')",
            "INSERT INTO callback_tasks (id, kind, state, call_id, team_id, language, concern, urgency, receipt_code,"
            " provisional, first_contact_at, due_at, claimed_by_id, claimed_at) VALUES (8, 'callback', 'claimed', 2, 1,"
            f" 'tr', 'work', 'normal', '12345682', 0, '{NOW}', '{NOW}', 2, '{NOW}')",
            "INSERT INTO voicebox_messages (id, call_id, task_id, take, state, language, consented_at)"
            f" VALUES (3, 1, 7, 1, 'left', 'tr', '{NOW}')",
            f"INSERT INTO task_events (id, task_id, at, kind) VALUES (5, 7, '{NOW}', 'opened')",
        ):
            connection.execute(text(statement))
    migrate()
    with database.reading() as session:
        task = session.get_one(CallbackTask, 7)
        assert (task.kind, task.language, task.receipt_code) == ("callback", "tr", "12345674")
        assert [message.id for message in task.messages] == [3]
        assert [event.kind for event in task.events] == ["opened"]
        assert task.due_at < utc_now()
        assert queries.by_code_or_number(session, session.get_one(User, 3), "1234 5674") == [task], "it is found"
        assert claims.is_unused(session.get_one(CallbackTask, 8), utc_now()), "an old claim is offered back"


def test_an_id_is_never_given_twice(empty_database) -> None:
    """Migrations that make a table anew must not forget it: an address must not lead to another person."""
    from ivr.platform.orm import Base

    if database.engine().dialect.name != "sqlite":
        return  # sequences never go back
    with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            made = session.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table.name})
            assert ("AUTOINCREMENT" in made) is bool(table.dialect_options["sqlite"]["autoincrement"]), table.name


@pytest.mark.since("ci")
def test_every_earlier_call_gets_a_receipt_code_of_its_own(empty_database) -> None:
    """Before, all calls to a task shared its code: who heard it later could change what the first had said."""
    command.downgrade(schema.alembic_config(), "0009")
    number = "'+4917622222222'"
    with database.engine().execution_options(writing=True).begin() as connection:
        for statement in (
            "INSERT INTO teams (id, key, name) VALUES (901, 'benefits_before', 'Leistung')",
            *(
                "INSERT INTO calls (id, call_sid, from_number, language, state, started_at)"
                f" VALUES ({call}, 'CA{call}', {number}, 'de', 'ended', '2026-11-2{call - 900} 10:00:00+00')"
                for call in (901, 902, 903)
            ),
            *(
                "INSERT INTO callback_tasks (id, kind, state, call_id, team_id, language, concern, urgency,"
                " receipt_code, callback_number, availability, provisional, needs_interpreter, demands_code,"
                f" first_contact_at, due_at) VALUES ({task}, 'callback', 'open', {call}, 901, 'de', '{concern}',"
                f" 'normal', '{code}', {number}, 'morning', false, false, false, '{NOW}+00', '{NOW}+00')"
                for task, call, concern, code in ((907, 901, "work", "12345674"), (908, 902, "work", "12345682"))
            ),
            *(
                f"INSERT INTO contacts (task_id, call_id, at) VALUES ({task}, {call}, '2026-11-2{call - 900} 10:00+00')"
                for task, call in ((907, 901), (907, 902), (907, 903), (908, 902))
            ),
            "INSERT INTO voicebox_messages (id, call_id, task_id, take, state, language, consented_at, about)"
            f" VALUES (903, 903, 907, 1, 'left', 'de', '{NOW}+00',"
            f' \'{{"concern": "work", "office": "office_1"}}\')',
        ):
            connection.execute(text(statement))
    migrate()
    with database.reading() as session:
        task, other = session.get_one(CallbackTask, 907), session.get_one(CallbackTask, 908)
        first, further = task.contacts
        assert (first.call_id, first.receipt_code, first.availability) == (901, "12345674", "morning")
        assert (further.call_id, further.about["office"], further.availability) == (903, "office_1", None)
        assert len({first.receipt_code, further.receipt_code, other.receipt_code}) == 3
        assert [message.contact_id for message in task.messages] == [further.id]
        assert [contact.receipt_code for contact in other.contacts] == ["12345682"]
        assert [later.call_id for later in first.later_calls] == [902], "a call of two requests stays with both"


def test_names_from_before_they_were_noted_are_known(empty_database) -> None:
    """What the page has named, what reports were published with, and teams that nobody has set up any more."""
    command.downgrade(schema.alembic_config(), "0066")
    content = {
        "counts": {"tasks/office/office_1": 5, "tasks/office/port": 7, "tasks/office/": 0},
        "tables": {
            "de": [
                {"rows": rows} for rows in ([["Mitte", 5], ["Hafen", 7], ["nicht bekannt", 0], ["Gesamt", 12]], [], [])
            ]
        },
    }
    stored = {"offices": {"office_1": {"name": "Domshof"}, "office_2": {"postal_codes": []}}}
    with database.engine().execution_options(writing=True).begin() as connection:
        connection.execute(text("INSERT INTO teams (id, key, name) VALUES (901, 'ships', 'Seeleute')"))
        connection.execute(
            text(
                "INSERT INTO publications (report, month, content, published_at)"
                f" VALUES ('statement', '2026-10-01', :content, '{NOW}+00')"
            ),
            {"content": json.dumps(content)},
        )
        connection.execute(
            text(
                "INSERT INTO settings_store (id, made_at, made_by_name, changed, reason, settings)"
                f" VALUES (1, '{NOW}+00', 'Adam', 'offices', '', :settings)"
            ),
            {"settings": json.dumps(stored)},
        )
    command.upgrade(schema.alembic_config(), "head")
    with database.reading() as session:
        october = former_names.until(session, datetime(2026, 11, 1, tzinfo=UTC))
        november = former_names.until(session, datetime(2026, 12, 1, tzinfo=UTC))
    assert (october["office", "office_1"], november["office", "office_1"]) == ("Mitte", "Domshof")
    assert (october["office", "port"], november["office", "port"]) == ("Hafen", "Hafen")
    assert october["team", "ships"] == "Seeleute"


def _empty(databases, tmp_path) -> dict[str, str]:
    own = {"DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}", **databases.empty()}
    return {**os.environ, "VAR_DIR": str(tmp_path / "var"), **own}


def _command(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ivr", *words]
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=-1, stderr=-1)


@pytest.mark.since("ci")
def test_of_several_that_migrate_an_empty_database_one_does_it_and_the_others_wait(databases, tmp_path) -> None:
    environment = _empty(databases, tmp_path)
    words = [("migrate",), ("migrate",), ("migrate",), ("tokens", "add", "report")]
    running = [_command(environment, *one) for one in words]
    ended = [(process.communicate(timeout=120), process.returncode) for process in running]
    assert [code for _, code in ended] == [0, 0, 0, 0], ended
    assert not any("Traceback" in said for (_, said), _ in ended)


#: Migrates, and is killed before the statement of a number.
_KILLED = """
import os, signal, sys
from sqlalchemy import event
from ivr.operations.migrate import migrate
from ivr.platform import database

left = int(sys.argv[1])

@event.listens_for(database.engine(), "before_cursor_execute")
def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

migrate()
"""


@pytest.mark.since("ci")
@pytest.mark.parametrize("statements", [[2], [60], [9, 150, 400]])
def test_what_a_killed_migration_has_left_is_finished_by_the_next_one(databases, tmp_path, statements) -> None:
    """One waits meanwhile; it goes on when the other one is gone. Nothing is half made."""
    environment = _empty(databases, tmp_path)
    for number in statements:
        killed = [sys.executable, "-c", _KILLED, str(number)]
        assert subprocess.run(killed, cwd=ROOT, env=environment, stderr=-1, timeout=120).returncode == -signal.SIGKILL
    running = [_command(environment, "migrate") for _ in range(2)]
    ended = [(process.communicate(timeout=120), process.returncode) for process in running]
    assert [code for _, code in ended] == [0, 0], ended
    assert not any("Traceback" in said for (_, said), _ in ended)


@pytest.mark.since("ci")
@pytest.mark.parametrize("version", ["0001", "0030", "0055"])
def test_of_several_that_migrate_an_older_database_one_does_it_and_the_others_wait(
    databases, tmp_path, version: str
) -> None:
    environment = _empty(databases, tmp_path)
    older = "import sys; from alembic import command; from ivr.platform.schema import alembic_config\n"
    older += "command.upgrade(alembic_config(), sys.argv[1])"
    subprocess.run([sys.executable, "-c", older, version], cwd=ROOT, env=environment, check=True, timeout=120)
    running = [_command(environment, "migrate") for _ in range(3)]
    ended = [(process.communicate(timeout=120), process.returncode) for process in running]
    assert [code for _, code in ended] == [0, 0, 0], ended
    assert not any("Traceback" in said for (_, said), _ in ended)


def test_a_migration_waits_for_whoever_writes(empty_database) -> None:
    """A call's last turn, a backup or a member holds the database for a moment."""
    holds, may_go = threading.Event(), threading.Event()

    def write() -> None:
        with database.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = version_num"))
            holds.set()
            may_go.wait(5)

    writer = threading.Thread(target=write)
    writer.start()
    assert holds.wait(5)
    threading.Timer(0.7, may_go.set).start()
    migrate()
    writer.join()
    assert schema.behind() is None


def test_whoever_calls_waits_for_no_migration_that_waits_for_a_backup(postgres: Postgres, tmp_path: Path) -> None:
    """A long transaction only reads; a migration that stands in line for its table stops everybody behind it."""
    with environment_kept():
        use_environment({"DATABASE_URL": postgres.new_database(), "VAR_DIR": str(tmp_path / "house")})
        schema.upgrade("0060")
        migrating = threading.Thread(target=migrate)
        with database.one_instant() as session:
            session.execute(text("SELECT 1 FROM calls"))
            with pytest.raises(schema.StillMigrating, match="such as a backup"):
                schema.upgrade(patience=0.5)
            migrating.start()
            waited = [_seconds_to_read("calls") for _ in range(20)]
            assert schema.behind() == "0060"
        migrating.join(60)
        assert schema.behind() is None
        assert max(waited) < 1.2, "a caller waits for the database no longer"


def _seconds_to_read(table: str) -> float:
    time.sleep(0.1)
    began = time.monotonic()
    with database.engine().connect() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        connection.execute(text(f"SELECT 1 FROM {table}"))
    return time.monotonic() - began


def test_a_connection_that_is_in_use_while_a_migration_ends_goes_back_into_its_pool(empty_database) -> None:
    """It was left in a pool that nobody had any more, and stayed open at the server."""
    pool = database.engine().pool
    with database.reading() as session:
        session.execute(text("SELECT 1"))
        migrate()
        assert database.engine().pool is pool
    with database.writing() as session:
        enforced = session.get_bind().dialect.name != "sqlite" or session.scalar(text("PRAGMA foreign_keys"))
    assert enforced


def test_who_waits_for_a_migration_says_so_and_gives_up_with_one_sentence(empty_database, caplog) -> None:
    in_vain = pytest.raises(schema.StillMigrating, match="run `python -m ivr migrate` again")
    with schema.changing(), in_vain, schema.changing(1.3):
        raise AssertionError("two at once")
    assert "another process is migrating the database: waiting for it" in caplog.text
    with schema.changing(0.0):
        pass  # it was given back


@pytest.mark.since("ci")
def test_a_process_that_starts_before_the_migration_waits_for_it(databases, tmp_path) -> None:
    environment = _empty(databases, tmp_path)
    clock = _command(environment, "clock")
    try:
        assert clock.stderr is not None
        told = clock.stderr.readline()
        assert "is not migrated (its schema is none, this version needs" in told
        assert "python -m ivr migrate" in told
        migrating = _command(environment, "migrate")
        assert (migrating.communicate(timeout=120), migrating.returncode)[1] == 0
        time.sleep(2.5)  # some rounds of the scheduler
    finally:
        clock.terminate()
        rest = clock.communicate(timeout=30)[1]
    failed = [line for line in rest.splitlines() if "could not finish a step" in line]
    assert [line for line in failed if "ConnectionError" not in line] == [], "of all it needs only Redis is away"
    assert "Traceback" not in rest


def test_a_newer_schema_is_taken_while_hosts_are_updated_one_by_one(empty_database) -> None:
    assert schema.behind() is None
    for version, older in (("9999", None), ("0002", "0002")):
        with database.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        assert schema.behind() == older


@pytest.mark.since("ci")
def test_alerts_of_the_house_are_kept_when_they_get_the_name_of_their_cap(empty_database) -> None:
    columns = "event, count, since_at, last_at, alerted_at"
    with database.engine().execution_options(writing=True).begin() as connection:
        connection.execute(
            text(f"INSERT INTO house_alarms ({columns}) VALUES ('call_cap', 3, '{NOW}', '{NOW}', '{NOW}')")
        )
    command.downgrade(schema.alembic_config(), "0031")
    command.upgrade(schema.alembic_config(), "head")
    with database.reading() as session:
        kept = session.scalars(select(HouseAlarm)).all()
        assert [(one.event, one.cap, one.count) for one in kept] == [("call_cap", "", 3)]
