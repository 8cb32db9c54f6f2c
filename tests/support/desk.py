"""What several tests of the desk ask of pages and tasks."""

from __future__ import annotations

from sqlalchemy import update

from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.people import the_task


def codes(page: str, tasks: list[int]) -> list[int]:
    """Which of these tasks a page shows, in its order."""
    found = {task: page.find(the_task(task).receipt_code) for task in tasks}
    return sorted((task for task in tasks if found[task] >= 0), key=lambda task: found[task])


def change(task_id: int, **values: object) -> int:
    with database.writing() as session:
        session.execute(update(CallbackTask).where(CallbackTask.id == task_id).values(**values))
    return task_id
