"""What PostgreSQL has planned for a connection is kept: reading does not throw it away, and lists are one parameter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import bindparam, literal, select, text, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ivr.domain.enums import TaskState
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.databases import Databases
from tests.support.environment import environment_kept, use_environment
from tests.support.people import a_task
from tests.support.postgres import Postgres

#: How often psycopg sends a statement before it prepares it.
_OFTEN = 7
_PREPARED = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%callback_tasks%'")


@pytest.fixture
def on_postgres(postgres: Postgres) -> Iterator[None]:
    """A hotline on PostgreSQL, whatever the others run on."""
    with environment_kept():
        use_environment({**Databases(postgres).settings(), "LANGUAGES": '["de","en"]'})
        yield


def _prepared() -> int:
    with database.reading() as session:
        return int(session.execute(_PREPARED).scalar_one())


def test_a_session_that_has_read_leaves_the_plans_of_its_connection(on_postgres) -> None:
    for number in range(_OFTEN):
        with database.reading() as session:
            session.scalars(select(CallbackTask.id).where(CallbackTask.id == number)).all()
    assert _prepared() == 1


def test_lists_of_any_length_are_one_statement(on_postgres) -> None:
    for length in range(_OFTEN):
        with database.reading() as session:
            session.scalars(select(CallbackTask.id).where(CallbackTask.id.in_(range(length)))).all()
    assert _prepared() == 1


def test_after_an_error_a_connection_begins_anew(on_postgres) -> None:
    with pytest.raises(SQLAlchemyError), database.reading() as session:
        session.execute(text("SELECT 1 / 0"))
    with database.reading() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_who_reads_cannot_change_anything(on_postgres) -> None:
    task_id = a_task()
    with pytest.raises(DBAPIError, match="read-only"), database.reading() as session:
        session.execute(update(CallbackTask).where(CallbackTask.id == task_id).values(caller_name="Fremd"))
    with database.writing() as session:
        assert session.get_one(CallbackTask, task_id).caller_name != "Fremd"


def _lists_find_what_they_should() -> None:
    old, new = a_task(number="+4917600000001", age=timedelta(hours=3)), a_task(number="+4917600000002")
    task, now = CallbackTask, utc_now()
    with database.reading() as session:
        came = {one.id: one.first_contact_at for one in session.scalars(select(task))}

        def found(*where, **values) -> list[int]:
            return list(session.scalars(select(task.id).where(*where).order_by(task.id), values))

        assert found(task.id.in_([])) == []
        assert found(task.id.not_in([])) == [old, new]
        assert found(task.id.in_([new, 999])) == [new]
        assert found(task.id.not_in([new, 999])) == [old]
        assert found(task.state.in_([TaskState.OPEN]), task.state.not_in(["closed"])) == [old, new]
        assert found(task.first_contact_at.in_([came[old]])) == [old]
        assert found(task.first_contact_at.in_([now + timedelta(days=1)])) == []
        assert found(task.callback_number.in_(["+4917600000001"])) == [old]
        assert found(task.id.in_(bindparam("ids", expanding=True)), ids=[old]) == [old]
        either = task.id.in_([old])
        assert found(either | either) == [old]  # a condition that stands in a statement twice
        assert found(task.state.in_([literal("open", literal_execute=True)])) == [old, new]
        assert found(task.id.in_(select(task.id).where(task.id.in_([new])))) == [new]


def test_lists_find_the_same_in_postgresql(on_postgres) -> None:
    _lists_find_what_they_should()


def test_lists_find_the_same_in_sqlite(empty_database) -> None:
    _lists_find_what_they_should()
