"""Spoils what a drill has left, as a fault of the product would: the table has to show it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from ivr.models.callbacks import CallbackTask, TaskEvent
from ivr.models.contacts import Contact
from ivr.platform import database
from tests.soak.chaos.people import Wish
from tests.soak.chaos.verdict import receipts


def lose_a_row(placed: Sequence[Wish]) -> None:
    """The task of the first caller who was told a receipt code is gone."""
    code = next(code for wish in placed for code in receipts(wish.said))
    with database.writing() as session:
        task = session.scalars(select(CallbackTask.id).where(CallbackTask.receipt_code == code)).one()
        for model in (TaskEvent, Contact):
            session.execute(delete(model).where(model.task_id == task))
        session.execute(delete(CallbackTask).where(CallbackTask.id == task))
