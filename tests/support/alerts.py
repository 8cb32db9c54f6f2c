"""The scheduler's sweeps over SLA clocks and alerts, run by hand."""

from __future__ import annotations

from datetime import datetime

from ivr.callbacks import sla_clocks
from ivr.platform import database
from ivr.workers import scheduler
from tests.support.waiting import eventually


def sweep(now: datetime) -> int:
    """Record the SLA clocks that have run out."""
    with database.writing() as session:
        return sla_clocks.sweep(session, now)


def nothing_on_its_way() -> None:
    """Wait until the threads that send alerts have finished with the database."""
    eventually(lambda: not scheduler._sending_to, 30)
