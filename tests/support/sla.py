"""SLA clocks of tasks."""

from __future__ import annotations

from ivr.models.sla import SlaClock
from ivr.platform import database


def clock_of(task_id: int, measure: str = "tried") -> SlaClock:
    with database.reading() as session:
        return session.get_one(SlaClock, (task_id, measure))
