"""A database whose ids have 32 bits gets 64 while calls are written: nothing is lost, and nothing else differs."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ivr.audit import verification
from ivr.cli import hotline as command_line
from ivr.models.callbacks import CallbackTask
from ivr.operations import server_checks, table_copy, wide_ids
from ivr.operations.migrate import migrate
from ivr.platform import database, kept_plans
from tests.support.environment import environment_kept, use_environment
from tests.support.narrow_ids import make_narrow
from tests.support.people import a_task, hire
from tests.support.postgres import Postgres

#: What makes a table what it is, but the types of its ids.
SHAPES = {
    "columns": "SELECT table_name, ordinal_position, column_name, is_nullable, column_default"
    " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
    "constraints": "SELECT conrelid::regclass::text, conname, contype, convalidated, pg_get_constraintdef(oid)"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1, 2",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
    "triggers": "SELECT tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger"
    " WHERE NOT tgisinternal ORDER BY 1, 2",
    "functions": "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
    "sequences": "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1",
    "owners": "SELECT d.objid::regclass::text, d.refobjid::regclass::text, d.refobjsubid FROM pg_depend d"
    " JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' WHERE d.deptype = 'a' ORDER BY 1",
    "rights": "SELECT grantee, table_name, privilege_type FROM information_schema.table_privileges"
    " WHERE table_schema = 'public' ORDER BY 1, 2, 3",
}


_WRITTEN = re.compile(r"::(character varying|text)(\[\])?|[()]")


@pytest.fixture(scope="module")
def narrow_template(postgres: Postgres) -> str:
    """The name of a database as the version before has made it."""
    url = postgres.new_database()
    with environment_kept():
        use_environment({"DATABASE_URL": url, "LANGUAGES": '["de","en"]'})
        migrate()
        make_narrow()
        database.close()
    return url.rpartition("/")[2]


@pytest.fixture
def narrow(postgres: Postgres, narrow_template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hotline whose database is that of the version before, and which a reporting program may read."""
    monkeypatch.setattr(wide_ids, "_NOTICED", 0.0)
    url = postgres.new_database(narrow_template)
    with environment_kept():
        use_environment({"DATABASE_URL": url, "LANGUAGES": '["de","en"]'})
        with database.engine().begin() as connection:
            connection.execute(text("DROP ROLE IF EXISTS reader"))
            connection.execute(text("CREATE ROLE reader"))
            connection.execute(text("GRANT SELECT ON callback_tasks, calls TO reader"))
        yield
        with database.engine().begin() as connection:
            connection.execute(text("DROP OWNED BY reader"))
        kept_plans.plans.found(None)
        database.close()


def shape() -> dict[str, list]:
    with database.reading() as session:
        found = {name: [tuple(row) for row in session.execute(text(query))] for name, query in SHAPES.items()}
    # PostgreSQL writes the condition of an index otherwise where it has read its own text.
    found["indexes"] = [(*where, _WRITTEN.sub("", definition)) for *where, definition in found["indexes"]]
    return found


def width(table: str, column: str = "id") -> str:
    asked = "SELECT data_type FROM information_schema.columns WHERE table_name = :table AND column_name = :column"
    with database.reading() as session:
        return session.execute(text(asked), {"table": table, "column": column}).scalar_one()


@contextmanager
def the_house_at_work(failed: list[BaseException]) -> Iterator[list[int]]:
    """Tasks are made, changed and deleted all the time."""
    over, made = threading.Event(), list[int]()

    def work() -> None:
        number = 0
        while not over.is_set():
            number += 1
            try:
                made.append(a_task(number=f"+49176{number:08d}"))
                with database.writing() as session:
                    session.get_one(CallbackTask, made[-1]).caller_name = f"Frau {number}"
                with database.writing() as session:
                    session.execute(text("INSERT INTO search_words (word, task_id) VALUES (:word, :task)"),
                                    {"word": f"w{number}", "task": made[-1]})  # fmt: skip
                    session.execute(text("DELETE FROM search_words WHERE word = :word"), {"word": f"w{number - 1}"})
            except Exception as error:
                failed.append(error)
                return
            over.wait(0.02)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield made
    finally:
        over.set()
        thread.join()


@pytest.mark.since("ci")
def test_a_house_at_work_gets_wide_ids_and_loses_nothing(narrow, monkeypatch) -> None:
    """Small batches, so that much happens between them."""
    monkeypatch.setattr(table_copy, "_BATCH", 7)
    monkeypatch.setattr(table_copy, "_WAIT_MS", 900)  # below deadlock_timeout: who widens gives way, not the house
    before, user = shape(), hire()
    first = [a_task(number=f"+4915{number:09d}") for number in range(20)]
    failed: list[BaseException] = []
    told: list[str] = []
    with the_house_at_work(failed) as made:
        wide_ids.widen(told.append)
    assert failed == []
    assert _narrow() == {}
    assert shape() == before, "nothing but the width differs"
    assert width("callback_tasks") == width("attempts", "conversation_id") == width("access_log", "number") == "bigint"
    with database.reading() as session:
        there = {task.id: task.caller_name for task in session.query(CallbackTask)}
        words = session.execute(text("SELECT word FROM search_words WHERE word LIKE 'w%'")).scalars().all()
    assert sorted(there) == sorted([*first, *made])
    assert [there[task_id] for task_id in made] == [f"Frau {number}" for number in range(1, len(made) + 1)]
    assert len([word for word in words if word[1:].isdecimal()]) <= 1
    assert any(line.startswith("callback_tasks: ") and "locked for" in line for line in told)
    assert user is not None


def widen_only(*tables: str) -> None:
    """Widen some tables, as the command does with all of them."""
    for table in tables:
        wide_ids.widen_table(table, _narrow()[table], lambda line: None)


def test_ids_go_on_beyond_32_bits(narrow) -> None:
    widen_only("callback_tasks", "contacts", "task_events", "sla_clocks", "search_words")
    with database.writing() as session:
        session.execute(text("SELECT setval('callback_tasks_id_seq', 2147483647)"))
    task_id = a_task()
    assert task_id == 2**31
    with database.reading() as session:
        assert session.get_one(CallbackTask, task_id).callback_number


def test_until_then_the_version_works_with_narrow_ids(narrow) -> None:
    """Expand and contract: this version beside the schema of the one before."""
    task_id = a_task()
    with database.reading() as session:
        assert session.get(CallbackTask, task_id) is not None
        assert session.get(CallbackTask, 2**40) is None, "an address may say any number"


def test_the_access_log_is_still_append_only(narrow) -> None:
    widen_only("access_log")
    with database.reading() as session:
        assert verification._unarmed(session) == []
    with pytest.raises(DBAPIError, match="append-only"), database.writing() as session:
        session.execute(text("TRUNCATE access_log"))


def test_whoever_is_stopped_in_the_middle_begins_that_table_anew(narrow, monkeypatch) -> None:
    """Power cut: the half copy and its trigger are still there."""
    monkeypatch.setattr(table_copy, "_LARGE", 5)
    whole = shape()
    for _ in range(20):
        a_task()
    with monkeypatch.context() as patch:
        patch.setattr(table_copy.Copy, "take_its_place", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            widen_only("callback_tasks")
    a_task()
    before = shape()
    widen_only("callback_tasks")
    after = shape()
    for kind in ("columns", "constraints", "indexes", "triggers"):
        assert after[kind] == whole[kind], "nothing but the width differs"
    assert not [row for row in after["columns"] if "__wide" in row[0]]
    assert len(after["functions"]) == len(before["functions"]) - 1, "what copied is gone"


def test_a_view_of_somebody_else_is_named(narrow, monkeypatch) -> None:
    with database.writing() as session:
        session.execute(text("CREATE VIEW monthly AS SELECT count(*) FROM callback_tasks"))
    mine = {"callback_tasks": _narrow()["callback_tasks"]}
    monkeypatch.setattr(wide_ids, "narrow", lambda _connection: mine)
    result = CliRunner().invoke(command_line, ["widen-ids"])
    assert result.exit_code == 1
    assert "monthly shows callback_tasks" in result.output


def test_somebody_holds_a_row_and_the_exchange_waits_for_him_without_holding_up_others(narrow, monkeypatch) -> None:
    task_id = a_task()
    copy = table_copy.Copy("callback_tasks", ["id", "call_id", "team_id", "claimed_by_id", "merged_into_id"])
    copy.fill()
    copy.take_over()
    with database.writing() as session:
        session.get_one(CallbackTask, task_id, with_for_update=True)
        began = time.monotonic()
        with pytest.raises(table_copy.OperationalError):
            copy.take_its_place()
        assert time.monotonic() - began < 5, "it gives up, and those behind it go on"
    assert copy.take_its_place() < 5
    assert width("callback_tasks") == "bigint"


def test_no_plan_expects_narrow_ids(narrow, monkeypatch) -> None:
    """What a connection has planned would fail after the exchange; plans are not kept while tables are exchanged."""
    monkeypatch.setattr(kept_plans, "LOOK_EVERY", 0.0)
    task_id = a_task()

    def read() -> None:
        with database.reading() as session:
            session.get_one(CallbackTask, task_id)

    for _ in range(10):
        read()
    with wide_ids._without_plans():
        read()
        assert not kept_plans.plans.are_kept
        widen_only("callback_tasks")
        read()
    for _ in range(10):
        read()
    assert kept_plans.plans.are_kept


def _narrow() -> dict:
    with database.glancing() as connection:
        return dict(wide_ids.narrow(connection))


def test_a_new_database_has_wide_ids_at_once(postgres: Postgres) -> None:
    with environment_kept():
        use_environment({"DATABASE_URL": postgres.new_database(), "LANGUAGES": '["de","en"]'})
        migrate()
        assert _narrow() == {}
        assert a_task()
        database.close()


def test_doctor_names_narrow_ids_and_says_when_it_is_time(narrow) -> None:
    (part,) = server_checks.ids()
    assert part.is_a_note and "widen-ids" in part.remedy
    with database.writing() as session:
        session.execute(text("SELECT setval('task_events_id_seq', 700000000)"))
    (part,) = server_checks.ids()
    assert part.is_wrong and "33%" in part.state
