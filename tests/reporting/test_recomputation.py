"""Every figure of every day once more, in plain SQL beside the product's code."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text

from ivr.callbacks import workflow
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.reporting import daily_metrics
from tests.support import random_days
from tests.support.plain_sql import CLOCKS, KEYS, QUEUE, SQL, TASKS, recomputed
from tests.support.volume import volume

#: Sixty days, both months with the night in which the clocks go back in between; three of them in `make test`.
DAYS = volume(test=3, ci=12, soak=24, night=60)
BEGINS = date(2026, 10, 24) if DAYS < 25 else date(2026, 10, 1)
AFTERWARDS = datetime(2026, 12, 20, 9, tzinfo=UTC)


@pytest.fixture
def some_days(empty_database) -> None:
    random_days.happen(BEGINS, DAYS, seed=60)
    days = [BEGINS + timedelta(days=number) for number in range(DAYS + 12)]
    for group in (days[:30], days[30:]):
        if group:
            with database.writing() as session:
                daily_metrics.count_days(session, group, AFTERWARDS)


@pytest.mark.soak
def test_every_figure_of_every_day_is_what_plain_sql_finds(some_days) -> None:
    counted = 0
    with database.reading() as session:
        for number in range(DAYS + 12):
            day = BEGINS + timedelta(days=number)
            stored = daily_metrics.stored(session, day)
            for metric in SQL:
                found = recomputed(session, metric, day, day)
                assert found == {"": stored["", metric, ""]} if found else ("", metric, "") not in stored, (day, metric)
                counted += sum(found.values())
        last = BEGINS + timedelta(days=DAYS + 11)
        for metric, (rows, _at, _where) in SQL.items():
            for dimension in KEYS if rows in (QUEUE, TASKS, CLOCKS) else ():
                by = daily_metrics.by(session, dimension, BEGINS, last, [metric])
                ours = {key: values[metric] for key, values in by.items() if values[metric]}
                assert recomputed(session, metric, BEGINS, last, dimension) == ours, (metric, dimension)
    assert counted > 60 * DAYS


def test_a_task_that_is_closed_twice_in_final_months_is_closed_once(some_days) -> None:
    """Closed with whatever outcome, reopened when that was final, and closed again: one task, one answer at most."""
    again = AFTERWARDS + timedelta(days=40)
    last = BEGINS + timedelta(days=DAYS + 11)
    with database.reading() as session:
        before = {metric: recomputed(session, metric, BEGINS, last) for metric in _OF_CLOSING}
    with database.writing() as session:
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        tasks = session.scalars(select(CallbackTask).where(CallbackTask.state == "closed").order_by(CallbackTask.id))
        for task in tasks:
            workflow.reopen(session, task, mia, again)
            workflow.withdraw(session, task, again)
    with database.writing() as session:
        daily_metrics.count_days(session, [daily_metrics.local_day(again)], again + timedelta(days=30))
    with database.reading() as session:
        stored = daily_metrics.totals(session, BEGINS, daily_metrics.local_day(again), _OF_CLOSING)
        closed = session.scalar(text("SELECT COUNT(*) FROM callback_tasks WHERE closed_at IS NOT NULL"))
    assert stored["closed"] == closed > 5
    assert {metric: value for metric, value in stored.items() if value} == {
        metric: value[""] for metric, value in before.items() if value
    }


#: Figures of which a task can count in one only once.
_OF_CLOSING = ("closed", "agreed", "refused", "forms_sent")
