"""Changes a task's row if conditions hold for it: of two people who act at once one succeeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from ivr.models.callbacks import CallbackTask


def change(
    session: Session, task: CallbackTask, where: Sequence[ColumnElement[bool]], values: dict[str, Any]
) -> object:
    """Change a task if the conditions hold for its row; the result says whether they did."""
    session.flush()
    return session.execute(
        update(CallbackTask)
        .where(CallbackTask.id == task.id, *where)
        .values(values)
        .execution_options(synchronize_session=False, live=_topics(task, values))
    )


def _topics(task: CallbackTask, values: dict[str, Any]) -> tuple[str, ...]:
    """What open desks are told: the task, its team, and the team to which it moves."""
    return (*task.live_topics(), *((f"team:{values['team_id']}",) if values.get("team_id") else ()))
