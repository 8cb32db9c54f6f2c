"""Columns of enumerations, above all where the database holds a value that this version does not know."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import StatementError

from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.contact_centre import call_queue, queue_order
from ivr.domain.enums import Availability, Concern, TaskState, WorkKind
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database, outbox
from ivr.platform.column_types import Enumerated, UnknownStoredValue
from ivr.platform.work_models import Work
from ivr.workers import runner
from tests.support.databases import Databases
from tests.support.environment import environment_kept, use_environment
from tests.support.people import a_task
from tests.support.postgres import Postgres


def spoil(table: str, column: str, value: str, row_id: int) -> None:
    """Write a value as a newer version might have, or somebody with a database client."""
    with database.writing() as session:
        change = text(f"UPDATE {table} SET {column} = :value WHERE id = :id")
        session.execute(change, {"value": value, "id": row_id})


def an_error_names_table_column_row_and_value() -> None:
    a_task()
    task_id = a_task()
    spoil("callback_tasks", "availability", "at_midnight", task_id)
    with pytest.raises(UnknownStoredValue) as raised, database.reading() as session:
        session.get(CallbackTask, task_id)
    assert str(raised.value) == (
        f"callback_tasks.availability holds the unknown value 'at_midnight' (row with id {task_id}); "
        "known are morning, afternoon, any_time"
    )
    with pytest.raises(UnknownStoredValue, match=f"row with id {task_id}"), database.writing() as session:
        session.scalars(select(CallbackTask.availability)).all()


def test_the_error_names_table_column_row_and_value(empty_database) -> None:
    an_error_names_table_column_row_and_value()


def test_the_error_is_the_same_in_postgresql(postgres: Postgres) -> None:
    with environment_kept():
        use_environment({**Databases(postgres).settings(), "LANGUAGES": '["de","en"]'})
        an_error_names_table_column_row_and_value()


def test_a_member_is_read_back_and_nothing_else_is_written(empty_database) -> None:
    task_id = a_task()
    with database.writing() as session:
        session.get_one(CallbackTask, task_id).availability = Availability.MORNING
    with database.reading() as session:
        task = session.get_one(CallbackTask, task_id)
        assert task.availability is Availability.MORNING
        assert task.state is TaskState.OPEN
    with pytest.raises(StatementError, match="at_midnight"), database.writing() as session:
        session.get_one(CallbackTask, task_id).availability = "at_midnight"


def test_a_member_that_is_longer_than_its_column_is_named() -> None:
    """SQLite would store it, PostgreSQL would refuse the first caller who chooses it."""
    assert Enumerated(Availability, 9).length == 9
    with pytest.raises(ValueError, match=r"takes 8 characters, which is less than .*AFTERNOON"):
        Enumerated(Availability, 8)


def test_a_page_shows_an_error_page_and_the_log_names_the_row(desk, caplog: pytest.LogCaptureFixture) -> None:
    task_id, mia = a_task(), desk("mia")
    spoil("callback_tasks", "emergency_kind", "flood", task_id)
    with caplog.at_level(logging.ERROR):
        answer = mia.get(f"/desk/tasks/{task_id}")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "flood" not in answer.text
    assert f"callback_tasks.emergency_kind holds the unknown value 'flood' (row with id {task_id})" in caplog.text


def test_waiting_callers_are_served_beside_one_whose_entry_is_unknown(empty_database) -> None:
    with database.writing_alone() as session:
        entries = []
        for number in ("+4917612345601", "+4917612345602"):
            call = calls.seen(session, f"CA{number}", number, utc_now())
            request = Request(concern=Concern.BENEFITS)
            entries.append(call_queue.enter(session, call, 1, request, "de", "", utc_now()).id)
    spoil("line_entries", "concern", "parking", entries[0])
    with database.reading() as session:
        assert [entry.id for entry in queue_order.waiting(session, utc_now())] == [entries[1]]


def test_a_worker_goes_on_after_work_of_a_kind_it_does_not_know(
    empty_database, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    monkeypatch.setattr(runner, "HANDLERS", {WorkKind.TRANSCRIBE: lambda _: None, WorkKind.SEND_ALERT: done.append})
    with database.writing() as session:
        outbox.add(session, WorkKind.SEND_TEXT_MESSAGE, 1)
        outbox.add(session, WorkKind.SEND_ALERT, 2)
    with database.reading() as session:
        first, second = session.scalars(select(Work.id).order_by(Work.id)).all()
    spoil("work", "kind", "send_postcard", first)
    runner.run(first)
    runner.run(second)
    assert done == [2]
    with database.reading() as session:
        error = session.get_one(Work, first).last_error
    assert error == f"LookupError: work.kind holds the unknown value 'send_postcard' (row with id {first})"
