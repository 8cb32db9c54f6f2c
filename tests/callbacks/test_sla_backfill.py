"""SLA clocks of tasks that are older than the clocks."""

from __future__ import annotations

from datetime import timedelta

from ivr.callbacks import sla_backfill
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.sla import SlaClock
from ivr.platform import database
from tests.support.people import a_task
from tests.support.sla import clock_of


def test_tasks_older_than_the_clocks_get_the_states_they_had(empty_database) -> None:
    old, late, withdrawn = (a_task(age=timedelta(days=30)) for _ in range(3))
    overdue, now = a_task(age=timedelta(hours=25)), utc_now()
    with database.writing() as session:
        start = session.get_one(CallbackTask, old).first_contact_at
        for number, task_id in enumerate((old, late, withdrawn)):
            task = session.get_one(CallbackTask, task_id)
            if number < 2:
                task.first_attempt_at = start + timedelta(hours=2)
            task.state, task.closed_at = "closed", start + timedelta(days=(1, 20, 1)[number])
            task.outcome = "withdrawn" if number == 2 else "settled_otherwise"
        breached = session.get_one(CallbackTask, overdue)
        breached.breached_at = now
        session.query(SlaClock).delete()
    with database.writing() as session:
        assert sla_backfill.start_missing(session) == 4
    states = [(clock_of(task).state, clock_of(task, "reached").state) for task in (old, late, withdrawn)]
    assert states == [("met", "met"), ("met", "met_late"), ("void", "void")]
    assert clock_of(overdue).next_change_at == now + timedelta(hours=4)
