"""What is asked again and again looks at few rows, however many years of tasks there are: its index is used."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select, text

from ivr.callbacks import proposals, queries
from ivr.contact_centre import queue_order
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.platform import database
from tests.support.databases import Databases
from tests.support.people import a_task

#: What SQLite knows of its rows after years: nearly all of 200,000 tasks are closed, and none is merged or has changed
#: its number (an index of such rows alone is empty).
_STATISTICS = {
    "callback_tasks": {
        "ix_callback_tasks_team_id": "200000 40000", "ix_callback_tasks_queue": "200000 66000 1",
        "ix_callback_tasks_claimed": "1500 750", "ix_callback_tasks_line": "1500 1500 750 1 1",
        "ix_callback_tasks_of_team": "1500 300 100 50 25 2", "ix_callback_tasks_backlog": "1500 300 1",
        "ix_callback_tasks_closed_at": "200000 1", "ix_callback_tasks_closed_of_team": "200000 40000 1",
        "ix_callback_tasks_merged_into_id": "200000 200000", "ix_callback_tasks_callback_number": "200000 2",
    },
    "contacts": {"ix_contacts_changed_number_from": "200000 200000", "ix_contacts_callback_number": "200000 2"},
    "line_entries": {"ix_line_entries_entered_at": "50000 1"},
}  # fmt: skip


@pytest.fixture(scope="session")
def databases() -> Databases:
    """SQLite, whatever the others run on: its plans are looked at."""
    return Databases(None)


@pytest.fixture
def plans(desk):
    """How SQLite would execute what a call asks, with the statistics of years."""
    desk("lena")
    a_task()
    with database.engine().execution_options(writing=True).begin() as connection:
        connection.execute(text("ANALYZE"))
        connection.execute(text("DELETE FROM sqlite_stat1"))
        partial = text("SELECT name FROM sqlite_master WHERE sql LIKE '%WHERE%IS NOT NULL%'")
        empty = set(connection.scalars(partial))
        for table, indexes in _STATISTICS.items():
            for index, figures in ((one, figures) for one, figures in indexes.items() if one not in empty):
                row = {"table": table, "index": index, "figures": figures}
                connection.execute(text("INSERT INTO sqlite_stat1 VALUES (:table, :index, :figures)"), row)
    database.engine().dispose()

    def of(ask) -> str:
        asked = []

        def note(_connection, _cursor, statement: str, parameters, *_: object) -> None:
            if statement.startswith("SELECT"):
                asked.append((statement, parameters))

        event.listen(database.engine(), "before_cursor_execute", note)
        with database.reading() as session:
            mia = session.scalars(select(User).where(User.username == "mia")).one()
            ask(session, mia, utc_now())
            event.remove(database.engine(), "before_cursor_execute", note)
            connection = session.connection()
            rows = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}", values).all() for one, values in asked]
        return "\n".join(row[3] for some in rows for row in some)

    return of


def _counts(*views: str):
    return lambda session, user, now: queries.counts(session, user, now, views)


#: Indexes that hold open tasks only.
_OPEN = {f"ix_callback_tasks_{one}" for one in ("claimed", "backlog", "of_team", "line")}
_CLOSED_OF_TEAM = {"ix_callback_tasks_closed_of_team"}


def _alike(session, user, now):
    return proposals.with_others(session, user, queries.in_view(session, user, "open", now=now).tasks)


#: What is asked, and for each part of it the indexes of which one is to be used.
ASKED = {
    "mine": (_counts("mine"), [_OPEN]),
    "unclaimed": (_counts("unclaimed"), [_OPEN]),
    "done": (_counts("done"), [_CLOSED_OF_TEAM]),
    "due": (_counts("due"), [_OPEN, {"ix_sla_clocks_missed_open"}, {"ix_sla_clocks_running"}]),
    "next task": (lambda session, user, now: queries.candidates(session, user, ["de"], now), [_OPEN]),
    "callers": (lambda session, _user, now: queue_order.waiting(session, now), [{"ix_line_entries_line"}]),
    "alike": (_alike, [{"ix_contacts_changed_number_from"}, {"ix_contacts_callback_number"}]),
}  # fmt: skip


@pytest.mark.parametrize("what", ASKED)
def test_years_of_tasks_are_not_read_for_the_few_that_are_open(plans, what: str) -> None:
    ask, parts = ASKED[what]
    plan = plans(ask)
    assert [part for part in parts if not any(index in plan for index in part)] == [], plan
