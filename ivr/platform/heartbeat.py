"""The scheduler's sign of life: a row that it renews every few seconds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Table, select

from ivr.platform.column_types import insert
from ivr.platform.work_models import Checkpoint

#: Seconds between two signs, and seconds after which nobody counts as alive.
EVERY = 5.0
SILENCE = 30.0
_NAME = "scheduler"
_CHECKPOINTS = Table(Checkpoint.__tablename__, Checkpoint.metadata)


def beat(connection: Connection, now: datetime) -> None:
    """A scheduler runs."""
    new = insert(connection.dialect, _CHECKPOINTS).values(name=_NAME, at=now)
    connection.execute(new.on_conflict_do_update(index_elements=["name"], set_={"at": now}))


def silent_for(connection: Connection, now: datetime) -> float | None:
    """For how many seconds no scheduler has given a sign; None if none ever has."""
    last: datetime | None = connection.scalar(select(_CHECKPOINTS.c.at).where(_CHECKPOINTS.c.name == _NAME))
    return None if last is None else abs((now - last).total_seconds())
